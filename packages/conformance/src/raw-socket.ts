import {
  Arrivals,
  Changes,
  Downloads,
  ErrorBody,
  HeldNews,
  PresenceUpdate,
  parseOrUndefined,
  SeenBy,
  ShowRequest,
  VisitorCount,
} from '@wirephoto/board'
import type { BoardUnderTest } from './board-under-test.ts'
import { inTime } from './in-time.ts'
import { Refused } from './refused.ts'

/** Events whose body is one JSON text, and its schema. */
const TEXT_EVENTS = {
  changes: Changes,
  arrivals: Arrivals,
  roster: PresenceUpdate,
  presence: PresenceUpdate,
  people: VisitorCount,
  seen: SeenBy,
  held: HeldNews,
  show: ShowRequest,
  downloads: Downloads,
  notice: ErrorBody,
  bye: ErrorBody,
} as const
const BYTES_EVENTS = ['preview', 'frame', 'shown']

/** An event as it came: its body, and the bytes of one that has some. */
export interface SocketEvent {
  readonly name: string
  readonly body: unknown
  readonly bytes?: Uint8Array
}

/** A websocket that speaks each frame itself, and holds each that comes to the protocol. */
export class RawSocket {
  readonly events: SocketEvent[] = []
  /** The faults of the server against the protocol, as sentences. */
  readonly faults: string[] = []
  /** The server's pings so far. */
  pingCount = 0
  readonly #socket: WebSocket
  readonly #listeners = new Set<() => void>()
  readonly #answers = new Map<number, (answer: unknown) => void>()
  #questionCount = 0
  #entered = Promise.withResolvers<void>()
  /** The event whose bytes come with the next frame. */
  #head: [name: string, id: string] | null = null

  private constructor(url: string, hello: object) {
    this.#socket = new WebSocket(`${url.replace(/^http/, 'ws')}/live/?EIO=4&transport=websocket`)
    this.#socket.binaryType = 'arraybuffer'
    this.#socket.onmessage = ({ data }) => {
      if (typeof data === 'string') this.#onText(data, hello)
      else this.#onBytes(new Uint8Array(data as ArrayBuffer))
      for (const listener of this.#listeners) listener()
    }
    this.#socket.onclose = () => {
      this.#entered.reject(new Error('The server closed the socket.'))
      for (const listener of this.#listeners) listener()
    }
  }

  /** Resolves when the server has let it in. Rejects with `Refused`. */
  static async open({ url, hello }: Pick<BoardUnderTest, 'url' | 'hello'>): Promise<RawSocket> {
    const socket = new RawSocket(url, hello)
    try {
      await inTime(socket.#entered.promise, 'the server to let a socket in')
      return socket
    } catch (error) {
      socket.close()
      throw error
    }
  }

  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN
  }

  /** Asks, and resolves with the answer. Bytes of the body go as attachments. */
  async ask(event: string, body: unknown): Promise<unknown> {
    const number = this.#questionCount++
    const { promise, resolve } = Promise.withResolvers<unknown>()
    this.#answers.set(number, resolve)
    const attachments: Uint8Array[] = []
    const text = JSON.stringify([event, body], (_key, value: unknown) => {
      if (!(value instanceof Uint8Array)) return value
      attachments.push(value)
      return { _placeholder: true, num: attachments.length - 1 }
    })
    const kind = attachments.length > 0 ? `45${attachments.length}-` : '42'
    this.#socket.send(`${kind}${number}${text}`)
    for (const bytes of attachments) this.#socket.send(new Uint8Array(bytes))
    return inTime(promise, `the answer to ${event}`)
  }

  /** Sends an event that has no answer. */
  tell(event: string, body: unknown): void {
    this.#socket.send(`42${JSON.stringify([event, body])}`)
  }

  /** Resolves with what `look` finds, now or after a later frame. */
  async until<T>(look: () => T | undefined, what: string): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    const check = (): void => {
      const found = look()
      if (found !== undefined) resolve(found)
      else if (!this.isOpen) reject(new Error(`The socket closed before ${what}.`))
    }
    this.#listeners.add(check)
    try {
      check()
      return await inTime(promise, what)
    } finally {
      this.#listeners.delete(check)
    }
  }

  /** Resolves with the first event of this name that fits. */
  async event(
    name: string,
    fits: (event: SocketEvent) => boolean = () => true,
  ): Promise<SocketEvent> {
    const look = () => this.events.find((event) => event.name === name && fits(event))
    return this.until(look, `the event ${name}`)
  }

  close(): void {
    this.#socket.close()
  }

  #onText(text: string, hello: object): void {
    if (this.#head) this.faults.push('A text frame came where the bytes of an event should.')
    this.#head = null
    if (text.startsWith('0{')) this.#socket.send(`40${JSON.stringify(hello)}`)
    else if (text === '2') this.#onPing()
    else if (text.startsWith('40')) this.#entered.resolve()
    else if (text.startsWith('44')) this.#onRefusal(text.slice(2))
    else if (text.startsWith('43')) this.#onAnswer(text.slice(2))
    else if (text.startsWith('42')) this.#onEvent(text.slice(2))
    else if (text.startsWith('451-')) this.#onHead(text.slice(4))
    else if (text !== '41')
      this.faults.push(`A frame that the protocol doesn't have: ${short(text)}`)
  }

  #onPing(): void {
    this.pingCount++
    this.#socket.send('3')
  }

  #onRefusal(text: string): void {
    const { message, data } = JSON.parse(text) as { message: string; data?: { code: string } }
    if (!data) this.faults.push(`A refusal without a code: ${short(text)}`)
    this.#entered.reject(new Refused(data?.code ?? '', message))
  }

  #onAnswer(text: string): void {
    const [, number, answers] = /^(\d+)(\[.*\])$/s.exec(text) ?? []
    const resolve = this.#answers.get(Number(number))
    if (!resolve || answers === undefined) {
      this.faults.push(`An answer to no question: ${short(text)}`)
      return
    }
    this.#answers.delete(Number(number))
    resolve((JSON.parse(answers) as unknown[])[0])
  }

  #onEvent(text: string): void {
    const [, number, list = '[]'] = /^(\d*)(\[.*\])$/s.exec(text) ?? []
    const [name, body] = JSON.parse(list) as [string, unknown]
    if (name === 'echo') this.#socket.send(`43${number}[]`)
    else if (name in TEXT_EVENTS) this.#onTextEvent(name as keyof typeof TEXT_EVENTS, body)
    else this.events.push({ name, body })
  }

  #onTextEvent(name: keyof typeof TEXT_EVENTS, text: unknown): void {
    if (typeof text !== 'string') {
      this.faults.push(`The body of ${name} is no text.`)
      return
    }
    const body = JSON.parse(text) as unknown
    if (parseOrUndefined(TEXT_EVENTS[name], body) === undefined)
      this.faults.push(`The body of ${name} has another shape: ${short(text)}`)
    this.events.push({ name, body })
  }

  #onHead(text: string): void {
    const [name, id] = JSON.parse(text) as [string, string]
    if (!BYTES_EVENTS.includes(name)) this.faults.push(`Bytes came with the event ${name}.`)
    this.#head = [name, id]
  }

  #onBytes(bytes: Uint8Array): void {
    if (!this.#head) {
      this.faults.push('Bytes came without an event.')
      return
    }
    const [name, body] = this.#head
    this.#head = null
    this.events.push({ name, body, bytes })
  }
}

const short = (text: string): string => (text.length > 120 ? `${text.slice(0, 120)}…` : text)
