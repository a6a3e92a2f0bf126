import { Readable } from 'node:stream'
import { ClientCommand, type MediaType, parseOrThrow, WireError } from '@wirephoto/board'
import type { FastifyBaseLogger } from 'fastify'
import type { Socket } from 'socket.io'
import type { LiveBoard, Sender } from '../boards/live-board.ts'
import { toWireError } from '../errors.ts'
import { RateLimiter } from '../live/rate-limiter.ts'
import type { ClassicOutbox, Shown } from './classic-outbox.ts'
import { bytesOf } from './data-url.ts'

/** Messages a second from one socket, and how many at once (F7). */
const RATE = 50
const BURST = 200
/** Longest side of a picture that is shown, in pixels of the page that shows it. */
const SIDE = 65_535

interface Parts {
  readonly board: LiveBoard
  readonly sender: Sender
  readonly log: FastifyBaseLogger
  /** Resolves to the type of what is a picture. */
  look(source: Readable): Promise<MediaType>
  /** Sends this viewer every picture. */
  all(): void
  /** Says something to every viewer. */
  tell(event: string, body: unknown): void
  /** Shows something to every other viewer. */
  show(shown: Shown): void
}

/** What the tutorials' pages say on their socket, and what becomes of it. None of them takes an answer. */
export function registerHandlers(socket: Socket, viewer: ClassicOutbox, parts: Parts): void {
  const { board, sender, log } = parts
  const rate = new RateLimiter(RATE, BURST)
  const attempt = async (what: () => unknown) => {
    try {
      await what()
    } catch (error) {
      const { message } = toWireError(error, log)
      viewer.say('Message:update', { type: 'error', message, time: Date.now() })
    }
  }
  const hear = (event: string, handle: (body: unknown) => unknown) => {
    socket.on(event, (body: unknown) =>
      attempt(() => {
        if (!rate.spend()) throw new WireError('too-many')
        return handle(body)
      }),
    )
  }
  const act = (command: unknown) => board.act([parseOrThrow(ClientCommand, command)], sender)
  /** A push that is looked at, and the one after it: those between are not shown (F12). */
  let looking = false
  let next: unknown

  hear('User:connect', () => {
    viewer.follows = true
    parts.tell('User:update', sender.visitor)
    viewer.say('User:connect', sender.visitor)
    parts.all()
  })
  hear('User:disconnect', () => {
    viewer.follows = false
  })
  hear('Message:mirror', (body) => viewer.say('Message:update', body))
  hear('Photo:update', (body) => {
    const { id, x, y } = Object(body) as Record<string, unknown>
    return act({ kind: 'image.patch', id, set: { x, y } })
  })
  hear('Photo:delete', (id) => act({ kind: 'image.remove', id }))
  hear('onimgdata', async (body) => {
    next = body
    if (looking) return
    looking = true
    while (next !== undefined) {
      const data = next
      next = undefined
      await attempt(async () => parts.show(await pushed(data, parts.look)))
    }
    looking = false
  })
}

/** What was pushed, written anew by us: the bytes of a picture and nothing else (F9). */
async function pushed(body: unknown, look: Parts['look']): Promise<Shown> {
  const { width, height, source } = Object(body) as Record<string, unknown>
  const bytes = typeof source === 'string' ? bytesOf(source) : source
  if (!isSide(width) || !isSide(height) || !Buffer.isBuffer(bytes))
    throw new WireError('bad-request')
  const type = await look(Readable.from([bytes]))
  const isText = typeof source === 'string'
  return {
    width,
    height,
    source: isText ? `data:${type};base64,${bytes.toString('base64')}` : bytes,
  }
}

const isSide = (value: unknown): value is number =>
  typeof value === 'number' && value >= 0 && value <= SIDE
