import { isAccessCode, NOTICES_HEADER, type Notice, problemIn } from '@wirephoto/board'
import { type DetailedError, type FileSource, Upload, type UploadOptions } from 'tus-js-client'
import { inBackground } from './in-background.ts'
import type { PartSizes, TakenPart } from './part-sizes.ts'
import type { Problem } from './types.ts'

/** The longest time for which anybody's `Retry-After` holds an upload up. */
const RETRY_AFTER_MAX_MS = 60_000

interface TransferOptions {
  readonly id: string
  readonly file: Blob
  readonly endpoint: string
  readonly headers: Readonly<Record<string, string>>
  /** Whether the server may have a part of the file: it is asked before anything is sent. */
  readonly isBegun: boolean
  /** The upload's address, if the server has told it: it may name one of several servers. */
  readonly url: string | null
  /** Called with that address. */
  readonly onUrl: (url: string | null) => void
  readonly partSizes: PartSizes
  /** Returns the size of the first part, and of the part that follows one. */
  readonly nextBytes: (after: TakenPart | null) => number
  /** Called before each request, which waits for it, and isn't made if it rejects. */
  readonly beforeRequest: (method: string) => Promise<void>
  readonly onProgress: (sent: number) => void
  /** Called with each answer, of whatever kind. */
  readonly onAnswer: () => void
  /** Called with each offset that the server has told. */
  readonly onOffset: (offset: number) => void
  /** Whether the server is there, as far as other messages tell. */
  readonly isOnline: () => boolean
  /** Called when the picture is stored with less than its file had. */
  readonly onNotices: (notices: readonly Notice[]) => void
}

/** The reason why a try failed. */
interface TransferFailure {
  /** Whether there was an answer at all, from whomever. */
  readonly isAnswered: boolean
  /** Whether something between here and the server has answered in its place. */
  readonly isFromBetween: boolean
  /** Whether that took the part for too large, so that smaller ones may get through. */
  readonly isPartTooLarge: boolean
  /** Why the server refused the file; null when another try may succeed. */
  readonly refusal: Problem | null
  /** Why the server took nothing, as it says itself, though another try may succeed. */
  readonly trouble: Problem | null
  /** The time for which the server asked to be left alone. */
  readonly retryAfterMs: number
}

interface Transfer {
  /** Resolves with null when every byte is sent, or `stop` was called. */
  readonly outcome: Promise<TransferFailure | null>
  /** Breaks the request off, whatever has left: its connection is dead. */
  breakOff(): void
  /** Breaks the request off, unless the picture is stored: then the answer is heard, and nobody waits for it. */
  stop(isStored?: boolean): void
}

/** Tries once to send a file, from the server's offset on (tus 1.0.0). */
export function transfer(options: TransferOptions): Transfer {
  const { id, file, endpoint, headers, isBegun, url, onUrl, partSizes, nextBytes } = options
  const { beforeRequest, onProgress, onAnswer, onOffset, isOnline, onNotices } = options
  let end!: (outcome: TransferFailure | null) => void
  const outcome = new Promise<TransferFailure | null>((resolve) => {
    end = resolve
  })
  let startedAt = performance.now()
  let receivedMs: number | null = null
  let upload: Upload
  const open = (uploadUrl: string | null): void => {
    upload = new Upload(file, {
      ...(uploadUrl === null ? { endpoint } : { uploadUrl }),
      headers,
      metadata: { id },
      chunkSize: nextBytes(null),
      retryDelays: null,
      uploadDataDuringCreation: true,
      storeFingerprintForResuming: false,
      fingerprint: () => Promise.resolve(id),
      ...(typeof XMLHttpRequest === 'undefined' && { fileReader: blobReader }),
      onBeforeRequest: async (request) => {
        await beforeRequest(request.getMethod())
        startedAt = performance.now()
      },
      onAfterResponse: (_request, response) => {
        onAnswer()
        receivedMs = receivedTimeOf(response.getHeader('Server-Timing'))
        const offset = response.getHeader('Upload-Offset')
        if (offset) onOffset(Number(offset))
        const notices = response.getHeader(NOTICES_HEADER)
        if (notices) onNotices(JSON.parse(decodeURIComponent(notices)) as Notice[])
      },
      onUploadUrlAvailable: () => onUrl(upload.url),
      onProgress: (sent) => onProgress(sent),
      onChunkComplete: (bytes) => {
        const durationMs = performance.now() - startedAt
        upload.options.chunkSize = nextBytes({ bytes, durationMs, receivedMs })
      },
      onSuccess: () => end(null),
      onError: (error) => {
        if (hasNothingBegun(error)) return open(null)
        const failure = failureOf(error)
        const partBytes = Math.min(upload.options.chunkSize ?? partSizes.firstBytes, file.size)
        if (failure.isAnswered) partSizes.onAnswered()
        const isPartTooLarge = failure.isAnswered
          ? failure.isPartTooLarge && partSizes.onRefused(partBytes)
          : isOnline() && partSizes.onBroken(partBytes)
        end({ ...failure, isPartTooLarge })
      },
    })
    upload.start()
  }
  open(isBegun ? (url ?? `${endpoint}/${id}`) : null)
  const breakOff = (): void => {
    inBackground(upload.abort())
    end(null)
  }
  const stop = (isStored = false): void => {
    // Its answer comes soon, and its connection serves the next one.
    if (isStored) end(null)
    else breakOff()
  }
  return { outcome, stop, breakOff }
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

/** Whether the server was asked for an upload's offset and has no such upload. It may also want to be asked later. */
function hasNothingBegun(error: Error | DetailedError): boolean {
  if (!('originalResponse' in error) || error.originalRequest.getMethod() !== 'HEAD') return false
  const response = error.originalResponse
  return response !== null && !(response.getStatus() >= 500 && response.getHeader('Retry-After'))
}

function failureOf(error: Error | DetailedError): TransferFailure {
  const response = 'originalResponse' in error ? error.originalResponse : null
  const request = 'originalRequest' in error ? error.originalRequest : null
  const status = response?.getStatus() ?? 0
  const problem = problemIn(status, response?.getBody() ?? '')
  // The answer to a question for the offset has no body.
  const isFromBetween = response != null && problem === null && request?.getMethod() !== 'HEAD'
  // A file waits for those who may not see the board any more: another link may let them in.
  const isBarred = isAccessCode(problem?.code)
  const isFull = problem?.code === 'link-full' || problem?.code === 'pictures-full'
  const isRefusal =
    isFull || (status < 500 && !isBarred && ![408, 409, 423, 425, 429].includes(status))
  // Another server has the first part of the file, or had it: the upload may begin again here (U13, E91).
  const isElsewhere = problem?.code === 'not-found' || problem?.code === 'upload-lost'
  return {
    isAnswered: Boolean(response),
    isFromBetween,
    isPartTooLarge: isFromBetween && status === 413,
    refusal: isRefusal && !isElsewhere ? problem : null,
    trouble: status >= 500 || isBarred || problem?.code === 'too-fast' ? problem : null,
    retryAfterMs: Math.min(
      RETRY_AFTER_MAX_MS,
      Number(response?.getHeader('Retry-After')) * 1000 || 0,
    ),
  }
}

/** Returns the time in which the server got a part's bytes, as it says itself (U52); null if it doesn't. */
function receivedTimeOf(timing: string | undefined): number | null {
  const duration = /\bbody;dur=([\d.]+)/.exec(timing ?? '')?.[1]
  return duration === undefined ? null : Number(duration)
}
