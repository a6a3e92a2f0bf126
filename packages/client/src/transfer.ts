import { type ErrorBody, errors, WireError } from '@wirephoto/board'
import { type DetailedError, type FileSource, Upload, type UploadOptions } from 'tus-js-client'
import type { Problem } from './types.ts'

/**
 * Size of the first request's body, and the least of all. It is so small that a refusal always arrives: a
 * server answers before it has read all, and reads this much more.
 */
const CHUNK_MIN_BYTES = 1_000_000
const CHUNK_MAX_BYTES = 2 ** 24
/** Time that later requests should take: as much as a lost one may cost. */
const CHUNK_DURATION_MS = 2_000

interface TransferOptions {
  readonly id: string
  readonly file: Blob
  readonly endpoint: string
  readonly headers: Readonly<Record<string, string>>
  /** Whether the server may have a part of the file: it is asked before anything is sent. */
  readonly isBegun: boolean
  /** Called before each request, which waits for it, and isn't made if it rejects. */
  readonly beforeRequest: (method: string) => Promise<void>
  readonly onProgress: (sent: number) => void
}

/** The reason why a try failed. */
interface TransferFailure {
  /** Whether the server answered at all. */
  readonly isAnswered: boolean
  /** Why the server refused the file; null when another try may succeed. */
  readonly refusal: Problem | null
  /** The time for which the server asked to be left alone. */
  readonly retryAfterMs: number
}

interface Transfer {
  /** Resolves with null when every byte is sent, or `stop` was called. */
  readonly outcome: Promise<TransferFailure | null>
  stop(): void
}

/** Tries once to send a file, from the server's offset on (tus 1.0.0). */
export function transfer(options: TransferOptions): Transfer {
  const { id, file, endpoint, headers, isBegun, beforeRequest, onProgress } = options
  let end!: (outcome: TransferFailure | null) => void
  const outcome = new Promise<TransferFailure | null>((resolve) => {
    end = resolve
  })
  let complete = false
  let startedAt = performance.now()
  const upload = new Upload(file, {
    endpoint,
    headers,
    metadata: { id },
    chunkSize: CHUNK_MIN_BYTES,
    retryDelays: null,
    uploadDataDuringCreation: true,
    storeFingerprintForResuming: false,
    fingerprint: () => Promise.resolve(id),
    ...(isBegun && { uploadUrl: `${endpoint}/${id}` }),
    ...(typeof XMLHttpRequest === 'undefined' && { fileReader: blobReader }),
    onBeforeRequest: (request) => beforeRequest(request.getMethod()),
    onProgress: (sent, total) => {
      complete = sent === total
      onProgress(sent)
    },
    onChunkComplete: (bytes) => {
      const now = performance.now()
      const asLong = Math.round((bytes * CHUNK_DURATION_MS) / (now - startedAt))
      upload.options.chunkSize = Math.min(CHUNK_MAX_BYTES, Math.max(CHUNK_MIN_BYTES, asLong))
      startedAt = now
    },
    onSuccess: () => end(null),
    onError: (error) => end(failureOf(error)),
  })
  upload.start()
  const stop = (): void => {
    // A request whose bytes are all sent is answered soon, and its connection serves the next one.
    if (!complete) void upload.abort()
    end(null)
  }
  return { outcome, stop }
}

/** A reader of blobs, a chunk at a time: in Node, tus-js-client takes streams and buffers only. */
const blobReader: NonNullable<UploadOptions['fileReader']> = {
  async openFile(blob: Blob): Promise<FileSource> {
    return {
      size: blob.size,
      async slice(start, end) {
        const bytes = new Uint8Array(await blob.slice(start, end).arrayBuffer())
        return { value: Object.assign(bytes, { size: bytes.length }), done: end >= blob.size }
      },
      close() {},
    }
  },
}

function failureOf(error: Error | DetailedError): TransferFailure {
  const response = 'originalResponse' in error ? error.originalResponse : null
  const status = response?.getStatus() ?? 0
  const isRefusal = status >= 400 && status < 500 && ![408, 409, 423, 425, 429].includes(status)
  const why = isRefusal ? problemOf(response?.getBody() ?? '') : null
  return {
    isAnswered: Boolean(response),
    // `not-found`: another server has the first part of the file; the upload may begin again here (U13).
    refusal: why?.code === 'not-found' ? null : why,
    retryAfterMs: Number(response?.getHeader('Retry-After')) * 1000 || 0,
  }
}

/** Returns the error that a refusal's body names. */
function problemOf(body: string): Problem {
  try {
    const { error } = JSON.parse(body) as ErrorBody
    if (error.code in errors) return error as Problem
  } catch {
    // A proxy between us and the server has answered in its own words.
  }
  return new WireError('upload-gone').toJSON()
}
