import { type ErrorBody, errors, WireError } from '@wirephoto/board'
import { type DetailedError, type FileSource, Upload, type UploadOptions } from 'tus-js-client'
import type { Problem } from './types.ts'

/**
 * Bytes of one request. The first is so small that what it is refused for is always heard: a server
 * answers before all is sent, and reads this much more. Later ones take about as long as a lost one
 * may cost.
 */
const CHUNK = { least: 1_000_000, most: 2 ** 24, milliseconds: 2_000 }

interface TransferOptions {
  readonly id: string
  readonly file: Blob
  readonly endpoint: string
  readonly headers: Readonly<Record<string, string>>
  /** The server may have a part of it: ask before sending. */
  readonly isBegun: boolean
  /** Each request waits for this, and isn't made if it rejects. */
  readonly beforeRequest: (method: string) => Promise<void>
  readonly onProgress: (sent: number) => void
}

/** Why a try came to nothing. */
export interface TransferFailure {
  /** Whether the server said anything at all. */
  readonly isAnswered: boolean
  /** What it turned the file down for, if it did. */
  readonly refusal: Problem | null
  /** Milliseconds that it wants to be left alone. */
  readonly retryAfterMs: number
}

interface Transfer {
  /** Null when all is sent, or was stopped. */
  readonly outcome: Promise<TransferFailure | null>
  stop(): void
}

/** One try to send a file, from where the server has it on (tus 1.0.0). */
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
    chunkSize: CHUNK.least,
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
      const asLong = (bytes * CHUNK.milliseconds) / (now - startedAt)
      upload.options.chunkSize = Math.min(CHUNK.most, Math.max(CHUNK.least, Math.round(asLong)))
      startedAt = now
    },
    onSuccess: () => end(null),
    onError: (error) => end(failureOf(error)),
  })
  upload.start()
  const stop = (): void => {
    // What has all been sent is soon answered, and its connection of use for the next.
    if (!complete) void upload.abort()
    end(null)
  }
  return { outcome, stop }
}

/** Node's part of tus-js-client takes streams and buffers only: this reads blobs, a chunk at a time. */
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
    // `not-found`: another server than the one that has its first part; it may begin anew there (U13).
    refusal: why?.code === 'not-found' ? null : why,
    retryAfterMs: Number(response?.getHeader('Retry-After')) * 1000 || 0,
  }
}

/** What a refusal's body says. */
function problemOf(body: string): Problem {
  try {
    const { error } = JSON.parse(body) as ErrorBody
    if (error.code in errors) return error as Problem
  } catch {
    // Something between us and the server has answered in its own words.
  }
  return new WireError('upload-gone').toJSON()
}
