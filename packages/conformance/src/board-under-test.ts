import { randomBytes } from 'node:crypto'
import {
  type AnyRecord,
  boardAddressOf,
  type Command,
  type ImageRecord,
  parseOrThrow,
  problemIn,
  Snapshot,
  uuidv7,
  WIRE_VERSION,
} from '@wirephoto/board'
import { Refused } from './refused.ts'

/** A queue of commands, as a client has one. */
export class CommandQueue {
  readonly client = newId()
  #next = 1

  /** Makes the message that is to be sent next. */
  message(...commands: Command[]): { client: string; n: number; commands: Command[] } {
    const n = this.#next
    this.#next += commands.length
    return { client: this.client, n, commands }
  }
}

/** A board that checks run on: its addresses, and its visitor's token. */
export class BoardUnderTest {
  readonly url: string
  readonly id: string
  readonly token: string

  /** `token` goes before the secret of a link. Without both one is made, as for a board that opens by its address. */
  constructor(address: string, token?: string) {
    const { url, board, secret } = boardAddressOf(new URL(address))
    this.url = url
    this.id = board
    this.token = token ?? secret ?? newToken()
  }

  get page(): string {
    return `${this.url}/b/${this.id}`
  }

  get api(): string {
    return `${this.url}/api/boards/${this.id}`
  }

  /** The `auth` of the socket. */
  get hello(): object {
    return { board: this.id, wire: WIRE_VERSION, token: this.token }
  }

  async fetch(url: string, { headers, ...init }: RequestInit = {}): Promise<Response> {
    return fetch(url, {
      ...init,
      headers: { ...(headers as Record<string, string>), authorization: `Bearer ${this.token}` },
    })
  }

  async snapshot(): Promise<Snapshot> {
    const response = await this.fetch(`${this.api}/snapshot`)
    const body = await response.text()
    const problem = problemIn(response.status, body)
    if (problem) throw new Refused(problem.code, problem.message)
    if (!response.ok) throw new Error(`${response.status} ${body}`)
    return parseOrThrow(Snapshot, JSON.parse(body)) as Snapshot
  }

  /** Returns a picture as the server has it now. */
  async picture(id: string): Promise<ImageRecord | undefined> {
    const { records } = await this.snapshot()
    return records.find((record): record is ImageRecord => isPicture(record) && record.id === id)
  }

  /** Sends a file to a picture's address, with parameters if there are some. */
  async put(
    id: string,
    file: Uint8Array,
    headers: Record<string, string> = {},
    query = '',
  ): Promise<Response> {
    const body = new Blob([new Uint8Array(file)])
    return this.fetch(`${this.api}/images/${id}${query}`, { method: 'PUT', headers, body })
  }

  /** Lists the live slots. */
  async slots(): Promise<readonly { readonly name: string; readonly id: string }[]> {
    const response = await this.fetch(`${this.api}/slots`)
    return ((await response.json()) as { slots: { name: string; id: string }[] }).slots
  }

  /** Settles commands by plain requests. */
  async submit(...commands: Command[]): Promise<unknown> {
    return this.post(new CommandQueue().message(...commands))
  }

  /** Sends a message of commands by a plain request. */
  async post(message: object): Promise<unknown> {
    const response = await this.fetch(`${this.page}/commands?wire=${WIRE_VERSION}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(message),
    })
    return response.json()
  }
}

export const isPicture = (record: AnyRecord | null | undefined): record is ImageRecord =>
  record?.kind === 'image'

export const newId = (): string => uuidv7(Date.now(), randomBytes(10))

const newToken = (): string => randomBytes(16).toString('base64url')
