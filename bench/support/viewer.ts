import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { WIRE_VERSION } from '@wirephoto/board'

export type Kind = 'change' | 'preview'

/** Receives what the viewers of a bench get. */
export interface Watcher {
  /** Called when the last byte is here. `n` counts those of this kind that the viewer got since it was watched. */
  received(kind: Kind, n: number): void
}

interface ViewerOptions {
  readonly port: number
  readonly cursor: string
  /** The address of this machine that it connects from. */
  readonly from: string
}

/** One buffer for all viewers, since each chunk is handled before the next is read. */
const CHUNK = Buffer.alloc(256 * 1024)
/** A longer message is recognised by its first bytes, and counted without being kept. */
const SHORT_MESSAGE_BYTES = 4_096
const RECOGNISED_BYTES = 16
const CONNECT_TIMEOUT_MS = 60_000
const AT_ONCE_COUNT = 100
const ADDRESS_COUNT = 200
/** Connections of a server that are no viewer's. */
const SPARE_COUNT = 66

/** Opcode of RFC 6455 section 5.2. */
const BINARY = 0x2

/** The headers that a browser sends, since Socket.IO keeps them for each socket. */
const BROWSER_HEADERS = [
  'Upgrade: websocket',
  'Connection: Upgrade',
  'Pragma: no-cache',
  'Cache-Control: no-cache',
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36',
  'Accept-Encoding: gzip, deflate, br, zstd',
  'Accept-Language: en-GB,en;q=0.9',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits',
].join('\r\n')

/**
 * A page that looks on, on a bare TCP socket: what `ws` costs a client would make the load generator the one that
 * breaks. It does what a page does: follows, introduces itself, answers pings, and answers when it is asked for an echo.
 */
export class Viewer {
  readonly #socket: Socket
  readonly #options: ViewerOptions
  readonly #followed = Promise.withResolvers<void>()
  #watcher: Watcher | null = null
  #counts: Record<Kind, number> = { change: 0, preview: 0 }
  #isUpgraded = false
  /** The beginning of a message or head whose rest is in the next chunk. */
  #carried: Buffer | null = null
  /** Bytes of a long message that are still to come, and what it is. */
  #leftBytes = 0
  #long: Kind | null = null

  private constructor(options: ViewerOptions) {
    this.#options = options
    const { port, from } = options
    this.#socket = connect({
      port,
      host: '127.0.0.1',
      localAddress: from,
      noDelay: true,
      onread: { buffer: CHUNK, callback: (count) => this.#take(CHUNK.subarray(0, count)) },
    })
    const fail = (why: string) => this.#followed.reject(new Error(`A viewer ${why}`))
    this.#socket.setTimeout(CONNECT_TIMEOUT_MS, () => fail('got no answer'))
    this.#socket.on('error', (error) => fail(`failed: ${error.message}`))
    this.#socket.on('close', () => fail('was cut off'))
  }

  /** Connects; resolves when it follows. */
  static async open(options: ViewerOptions): Promise<Viewer> {
    const viewer = new Viewer(options)
    // A second failure has nobody who waits for it.
    viewer.#followed.promise.catch(() => {})
    await once(viewer.#socket, 'connect')
    const { port } = options
    const cookie = `wirephoto_visitor=${randomBytes(16).toString('base64url')}`
    viewer.#socket.write(
      `GET /live/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n` +
        `Origin: http://127.0.0.1:${port}\r\nCookie: ${cookie}\r\n${BROWSER_HEADERS}\r\n\r\n`,
    )
    await viewer.#followed.promise
    viewer.#socket.setTimeout(0)
    return viewer
  }

  /** Whether the server has kept the connection. */
  get isOpen(): boolean {
    return !this.#socket.destroyed && this.#socket.readyState === 'open'
  }

  /** Tells a watcher what comes from now on. */
  watch(watcher: Watcher): void {
    this.#watcher = watcher
    this.#counts = { change: 0, preview: 0 }
  }

  /** Reads nothing from now on, not even pings. */
  stall(): void {
    this.#socket.pause()
  }

  close(): void {
    this.#socket.destroy()
  }

  #take(chunk: Buffer): boolean {
    const bytes = this.#carried ? Buffer.concat([this.#carried, chunk]) : chunk
    this.#carried = null
    let at = 0
    if (!this.#isUpgraded) {
      const end = bytes.indexOf('\r\n\r\n')
      if (end < 0) return this.#carry(bytes)
      if (!bytes.subarray(0, 16).includes(' 101 ')) {
        const answer = bytes.subarray(0, end).toString()
        this.#followed.reject(new Error(`A viewer was answered ${answer}`))
        return true
      }
      this.#isUpgraded = true
      at = end + 4
    }
    for (;;) {
      const passed = Math.min(this.#leftBytes, bytes.length - at)
      at += passed
      this.#leftBytes -= passed
      if (this.#leftBytes > 0) return true
      if (this.#long !== null) this.#receive(this.#long)
      this.#long = null
      if (at === bytes.length) return true
      const next = this.#message(bytes, at)
      if (next === null) return this.#carry(bytes.subarray(at))
      at = next
    }
  }

  #carry(rest: Buffer): true {
    this.#carried = Buffer.from(rest)
    return true
  }

  /** Takes the message at a place; returns where it ends, or where the known part of a long one does. Null if it lacks bytes. */
  #message(bytes: Buffer, at: number): number | null {
    if (bytes.length < at + 2) return null
    const short = bytes[at + 1]! & 0x7f
    const head = at + (short === 127 ? 10 : short === 126 ? 4 : 2)
    if (bytes.length < head) return null
    const length =
      short === 127
        ? bytes.readUIntBE(at + 4, 6)
        : short === 126
          ? bytes.readUInt16BE(at + 2)
          : short
    const isLong = length > SHORT_MESSAGE_BYTES
    if (bytes.length < head + (isLong ? RECOGNISED_BYTES : length)) return null
    const isBinary = (bytes[at]! & 0x0f) === BINARY
    const kind = isBinary
      ? 'preview'
      : bytes.toString('latin1', head, head + 6) === '42["ch'
        ? 'change'
        : null
    if (isLong) {
      this.#leftBytes = length
      this.#long = kind
      return head
    }
    if (kind !== null) this.#receive(kind)
    else this.#answer(bytes.toString('latin1', head, head + length))
    return head + length
  }

  #receive(kind: Kind): void {
    this.#watcher?.received(kind, this.#counts[kind]++)
  }

  /** Answers what a page answers. */
  #answer(text: string): void {
    if (text === '2') return this.#send('3')
    if (text.startsWith('0'))
      return this.#send(`40${JSON.stringify({ board: 'main', wire: WIRE_VERSION })}`)
    if (text.startsWith('40'))
      return this.#send(`420${JSON.stringify(['follow', { cursor: this.#options.cursor }])}`)
    if (text.startsWith('430')) {
      if (!text.includes('"resumed":true'))
        return this.#followed.reject(new Error(`A viewer could not follow: ${text}`))
      const idle = { name: '', cursor: null, selection: [], drag: null }
      this.#send(`42${JSON.stringify(['presence', idle])}`)
      return this.#followed.resolve()
    }
    const [, id] = /^42(\d+)\["echo"\]/.exec(text) ?? []
    if (id !== undefined) this.#send(`43${id}[]`)
    else if (text.startsWith('44')) this.#followed.reject(new Error(`Refused: ${text}`))
  }

  /** Sends a text frame whose mask is zero. */
  #send(text: string): void {
    const payload = Buffer.from(text)
    const { length } = payload
    const head = length < 126 ? [0x81, 0x80 | length] : [0x81, 0xfe, length >> 8, length & 0xff]
    this.#socket.write(Buffer.concat([Buffer.from(head), Buffer.alloc(4), payload]))
  }
}

/** The viewers of one server: more or fewer of them, from many addresses, as a public server has them. */
export class Audience {
  readonly #port: number
  readonly #cursor: () => Promise<string>
  readonly #viewers: Viewer[] = []

  /** `cursor` resolves to where the viewers follow from. */
  constructor(port: number, cursor: () => Promise<string>) {
    this.#port = port
    this.#cursor = cursor
  }

  /** Lets viewers come or go until there are so many. */
  async resize(count: number): Promise<void> {
    for (const viewer of this.#viewers.splice(count)) viewer.close()
    while (this.#viewers.length < count) {
      const cursor = await this.#cursor()
      const { length } = this.#viewers
      const come = Array.from({ length: Math.min(AT_ONCE_COUNT, count - length) }, (_, i) =>
        Viewer.open({ port: this.#port, cursor, from: addressOf(length + i) }),
      )
      this.#viewers.push(...(await Promise.all(come)))
    }
  }

  watch(watcher: Watcher): void {
    for (const viewer of this.#viewers) viewer.watch(watcher)
  }

  /** Lets them read nothing from now on. */
  stall(): void {
    for (const viewer of this.#viewers) viewer.stall()
  }

  /** The number of connections that the server has closed. */
  get lostCount(): number {
    return this.#viewers.filter(({ isOpen }) => !isOpen).length
  }
}

/** Returns one of many addresses of this machine. The bench itself sends from 127.0.0.1. */
const addressOf = (n: number): string => `127.0.1.${1 + (n % ADDRESS_COUNT)}`

/** Returns how many viewers a server that this process starts may have: a third of the descriptors, less some for the rest. */
export function connectionLimit(): number {
  const limits = readFileSync('/proc/self/limits', 'utf8')
  const [, descriptors] = /^Max open files\s+(\d+)/m.exec(limits)!
  return Math.floor(Number(descriptors) / 3) - SPARE_COUNT
}
