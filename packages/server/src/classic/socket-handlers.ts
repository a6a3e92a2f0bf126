import { Readable } from 'node:stream'
import { ClientCommand, type MediaType, parseOrThrow, WireError } from '@wirephoto/board'
import type { FastifyBaseLogger } from 'fastify'
import type { Socket } from 'socket.io'
import type { LiveBoard } from '../boards/live-board.ts'
import type { Sender } from '../boards/sender.ts'
import { toWireError } from '../errors.ts'
import { inBackground } from '../in-background.ts'
import type { PartyLimiter } from '../live/party-limiter.ts'
import { RateLimiter } from '../live/rate-limiter.ts'
import type { ClassicOutbox, ShownPicture } from './classic-outbox.ts'
import { decodeDataUrl } from './data-url.ts'

/** The rate of messages from one socket (F7, K27). */
const MESSAGES_PER_SECOND = 50
const MESSAGES_AT_ONCE_COUNT = 200
/** Longest side of a pushed picture on the page that shows it. */
const SHOWN_SIDE_PX = 65_535

/** The classic board as the handlers of one socket see it. */
export interface HandlersRoom {
  readonly board: LiveBoard
  /** Decodes a picture without storing it; resolves to its type, or rejects with `WireError`. */
  check(source: Readable, sender: Sender): Promise<MediaType>
  /** Enqueues every picture of the board for one viewer (K3). */
  enqueueAll(viewer: ClassicOutbox): void
  /** Remembers a visitor whose page has sent `User:connect`, for its later sockets (K33). Never rejects. */
  remember(visitor: string): Promise<void>
  /** Sends a transient event to every viewer. */
  broadcast(event: string, body: unknown): void
  /** Shows a pushed picture to every viewer but the one that pushed it (K5). */
  showToOthers(viewer: ClassicOutbox, shown: ShownPicture): void
}

interface HandlersOptions {
  readonly sender: Sender
  readonly log: FastifyBaseLogger
  /** Bounds the messages of commands, by visitor and address. */
  readonly commandLimiter: PartyLimiter
}

/**
 * Registers the handlers of the events that the tutorials' pages emit. None of these events has an
 * acknowledgement; an error is sent to its sender as `Message:update` (K17).
 */
export function registerHandlers(
  socket: Socket,
  viewer: ClassicOutbox,
  room: HandlersRoom,
  { sender, log, commandLimiter }: HandlersOptions,
): void {
  const rateLimiter = new RateLimiter(MESSAGES_PER_SECOND, MESSAGES_AT_ONCE_COUNT)
  const attempt = async (action: () => unknown) => {
    try {
      await action()
    } catch (error) {
      const { message } = toWireError(error, log)
      viewer.send('Message:update', { type: 'error', message, time: Date.now() })
    }
  }
  const on = (event: string, handle: (body: unknown) => unknown) => {
    socket.on(event, (body: unknown) =>
      attempt(() => {
        if (!rateLimiter.spend()) throw new WireError('too-many')
        return handle(body)
      }),
    )
  }
  const act = (command: unknown) => {
    commandLimiter.charge(sender)
    return room.board.act([parseOrThrow(ClientCommand, command)], sender)
  }
  /** The newest push that waits for its check. It replaces an older one that waits (F12). */
  let nextPush: unknown
  let isChecking = false

  on('User:connect', () => {
    viewer.wantsPhotoFiles = true
    viewer.wantsImageUpdates = false
    inBackground(room.remember(sender.visitor), log)
    room.broadcast('User:update', sender.visitor)
    viewer.send('User:connect', sender.visitor)
    room.enqueueAll(viewer)
  })
  on('User:disconnect', () => {
    viewer.wantsPhotoFiles = false
    viewer.wantsImageUpdates = true
  })
  on('Message:mirror', (body) => viewer.send('Message:update', body))
  on('Photo:update', (body) => {
    const { id, x, y } = Object(body) as Record<string, unknown>
    return act({ kind: 'image.patch', id, set: { x, y } })
  })
  on('Photo:delete', (id) => act({ kind: 'image.remove', id }))
  on('onimgdata', async (body) => {
    nextPush = body
    if (isChecking) return
    isChecking = true
    while (nextPush !== undefined) {
      const push = nextPush
      nextPush = undefined
      await attempt(async () => room.showToOthers(viewer, await validatePush(push, room, sender)))
    }
    isChecking = false
  })
}

/** Validates a pushed picture. Returns it with nothing but the bytes that were checked and their type (F9). */
async function validatePush(
  body: unknown,
  room: Pick<HandlersRoom, 'check'>,
  sender: Sender,
): Promise<ShownPicture> {
  const { width, height, source } = Object(body) as Record<string, unknown>
  const bytes = typeof source === 'string' ? decodeDataUrl(source) : source
  if (!isSide(width) || !isSide(height) || !Buffer.isBuffer(bytes))
    throw new WireError('bad-request')
  const type = await room.check(Readable.from([bytes]), sender)
  const isText = typeof source === 'string'
  return {
    width,
    height,
    source: isText ? `data:${type};base64,${bytes.toString('base64')}` : bytes,
  }
}

const isSide = (value: unknown): value is number =>
  typeof value === 'number' && value >= 0 && value <= SHOWN_SIDE_PX
