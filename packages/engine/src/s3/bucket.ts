import { createHash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { AwsV4Signer } from 'aws4fetch'
import { readChunks } from '../files/chunks.ts'
import type { S3Address } from './address.ts'
import { S3Error } from './errors.ts'

/** The size of a part, and so the bytes that a put has in memory. S3 takes no smaller ones but the last. */
const PART_BYTES = 5 * 1_048_576
const MAX_TRIES_COUNT = 3
const FIRST_PAUSE_MS = 100
/** The answers of a server that is overloaded or starting. */
const RETRIED_STATUSES = new Set([429, 500, 502, 503, 504])
/** Until an answer begins; a part may take long on a slow line. */
const ANSWER_TIMEOUT_MS = 20_000
const UPLOAD_TIMEOUT_MS = 120_000

interface S3Request {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE'
  readonly key?: string
  readonly query?: Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Buffer
  /** Ends the answer's body too. */
  readonly signal?: AbortSignal
}

/** An object in a list. */
export interface ListedObject {
  readonly key: string
  readonly size: number
  /** Seconds since it was written, by the clock of S3. */
  readonly ageS: number
}

/** The requests to one bucket. Each is signed, with the digest of its body, and tried again while S3 is away. */
export class Bucket {
  readonly #address: S3Address
  readonly #signingKeys = new Map<string, ArrayBuffer>()

  constructor(address: S3Address) {
    this.#address = address
  }

  /** Reads an object, or its bytes from `start` up to and excluding `end`. Null if it isn't there. */
  async get(
    key: string,
    range: { start: number; end: number },
    { signal, etag }: { signal?: AbortSignal; etag?: string | null } = {},
  ): Promise<Response | null> {
    const isPart = range.start > 0 || range.end < Number.POSITIVE_INFINITY
    const last = range.end < Number.POSITIVE_INFINITY ? range.end - 1 : ''
    const headers = {
      ...(isPart && { range: `bytes=${range.start}-${last}` }),
      ...(etag && { 'if-match': etag }),
    }
    return unlessMissing(this.#send({ method: 'GET', key, headers, ...(signal && { signal }) }))
  }

  /** Reads the facts of an object. Null if it isn't there. */
  async head(key: string): Promise<{ size: number; etag: string | null } | null> {
    const answer = await unlessMissing(this.#send({ method: 'HEAD', key }))
    if (!answer) return null
    const { headers } = answer
    return { size: Number(headers.get('content-length')), etag: headers.get('etag') }
  }

  /** Stores a file as an object. Nothing of it stays if that fails, as far as S3 can be reached. */
  async put(key: string, file: FileHandle): Promise<void> {
    const { size } = await file.stat()
    if (size <= PART_BYTES) await this.putBytes(key, await file.readFile())
    else await this.#putParts(key, file)
    const stored = await this.head(key)
    if (stored?.size !== size) throw new Error(`S3 has ${stored?.size} of ${size} bytes of ${key}`)
  }

  async putBytes(key: string, body: Buffer): Promise<void> {
    const checksum = createHash('sha256').update(body).digest('base64')
    const headers = { 'x-amz-checksum-sha256': checksum }
    await discard(this.#send({ method: 'PUT', key, headers, body }))
  }

  async delete(key: string): Promise<void> {
    await unlessMissing(discard(this.#send({ method: 'DELETE', key })))
  }

  /** Lists the objects whose keys begin with `prefix`. */
  async *list(prefix: string): AsyncGenerator<ListedObject> {
    for (let after: string | null = null; ; ) {
      const query = { 'list-type': '2', prefix, ...(after && { 'start-after': after }) }
      const answer = await this.#send({ method: 'GET', query })
      const now = Date.parse(answer.headers.get('date') ?? '')
      const xml = await answer.text()
      let key: string | undefined
      for (const [, entry = ''] of xml.matchAll(/<Contents>(.*?)<\/Contents>/gs)) {
        key = textOf(entry, 'Key')
        const at = Date.parse(textOf(entry, 'LastModified') ?? '')
        const size = Number(textOf(entry, 'Size'))
        if (key !== undefined) yield { key, size, ageS: (now - at) / 1_000 }
      }
      if (textOf(xml, 'IsTruncated') !== 'true' || key === undefined) return
      after = key
    }
  }

  /** Aborts the unfinished uploads below `prefix` that are older than `ageS`, by the clock of S3. */
  async abortOldUploads(prefix: string, ageS: number): Promise<void> {
    for (let after: Record<string, string> = {}; ; ) {
      const answer = await this.#send({ method: 'GET', query: { uploads: '', prefix, ...after } })
      const now = Date.parse(answer.headers.get('date') ?? '')
      const xml = await answer.text()
      for (const [, entry = ''] of xml.matchAll(/<Upload>(.*?)<\/Upload>/gs)) {
        const [key, id] = [textOf(entry, 'Key'), textOf(entry, 'UploadId')]
        const at = Date.parse(textOf(entry, 'Initiated') ?? '')
        if (key?.startsWith(prefix) && id && (now - at) / 1_000 > ageS) await this.#abort(key, id)
      }
      const [key, id] = [textOf(xml, 'NextKeyMarker'), textOf(xml, 'NextUploadIdMarker')]
      const isSame = key === after['key-marker'] && id === after['upload-id-marker']
      // A server that ignores markers gives its first page for ever.
      if (textOf(xml, 'IsTruncated') !== 'true' || !key || isSame) return
      after = { 'key-marker': key, ...(id && { 'upload-id-marker': id }) }
    }
  }

  async #putParts(key: string, file: FileHandle): Promise<void> {
    const created = await this.#send({ method: 'POST', key, query: { uploads: '' } })
    const uploadId = textOf(await created.text(), 'UploadId')
    if (!uploadId) throw new Error('S3 has begun an upload without an id')
    try {
      const parts: string[] = []
      for await (const body of readChunks(file, PART_BYTES)) {
        const partNumber = String(parts.length + 1)
        const query = { partNumber, uploadId }
        const answer = await discard(this.#send({ method: 'PUT', key, query, body }))
        const etag = (answer.headers.get('etag') ?? '').replaceAll('"', '&quot;')
        parts.push(`<Part><PartNumber>${partNumber}</PartNumber><ETag>${etag}</ETag></Part>`)
      }
      await this.#complete(key, uploadId, parts)
    } catch (error) {
      await this.#abort(key, uploadId).catch(() => {
        // A later start aborts it.
      })
      throw error
    }
  }

  async #complete(key: string, uploadId: string, parts: readonly string[]): Promise<void> {
    const xml = `<CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`
    const body = Buffer.from(xml)
    try {
      const answer = await this.#send({ method: 'POST', key, query: { uploadId }, body })
      // S3 begins to answer before it has put the parts together, so a failure may come with status 200.
      const text = await answer.text()
      if (text.includes('<Error>')) throw new S3Error(503, textOf(text, 'Code') ?? '')
    } catch (error) {
      // The answer to an earlier try may be lost. `put` looks whether the object is there.
      if (!(error instanceof S3Error && error.code === 'NoSuchUpload')) throw error
    }
  }

  async #abort(key: string, uploadId: string): Promise<void> {
    await unlessMissing(discard(this.#send({ method: 'DELETE', key, query: { uploadId } })))
  }

  /** Sends a request, and again if S3 can't be reached or has a fault of its own. */
  async #send(request: S3Request): Promise<Response> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.#sendOnce(request)
      } catch (error) {
        const isFinal = error instanceof S3Error && !RETRIED_STATUSES.has(error.status)
        if (isFinal || tries >= MAX_TRIES_COUNT || request.signal?.aborted) throw error
        await sleep(FIRST_PAUSE_MS * 2 ** tries * (0.5 + Math.random()))
      }
    }
  }

  async #sendOnce({ method, key, query, headers, body, signal }: S3Request): Promise<Response> {
    const url = new URL(key === undefined ? this.#address.url : `${this.#address.url}/${key}`)
    for (const [name, value] of Object.entries(query ?? {})) url.searchParams.set(name, value)
    const { accessKeyId, secretAccessKey, sessionToken, region } = this.#address
    const digest = createHash('sha256')
      .update(body ?? '')
      .digest('hex')
    const signed = await new AwsV4Signer({
      method,
      url: url.href,
      headers: { ...headers, 'x-amz-content-sha256': digest },
      accessKeyId,
      secretAccessKey,
      ...(sessionToken && { sessionToken }),
      service: 's3',
      region,
      cache: this.#signingKeys,
    }).sign()
    const begun = new AbortController()
    const timeout = setTimeout(
      () => begun.abort(new Error('S3 has not answered')),
      body ? UPLOAD_TIMEOUT_MS : ANSWER_TIMEOUT_MS,
    )
    try {
      const answer = await fetch(signed.url, {
        method,
        headers: signed.headers,
        redirect: 'manual',
        signal: signal ? AbortSignal.any([signal, begun.signal]) : begun.signal,
        ...(body && { body: body as Buffer<ArrayBuffer> }),
      })
      if (answer.ok) return answer
      const text = await answer.text().catch(() => '')
      throw new S3Error(answer.status, textOf(text, 'Code') ?? '')
    } finally {
      clearTimeout(timeout)
    }
  }
}

/** Returns the text of the first element of a name. Keys and ids have nothing that XML would escape. */
const textOf = (xml: string, name: string): string | undefined =>
  new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1]

/** Reads an answer to its end, so that its connection can be used again. */
async function discard(answering: Promise<Response>): Promise<Response> {
  const answer = await answering
  await answer.arrayBuffer()
  return answer
}

/** Resolves to null for an object that isn't there. */
const unlessMissing = (answering: Promise<Response>): Promise<Response | null> =>
  answering.catch((error: unknown) => {
    const isMissing = error instanceof S3Error && error.status === 404
    if (isMissing && error.code !== 'NoSuchBucket') return null
    throw error
  })
