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

/** The end of a request: it is passed on, or its connection is cut before or after its answer begins. */
type Fate = 'passed' | 'cut' | 'cut-answer'

/**
 * An S3 server that checks signatures, with a door before it that checks the digests of bodies, counts requests,
 * and breaks connections. The keys are put into this process's environment.
 */
export class S3Server {
  readonly #inner: S3rver
  readonly #innerPort: number
  readonly #door: Server
  readonly #folder: string
  /** Method and path of all requests. */
  readonly requests: string[] = []
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
    answer.writeHead(found.statusCode!, found.headers)
    if (fate === 'passed') {
      found.pipe(answer)
      return
    }
    const [first] = (await once(found, 'data')) as [Buffer]
    answer.write(first, () => answer.destroy())
    found.destroy()
  }
}
