import {
  Commands,
  checked,
  type ErrorBody,
  Follow,
  type Followed,
  Presence as PresenceSchema,
  WireError,
} from '@wirephoto/board'
import type { Socket } from 'socket.io'
import type { Sender } from '../boards/live-board.ts'
import { toWireError } from '../errors.ts'
import { Outbox, transportOf, UNREAD } from './outbox.ts'
import type { Room } from './room.ts'

/**
 * Messages a second that a session may send, and how many at once (F7): more than one comes to that
 * waits for each answer.
 */
const RATE = 300
const BURST = 600

/** One page that looks at a board: its socket's events, each answered. */
export class Session {
  readonly id: string
  readonly outbox: Outbox
  readonly #socket: Socket
  readonly #room: Room
  #credit = BURST
  #creditAt = performance.now()

  constructor(socket: Socket, room: Room, sender: Sender) {
    this.id = socket.id
    this.#socket = socket
    this.#room = room
    this.outbox = new Outbox(socket, room, (reason) => this.#terminate(reason))
    this.#answer('follow', async (body): Promise<Followed> => {
      const { cursor } = checked(Follow, body)
      const resumed = this.outbox.follow(await room.board.missed(cursor))
      if (resumed) this.outbox.send('presence', JSON.stringify(room.presence.all))
      return { visitor: sender.visitor, session: this.id, resumed, now: Date.now() }
    })
    this.#answer('commands', (body) => room.board.submit(checked(Commands, body), sender))
    socket.on('presence', (body: unknown) => {
      const state = PresenceSchema.safeParse(body)
      if (this.#spend() && state.success) room.presence.set(this.id, sender.visitor, state.data)
    })
    socket.on('disconnect', () => socket.conn.close())
    room.enter(this)
  }

  /** Says why, and closes. */
  bye(error: WireError): void {
    this.#socket.emit('bye', JSON.stringify({ error }))
    this.#socket.disconnect(true)
  }

  close(): void {
    this.outbox.close()
    this.#room.leave(this)
  }

  #answer<T>(event: string, handle: (body: unknown) => Promise<T>): void {
    this.#socket.on(event, (body: unknown, ack: unknown) => {
      if (typeof ack !== 'function') return this.bye(new WireError('bad-request'))
      if (this.outbox.backlog > UNREAD) return this.#terminate('sends without reading')
      void this.#attempt(handle, body).then((reply) => {
        // What was asked before in one breath has been answered meanwhile.
        if (this.outbox.backlog > UNREAD) return this.#terminate('sends without reading')
        this.outbox.count(JSON.stringify(reply).length)
        ack(reply)
      })
    })
  }

  async #attempt<T>(handle: (body: unknown) => Promise<T>, body: unknown): Promise<T | ErrorBody> {
    try {
      if (!this.#spend()) throw new WireError('too-many')
      return await handle(body)
    } catch (error) {
      return { error: toWireError(error, this.#room.log).toJSON() }
    }
  }

  /** A token bucket. */
  #spend(): boolean {
    const now = performance.now()
    this.#credit = Math.min(BURST, this.#credit + ((now - this.#creditAt) / 1000) * RATE)
    this.#creditAt = now
    if (this.#credit < 1) return false
    this.#credit--
    return true
  }

  /** `disconnect(true)` would keep the buffer of a peer that doesn't read. */
  #terminate(reason: string): void {
    this.#room.log.info({ session: this.id, board: this.#room.board.id, reason }, 'viewer cut off')
    transportOf(this.#socket).socket.terminate()
  }
}
