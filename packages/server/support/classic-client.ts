import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import type { ImageRecord, Snapshot } from '@wirephoto/board'
import sharp from 'sharp'
import { io, type Socket } from 'socket.io-client'
import type { ClassicConfig, ServerConfig } from '../src/config.ts'
import { type RunningServer, startServer } from '../src/server.ts'
import { serverConfig } from './server-config.ts'

/** Milliseconds from one look to the next. */
const LOOK = 50

export const TRANSPORTS = ['polling', 'websocket'] as const

/** A server with a board that is open to the tutorials' pages, in the test's own process. */
export class ClassicServer {
  readonly data: string
  readonly #running: RunningServer

  private constructor(data: string, running: RunningServer) {
    this.data = data
    this.#running = running
  }

  static async open(
    classic: Partial<ClassicConfig> | null = {},
    config: Partial<ServerConfig> = {},
  ): Promise<ClassicServer> {
    const data = await mkdtemp(join(tmpdir(), 'wirephoto-classic-'))
    const running = await startServer(
      serverConfig(data, {
        classic: classic ? { board: 'main', pages: null, port: null, ...classic } : undefined,
        ...config,
      }),
    )
    return new ClassicServer(data, running)
  }

  get url(): string {
    return this.#running.url
  }

  get classicPort(): number | null {
    return this.#running.classicPort
  }

  async close(): Promise<void> {
    await this.#running.close()
    await rm(this.data, { recursive: true, force: true })
  }

  /** Puts a picture on the board by its own address, as a script does. */
  async put(picture: Buffer, name = 'own.png', query = ''): Promise<ImageRecord> {
    const address = `${this.url}/api/boards/main/images?name=${name}${query}`
    const response = await fetch(address, { method: 'POST', body: new Uint8Array(picture) })
    return (await response.json()) as ImageRecord
  }

  /** The same of a picture that stands there. */
  patch(id: string, set: object): Promise<Response> {
    return fetch(`${this.url}/api/boards/main/images/${id}`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(set),
    })
  }

  /** What the second tutorial's page says of a picture before it sends it. */
  async announce(image: unknown): Promise<Response> {
    return fetch(`${this.url}/image`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ image }),
    })
  }

  /** Resolves when a socket's session is gone. */
  async ended(sid: string): Promise<void> {
    const session = `${this.url}/socket.io/?EIO=4&transport=polling&sid=${sid}`
    for (;;) {
      const answer = await (await fetch(session, { method: 'POST', body: '3' })).text()
      if (answer.includes('Session ID unknown')) return
      await setTimeout(LOOK)
    }
  }

  /** Every picture that the board knows of. */
  async pictures(): Promise<ImageRecord[]> {
    const response = await fetch(`${this.url}/api/boards/main/snapshot`)
    const { records } = (await response.json()) as Snapshot
    return records.filter((record) => record.kind === 'image')
  }
}

/** A page's socket, and all that it is told. */
export class ClassicClient {
  readonly socket: Socket
  readonly told: [event: string, body: never][] = []
  #look = () => {}

  private constructor(socket: Socket) {
    this.socket = socket
    socket.onAny((event: string, body: unknown) => {
      this.told.push([event, body as never])
      this.#look()
    })
  }

  /** Resolves when it is connected, by that transport alone. */
  static async come(url: string, transport: (typeof TRANSPORTS)[number]): Promise<ClassicClient> {
    const socket = io(url, { transports: [transport], forceNew: true, reconnection: false })
    const guest = new ClassicClient(socket)
    await once(socket as never, 'connect')
    return guest
  }

  /** What was said in an event, each time. */
  of<T>(event: string): T[] {
    return this.told.filter(([each]) => each === event).map(([, body]) => body)
  }

  async until(isSo: () => boolean): Promise<void> {
    while (!isSo())
      await new Promise<void>((resolve) => {
        this.#look = resolve
      })
  }

  say(event: string, ...body: unknown[]): void {
    this.socket.emit(event, ...body)
  }

  /** Its session's id, which is gone from the socket when it has left. */
  get sid(): string {
    return this.socket.io.engine.id
  }

  leave(): void {
    this.socket.disconnect()
  }
}

/** The same seed draws the same picture; no two seeds do. */
export function draw(seed: number, format: 'png' | 'jpeg' | 'gif' = 'png'): Promise<Buffer> {
  const background = { r: seed % 256, g: (seed >> 8) % 256, b: 90 }
  return sharp({ create: { width: 40, height: 30, channels: 3, background } })
    .toFormat(format)
    .toBuffer()
}

export const dataUrl = (bytes: Buffer, type = 'image/png'): string =>
  `data:${type};base64,${bytes.toString('base64')}`

/** The form of the first tutorial's page: the picture, then what it is called. */
export function pictureForm(bytes: Buffer, fileName = 'first.png', type = 'image/png'): FormData {
  const form = new FormData()
  form.append('file', new Blob([new Uint8Array(bytes)], { type }), fileName)
  form.append('fileName', fileName)
  form.append('type', type)
  return form
}

/** The form of the second's: the picture as text. */
export function textForm(text: string): FormData {
  const form = new FormData()
  form.append('file', text)
  return form
}
