import { EngineError, withoutPassword } from '../errors.ts'

const DEFAULT_REGION = 'us-east-1'

/** Where the pictures of an engine lie in S3, and the keys to it. */
export interface S3Address {
  readonly bucket: string
  /** The address of the bucket, without a slash at its end. */
  readonly url: string
  /** For messages to the operator: `localhost:9000`. */
  readonly host: string
  readonly region: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken: string | undefined
}

/**
 * Parses `s3://bucket?endpoint=https://host:port&region=eu-central-1`. The keys come from the environment.
 *
 * @throws EngineError, with a sentence for the operator.
 */
export function parseS3Address(blobs: string, env: NodeJS.ProcessEnv = process.env): S3Address {
  const [, bucket, query = ''] = ADDRESS.exec(blobs) ?? []
  const options = new URLSearchParams(query)
  const isKnown = [...options.keys()].every(
    (option) => option === 'endpoint' || option === 'region',
  )
  const region = options.get('region') ?? env['AWS_REGION'] ?? DEFAULT_REGION
  const endpoint = options.get('endpoint') ?? `https://s3.${region}.amazonaws.com`
  const parsed = URL.canParse(endpoint) ? new URL(endpoint) : null
  if (!bucket || !isKnown || !REGION.test(region) || !/^https?:$/.test(parsed?.protocol ?? ''))
    throw new EngineError(
      'unknown-engine',
      `"${withoutPassword(blobs)}" is no address of a bucket; give blobs=s3://bucket?endpoint=https://host:port&region=name, last in the URL.`,
    )
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = env
  if (!accessKeyId || !secretAccessKey)
    throw new EngineError(
      'not-allowed',
      'The keys for S3 are missing; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment.',
    )
  const { origin, pathname, host } = parsed!
  return {
    bucket,
    url: `${origin}${pathname.replace(/\/$/, '')}/${bucket}`,
    host,
    region,
    accessKeyId,
    secretAccessKey,
    sessionToken: env['AWS_SESSION_TOKEN'] || undefined,
  }
}

const ADDRESS = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])\/?(?:\?(.*))?$/
const REGION = /^[a-z0-9-]{1,40}$/
