import type { Socket } from 'node:net'
import {
  type Batch,
  ChangesQuery,
  type CommandAnswer,
  Commands,
  CommandsQuery,
  parseOrThrow,
  serverLimits,
  WIRE_VERSION,
  WireError,
} from '@wirephoto/board'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { DownloadProgress } from '../archive/download-progress.ts'
import { type EncodedBatch, encodeBatch } from '../boards/encoded-batch.ts'
import type { LiveBoard } from '../boards/live-board.ts'
import { partyOf } from '../fairness/party.ts'
import type { UploadProgress } from '../images/uploads/progress.ts'
import type { HeldRequests } from '../live/held-requests.ts'
import { VIEWER_BACKLOG_BYTES } from '../live/outbox.ts'
import type { HeldCommands } from '../moderation/held-commands.ts'
import { atBoard, type BoardContext, senderOf } from './board-route.ts'
import type { ReadPageBuild } from './page-build.ts'

/** Proxies wait a minute for an answer; half of it leaves them room. */
const HOLD_MS = 25_000
/** Time between two looks at the pictures and downloads on their way. */
const PROGRESS_INTERVAL_MS = 2_000

interface ChangesRoutesOptions extends BoardContext {
  readonly uploadProgress: UploadProgress
  readonly downloadProgress: DownloadProgress
  readonly heldRequests: HeldRequests
  readonly heldCommands: HeldCommands
  /** Reads the build of the page that the server serves; null for none. */
  readonly readPageBuild: ReadPageBuild
}

/**
 * Follows a board and takes commands over plain requests, for networks that pass no websocket. Nothing
 * is kept between two requests: the cursor says where a reader stands (F2), the numbers what is settled (F3).
 */
export async function changesRoutes(
  app: FastifyInstance,
  context: ChangesRoutesOptions,
): Promise<void> {
  const { uploadProgress, downloadProgress, heldRequests, readPageBuild } = context
  const encode = changesEncoder()

  app.get('/b/:board/changes', { exposeHeadRoute: false }, async (request, reply) => {
    checkVersion(request)
    const { after: cursor, wait } = parseOrThrow(ChangesQuery, request.query)
    using at = await atBoard(context, request, 'read')
    const { board } = at
    let { sender } = at
    heldRequests.note(sender.visitor)
    const party = partyOf(sender, board.id)
    let batch = await board.changesSince(cursor, party)
    if (wait !== '0' && batch && batch.to === cursor && board.cursor === cursor) {
      using _held = heldRequests.hold({
        visitor: sender.visitor,
        address: sender.address ?? '',
        connection: request.socket,
      })
      const isMoving = () =>
        Object.values(uploadProgress.snapshot(board.id)).some(
          (arrival) => arrival?.state === 'arriving',
        ) || hasSome(downloadProgress.snapshot(board.id, sender.visitor))
      await whenNews(board, isMoving, request.socket, heldRequests.closing)
      if (heldRequests.closing.aborted) throw new WireError('stopping')
      // The right may have ended meanwhile (F11).
      sender = await senderOf(context, request, 'read')
      batch = await board.changesSince(cursor, party)
    }
    const downloads = downloadProgress.snapshot(board.id, sender.visitor)
    const answer = {
      visitor: sender.visitor,
      role: sender.role,
      now: Date.now(),
      arrivals: uploadProgress.snapshot(board.id),
      ...(hasSome(downloads) && { downloads }),
      build: await readPageBuild(),
    }
    reply.header('cache-control', 'no-store').type('application/json; charset=utf-8')
    const changes = encode(board, batch)
    return await reply.send(`${JSON.stringify(answer).slice(0, -1)},"changes":${changes}}`)
  })

  app.post(
    '/b/:board/commands',
    { bodyLimit: serverLimits.socketFrameBytes },
    async (request, reply): Promise<CommandAnswer> => {
      checkVersion(request)
      parseOrThrow(CommandsQuery, request.query)
      const message = parseOrThrow(Commands, request.body)
      using at = await atBoard(context, request, 'read')
      reply.header('cache-control', 'no-store')
      return await context.heldCommands.submit(at.board, message, at.sender)
    },
  )
}

/** Throws `old-page` for a reader that says another wire version (W7). */
function checkVersion(request: FastifyRequest): void {
  const { wire } = request.query as { wire?: unknown }
  if (wire !== undefined && wire !== String(WIRE_VERSION)) throw new WireError('old-page')
}

const hasSome = (entries: object): boolean => Object.keys(entries).length > 0

/**
 * Resolves when the board changes, and soon when pictures or downloads are on their way. It gives up when the time is
 * over, the reader is gone or the server stops.
 */
async function whenNews(
  board: LiveBoard,
  isMoving: () => boolean,
  connection: Socket,
  closing: AbortSignal,
): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const done = () => resolve()
  const unlisten = board.listen(done)
  const timer = setTimeout(done, HOLD_MS)
  const look = setInterval(() => isMoving() && done(), PROGRESS_INTERVAL_MS)
  closing.addEventListener('abort', done)
  // A response behind another one on its connection isn't told when that closes.
  connection.once('close', done)
  if (closing.aborted || connection.destroyed) done()
  await promise
  unlisten()
  clearTimeout(timer)
  clearInterval(look)
  closing.removeEventListener('abort', done)
  connection.removeListener('close', done)
}

/**
 * Returns a function that encodes changes once for all readers who stand at the same cursor. It returns
 * `null` for a reader who must take a snapshot: because the log doesn't lead there, or it is smaller.
 */
function changesEncoder(): (board: LiveBoard, batch: Batch | null) => string {
  const last = new WeakMap<LiveBoard, EncodedBatch>()
  return (board, batch) => {
    if (!batch) return 'null'
    const known = last.get(board)
    const isSame = known?.batch.from === batch.from && known.batch.to === batch.to
    const encoded = isSame ? known : encodeBatch(batch)
    if (batch.changes.length > 0) last.set(board, encoded)
    return encoded.bytes > VIEWER_BACKLOG_BYTES ? 'null' : encoded.text
  }
}
