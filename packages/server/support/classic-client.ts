import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import type { ImageRecord, Snapshot } from '@wirephoto/board'
import sharp from 'sharp'
import { io, type Socket } from 'socket.io-client'
import type { ClassicConfig } from '../src/config.ts'
import { createWirephoto, type RunningServer } from '../src/wirephoto.ts'
import { type ListeningConfig, serverConfig } from './server-config.ts'

/** The time between two requests for a session that should be gone. */
const POLL_INTERVAL_MS = 50

export const TRANSPORTS = ['polling', 'websocket'] as const

/** A server in the test's own process. Its board `main` is open to the tutorials' pages. */
export class ClassicServer {
  readonly data: string
  readonly #config: ListeningConfig
  #running: RunningServer

  private constructor(config: ListeningConfig, running: RunningServer) {
    this.data = config.data
    this.#config = config
    this.#running = running
  }

  /** Starts a server on a data folder of its own; without a classic board if `classic` is null. */
  static async open(
    classic: Partial<ClassicConfig> | null = {},
    config: Partial<ListeningConfig> = {},
  ): Promise<ClassicServer> {
    const data = await mkdtemp(join(tmpdir(), 'wirephoto-classic-'))
    const full = serverConfig(data, {
      classic: classic ? { board: 'main', pages: null, port: null, ...classic } : undefined,
      ...config,
    })
    return new ClassicServer(full, await createWirephoto(full))
  }

  /** Stops the server, and starts another one on its port and data. */
  async restart(): Promise<void> {
    const { port } = this.#running
    await this.#running.close()
    this.#running = await createWirephoto({ ...this.#config, port })
  }

  /** The server's own address, without a slash at the end. */
  get url(): string {
    return this.#running.url
  }

  get classicPort(): number | null {
    return this.#running.classicPort
  }

  /** Closes the server and removes its data. */
  async close(): Promise<void> {
    await this.#running.close()
    await rm(this.data, { recursive: true, force: true })
  }

  /** Adds a picture to the board through the board's own API, as a script does. */
  async addPicture(picture: Buffer, name = 'own.png', query = ''): Promise<ImageRecord> {
    const address = `${this.url}/api/boards/main/images?name=${name}${query}`
    const response = await fetch(address, { method: 'POST', body: new Uint8Array(picture) })
    return (await response.json()) as ImageRecord
  }

  /** Patches a picture through the board's own API. */
  patchPicture(id: string, set: object): Promise<Response> {
    return fetch(`${this.url}/api/boards/main/images/${id}`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(set),
    })
  }

  /** Announces a picture before it is sent, as the second tutorial's page does. */
  async announce(image: unknown): Promise<Response> {
    return fetch(`${this.url}/image`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ image }),
    })
  }

  /** Resolves when the server has closed a socket's session. */
  async whenSessionEnds(sid: string): Promise<void> {
    const session = `${this.url}/socket.io/?EIO=4&transport=polling&sid=${sid}`
    for (;;) {
      const answer = await (await fetch(session, { method: 'POST', body: '3' })).text()
      if (answer.includes('Session ID unknown')) return
      await setTimeout(POLL_INTERVAL_MS)
    }
  }

  /** Reads every picture of the board, those in the trash included. */
  async pictures(): Promise<ImageRecord[]> {
    const response = await fetch(`${this.url}/api/boards/main/snapshot`)
    const { records } = (await response.json()) as Snapshot
    return records.filter((record) => record.kind === 'image')
  }
}

/** A page's socket, and every event that it has received. */
export class ClassicClient {
  readonly socket: Socket
  readonly received: [event: string, body: never][] = []
  #onEvent = () => {}

  private constructor(socket: Socket) {
    this.socket = socket
    socket.onAny((event: string, body: unknown) => {
      this.received.push([event, body as never])
      this.#onEvent()
    })
  }

  /** Connects by one transport alone; resolves when the socket is connected. */
  static async connect(
    url: string,
    transport: (typeof TRANSPORTS)[number],
  ): Promise<ClassicClient> {
    const socket = io(url, { transports: [transport], forceNew: true, reconnection: false })
    const client = new ClassicClient(socket)
    await once(socket as never, 'connect')
    return client
  }

  /** Returns the bodies of every event with that name, in order. */
  bodies<T>(event: string): T[] {
    return this.received.filter(([name]) => name === event).map(([, body]) => body)
  }

  /** Resolves when a condition holds, which is checked at once and after every event. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition())
      await new Promise<void>((resolve) => {
        this.#onEvent = resolve
      })
  }

  /** Emits an event to the server. */
  emit(event: string, ...body: unknown[]): void {
    this.socket.emit(event, ...body)
  }

  /** The id of the session. It can't be read after `disconnect`. */
  get sid(): string {
    return this.socket.io.engine.id
  }

  /** Ends the connection. */
  disconnect(): void {
    this.socket.disconnect()
  }
}

/** Draws a picture of 40 × 30 pixels: the same for the same seed, and another for any other seed. */
export function draw(seed: number, format: 'png' | 'jpeg' | 'gif' = 'png'): Promise<Buffer> {
  const background = { r: seed % 256, g: (seed >> 8) % 256, b: 90 }
  return sharp({ create: { width: 40, height: 30, channels: 3, background } })
    .toFormat(format)
    .toBuffer()
}

/** Writes bytes as a data URL. */
export const dataUrl = (bytes: Buffer, type = 'image/png'): string =>
  `data:${type};base64,${bytes.toString('base64')}`

/** Makes the form of the first tutorial's page: the picture, then its name and type. */
export function pictureForm(bytes: Buffer, fileName = 'first.png', type = 'image/png'): FormData {
  const form = new FormData()
  form.append('file', new Blob([new Uint8Array(bytes)], { type }), fileName)
  form.append('fileName', fileName)
  form.append('type', type)
  return form
}

/** Makes the form of the second tutorial's page: the picture as text. */
export function textForm(text: string): FormData {
  const form = new FormData()
  form.append('file', text)
  return form
}
