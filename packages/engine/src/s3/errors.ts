import { WireError } from '@wirephoto/board'
import { EngineError } from '../errors.ts'
import type { S3Address } from './address.ts'

/** An answer of S3 that refuses a request. */
export class S3Error extends Error {
  override readonly name = 'S3Error'
  readonly status: number
  /** S3's name of the error: `NoSuchBucket`. Empty if the answer has none. */
  readonly code: string

  constructor(status: number, code: string) {
    super(`S3 answered ${status} ${code}`.trim())
    this.status = status
    this.code = code
  }
}

/** Translates a failed request to `away`, `busy` or `disk-full`. */
export function toWireError(error: unknown): unknown {
  if (error instanceof WireError) return error
  if (error instanceof S3Error && /Quota|StorageFull|InsufficientStorage/i.test(error.code))
    return new WireError('disk-full', {}, { cause: error })
  const isBusy = error instanceof S3Error && (error.status === 429 || error.code === 'SlowDown')
  return new WireError(isBusy ? 'busy' : 'away', {}, { cause: error })
}

/** Translates the failure of the first requests to a sentence for the operator. */
export function toEngineError(error: unknown, { host, bucket, region }: S3Address): EngineError {
  const refuse = (kind: EngineError['code'], sentence: string) =>
    new EngineError(kind, sentence, { cause: error })
  if (!(error instanceof S3Error))
    return refuse(
      'unreachable',
      `There is no S3 to be had at ${host} (${reasonOf(error)}); start it, or check endpoint= in the URL.`,
    )
  const { code, status } = error
  if (code === 'InvalidAccessKeyId' || code === 'SignatureDoesNotMatch' || code === 'InvalidToken')
    return refuse(
      'not-allowed',
      `S3 at ${host} doesn't accept the keys; check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN.`,
    )
  if (code === 'RequestTimeTooSkewed')
    return refuse('unusable', `The clocks of S3 at ${host} and of this machine differ; set them.`)
  if (code === 'AuthorizationHeaderMalformed' || [301, 307, 400].includes(status))
    return refuse(
      'unusable',
      `S3 at ${host} doesn't serve the bucket ${bucket} in the region ${region} (${code || status}); check region= and endpoint= in the URL.`,
    )
  if (status === 404)
    return refuse(
      'unreachable',
      `S3 at ${host} has no bucket ${bucket}; create it, or name another.`,
    )
  if (status === 401 || status === 403)
    return refuse(
      'not-allowed',
      `The keys may not list, read, write and delete in the bucket ${bucket} at ${host}; allow it, or name another bucket.`,
    )
  return refuse(
    'unreachable',
    `S3 at ${host} answers ${status} ${code}; see what its log says, and start again.`,
  )
}

function reasonOf(error: unknown): string {
  const { cause, message } = error as Error
  const { code, message: reason } = (cause ?? {}) as { code?: string; message?: string }
  return code ?? reason ?? message
}
