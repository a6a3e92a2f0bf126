import { once } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import type { Cursor, ErrorCode, FollowAnswer, PresenceUpdate, Role } from '@wirephoto/board'
import { WIRE_VERSION } from '@wirephoto/board'
import { io, type Socket } from 'socket.io-client'

/** Time in which a loaded machine passes on what nothing holds back. */
const QUIET_MS = 600
/** Time between two tries: all of them last longer than rights count without an answer. */
const PAUSE_MS = 200
const TRIES_COUNT = 20
const HELD_FROM_PX = 100

/** A board as its maker is told of it. */
export interface MadeBoard {
  readonly id: string
  readonly url: string
  readonly role: Role
  readonly links: readonly { readonly id: string; readonly role: Role; readonly url: string }[]
}

/** Returns the secret of the link that gives this role. */
export const secretOf = ({ links }: MadeBoard, role: Role): string =>
  links.find((link) => link.role === role)!.url.split('#')[1]!

/** Somebody with a browser, which keeps its cookie. */
export class Visitor {
  readonly url: string
  cookie: string

  constructor(url: string, cookie = '') {
    this.url = url
    this.cookie = cookie
  }

  async ask(path: string, method = 'GET', body?: object): Promise<Response> {
    const { url: origin, cookie } = this
    const headers = { origin, cookie, 'content-type': 'application/json' }
    const init = { method, headers, redirect: 'manual' } as const
    const response = await fetch(this.url + path, {
      ...init,
      ...(body && { body: JSON.stringify(body) }),
    })
    this.cookie = response.headers.get('set-cookie')?.split(';')[0] ?? this.cookie
    return response
  }

  /** Asks, and returns the code of the refusal; null if there is none. */
  async refusal(path: string, method?: string, body?: object): Promise<ErrorCode | null> {
    const response = await this.ask(path, method, body)
    const text = await response.text()
    return response.ok ? null : JSON.parse(text).error.code
  }

  async makeBoard(): Promise<MadeBoard> {
    return (await (await this.ask('/api/boards', 'POST')).json()) as MadeBoard
  }

  exchange(board: string, secret: string, passphrase?: string): Promise<ErrorCode | null> {
    const body = { secret, ...(passphrase !== undefined && { passphrase }) }
    return this.refusal(`/api/boards/${board}/session`, 'POST', body)
  }

  async role(board: string): Promise<Role | ErrorCode> {
    const answer = await (await this.ask(`/api/boards/${board}/session`)).json()
    const { role, error } = answer as { role?: Role; error?: { code: ErrorCode } }
    return role ?? error!.code
  }

  /** Opens the board, and follows it. */
  follow(board: string): Promise<OpenSocket> {
    return OpenSocket.open(this.url, board, this.cookie)
  }
}

/** A socket that follows a board, and stays closed once it is. */
export class OpenSocket {
  readonly role: Role
  /** Resolves when it is closed: to the code of the goodbye, or null if it had none. */
  readonly ended: Promise<ErrorCode | null>
  readonly socket: Socket
  #isOpen = true

  private constructor(socket: Socket, role: Role) {
    this.socket = socket
    this.role = role
    this.ended = new Promise((resolve) => {
      let code: ErrorCode | null = null
      socket.on('bye', (text: string) => {
        code = JSON.parse(text).error.code
      })
      socket.on('disconnect', () => {
        this.#isOpen = false
        resolve(code)
      })
    })
  }

  static async open(url: string, board: string, cookie: string): Promise<OpenSocket> {
    const socket = io(url, {
      path: '/live',
      transports: ['websocket'],
      auth: { board, wire: WIRE_VERSION },
      extraHeaders: { origin: url, cookie },
      reconnection: false,
      forceNew: true,
    })
    const refused = once(socket as never, 'connect_error').then(([error]) => {
      throw (error as { data?: Error }).data ?? error
    })
    refused.catch(() => {})
    await Promise.race([once(socket as never, 'connect'), refused])
    const headers = { cookie }
    const snapshot = await fetch(`${url}/api/boards/${board}/snapshot`, { headers })
    const { cursor } = (await snapshot.json()) as { cursor: Cursor }
    const { role } = (await socket.emitWithAck('follow', { cursor })) as FollowAnswer
    return new OpenSocket(socket, role)
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  close(): void {
    this.socket.close()
  }
}

const move = ({ socket }: OpenSocket, x: number): void => {
  socket.emit('presence', { name: '', cursor: { x, y: 0 }, selection: [], drag: null })
}

/** The pointers that a viewer has seen. */
export class Pointers {
  readonly #seen = new Set<number>()
  #onSeen = () => {}

  constructor({ socket }: OpenSocket) {
    const take = (text: string) => {
      for (const state of Object.values(JSON.parse(text) as PresenceUpdate))
        if (state?.cursor) this.#seen.add(state.cursor.x)
      this.#onSeen()
    }
    socket.on('presence', take)
    socket.on('roster', take)
  }

  hasSeen(x: number): boolean {
    return this.#seen.has(x)
  }

  /** Resolves to whether it has come in this time. */
  async sees(x: number, milliseconds: number): Promise<boolean> {
    const ended = new AbortController()
    const seen = new Promise<void>((resolve) => {
      this.#onSeen = () => {
        if (this.#seen.has(x)) resolve()
      }
      this.#onSeen()
    })
    await Promise.race([seen, setTimeout(milliseconds, undefined, { signal: ended.signal })])
    ended.abort()
    return this.#seen.has(x)
  }

  /** Moves somebody's pointer, and resolves when it is seen. */
  async follows(mover: OpenSocket, x: number): Promise<void> {
    for (let tries = 0; tries < TRIES_COUNT; tries++) {
      move(mover, x)
      if (await this.sees(x, QUIET_MS)) return
    }
    throw new Error('A pointer isn’t seen')
  }

  /** Resolves when this one has come. */
  async waitFor(x: number): Promise<void> {
    for (let tries = 0; !(await this.sees(x, QUIET_MS)); tries++)
      if (tries === TRIES_COUNT) throw new Error('A pointer isn’t seen')
  }

  /** Moves somebody's pointer until that is seen no longer. Resolves to the last one, which is held back. */
  async untilHeld(mover: OpenSocket): Promise<number> {
    for (let x = HELD_FROM_PX; x < HELD_FROM_PX + TRIES_COUNT; x++) {
      move(mover, x)
      if (!(await this.sees(x, QUIET_MS))) return x
      await setTimeout(PAUSE_MS)
    }
    throw new Error('A pointer is still seen')
  }
}
