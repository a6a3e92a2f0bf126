import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import {
  createServer,
  type IncomingMessage,
  request,
  type Server,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
// @ts-expect-error It has no types.
import UntypedS3rver from '@20minutes/s3rver'

/** The keys that the server knows. */
const KEYS = { AWS_ACCESS_KEY_ID: 'S3RVER', AWS_SECRET_ACCESS_KEY: 'S3RVER' }
export const BUCKET = 'pictures'

interface S3rver {
  run(): Promise<{ port: number }>
  close(): Promise<void>
}

const S3rver = UntypedS3rver as new (options: {
  address: string
  port: number
  silent: boolean
  directory: string
  configureBuckets: { name: string }[]
}) => S3rver

/** Unfinished uploads in one answer. S3 itself has 1,000. */
const UPLOADS_PER_PAGE_COUNT = 3

/** An upload of parts that has begun and isn't complete. */
interface UnfinishedUpload {
  readonly key: string
  readonly id: string
  readonly initiated: string
}

/** The end of a request: it is passed on, or its connection is cut before or after its answer begins. */
type Fate = 'passed' | 'cut' | 'cut-answer'

/**
 * An S3 server that checks signatures, with a door before it. The door checks the digests of bodies, counts requests
 * and breaks connections. It lists and aborts unfinished uploads, which the server can't. The keys are put into this
 * process's environment.
 */
export class S3Server {
  readonly #inner: S3rver
  readonly #innerPort: number
  readonly #door: Server
  readonly #folder: string
  /** Method and path of all requests. */
  readonly requests: string[] = []
  /** Uploads that are neither complete nor aborted, by id. */
  readonly uploads = new Map<string, UnfinishedUpload>()
  /** How far the clock of its answers is ahead of the times at which things were written. */
  aheadMs = 0
  /** Decides what becomes of each request. */
  fate: (line: string) => Fate = () => 'passed'

  private constructor(inner: S3rver, innerPort: number, folder: string) {
    this.#inner = inner
    this.#innerPort = innerPort
    this.#folder = folder
    this.#door = createServer((incoming, answer) => {
      this.#pass(incoming, answer).catch(() => incoming.socket.destroy())
    })
  }

  static async open(): Promise<S3Server> {
    const folder = await mkdtemp(join(tmpdir(), 'wirephoto-s3-'))
    const inner = new S3rver({
      address: '127.0.0.1',
      port: 0,
      silent: true,
      directory: folder,
      configureBuckets: [{ name: BUCKET }],
    })
    const { port } = await inner.run()
    const server = new S3Server(inner, port, folder)
    server.#door.listen(0, '127.0.0.1')
    await once(server.#door, 'listening')
    Object.assign(process.env, KEYS)
    return server
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#door.address() as AddressInfo).port}`
  }

  /** The option of an engine's URL, without its name. */
  get blobs(): string {
    return `s3://${BUCKET}?endpoint=${this.endpoint}&region=us-east-1`
  }

  async close(): Promise<void> {
    this.#door.closeAllConnections()
    this.#door.close()
    await this.#inner.close()
    await rm(this.#folder, { recursive: true, force: true })
  }

  async #pass(incoming: IncomingMessage, answer: ServerResponse): Promise<void> {
    const { method, url, headers } = incoming
    const line = `${method} ${url}`
    this.requests.push(line)
    const fate = this.fate(line)
    if (fate === 'cut') {
      incoming.socket.destroy()
      return
    }
    const body = await buffer(incoming)
    if (createHash('sha256').update(body).digest('hex') !== headers['x-amz-content-sha256']) {
      answer.writeHead(400).end('<Error><Code>XAmzContentSHA256Mismatch</Code></Error>')
      return
    }
    const passed = request({ port: this.#innerPort, host: '127.0.0.1', method, path: url, headers })
    passed.end(body)
    const [found] = (await once(passed, 'response')) as [IncomingMessage]
    const date = new Date(Date.now() + this.aheadMs).toUTCString()
    const about = await this.#answerAboutUploads(`${method}`, new URL(url!, this.endpoint), found)
    if (about) {
      answer.writeHead(about.status, { date }).end(about.body)
      return
    }
    answer.writeHead(found.statusCode!, { ...found.headers, date })
    if (fate === 'passed') {
      found.pipe(answer)
      return
    }
    const [first] = (await once(found, 'data')) as [Buffer]
    answer.write(first, () => answer.destroy())
    found.destroy()
  }

  /**
   * Answers what the server itself can't: a list of unfinished uploads and the end of one. It has looked at the
   * signature by then. Resolves to null for all other requests.
   */
  async #answerAboutUploads(
    method: string,
    { pathname, searchParams }: URL,
    found: IncomingMessage,
  ): Promise<{ status: number; body: string } | null> {
    const id = searchParams.get('uploadId')
    const key = pathname.slice(`/${BUCKET}/`.length)
    const isRefused = found.statusCode === 403
    if (method === 'POST' && id) this.uploads.delete(id)
    if (isRefused || method === 'PUT') return null
    if (method === 'DELETE' && id) {
      found.resume()
      return { status: this.uploads.delete(id) ? 204 : 404, body: '' }
    }
    if (!searchParams.has('uploads')) return null
    const text = String(await buffer(found))
    if (method === 'POST') {
      const begun = /<UploadId>(\w+)</.exec(text)![1]!
      this.uploads.set(begun, { key, id: begun, initiated: new Date().toISOString() })
      return { status: found.statusCode!, body: text }
    }
    return { status: 200, body: this.#listUploads(searchParams) }
  }

  #listUploads(query: URLSearchParams): string {
    const orderOf = ({ key, id }: Pick<UnfinishedUpload, 'key' | 'id'>): string => `${key} ${id}`
    const marker = {
      key: query.get('key-marker') ?? '',
      id: query.get('upload-id-marker') ?? '',
    }
    const rest = [...this.uploads.values()]
      .filter(({ key }) => key.startsWith(query.get('prefix') ?? ''))
      .filter((each) => orderOf(each) > orderOf(marker))
      .toSorted((one, other) => (orderOf(one) < orderOf(other) ? -1 : 1))
    const page = rest.slice(0, UPLOADS_PER_PAGE_COUNT)
    const isTruncated = rest.length > page.length
    const last = page.at(-1)
    const next =
      isTruncated && last
        ? `<NextKeyMarker>${last.key}</NextKeyMarker><NextUploadIdMarker>${last.id}</NextUploadIdMarker>`
        : ''
    const listed = page.map(
      ({ key, id, initiated }) =>
        `<Upload><Key>${key}</Key><UploadId>${id}</UploadId><Initiated>${initiated}</Initiated></Upload>`,
    )
    return `<ListMultipartUploadsResult><IsTruncated>${isTruncated}</IsTruncated>${next}${listed.join('')}</ListMultipartUploadsResult>`
  }
}
