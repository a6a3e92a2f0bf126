import { createHash } from 'node:crypto'
import { boardOf, type ImageRecord, parseOrThrow, SlotAddress, WireError } from '@wirephoto/board'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { LiveBoard } from '../boards/live-board.ts'
import { sniff } from '../images/decoding/sniff.ts'
import type { StoredFiles } from '../images/stored-files.ts'
import type { SlotFrames } from '../slots/slot-frames.ts'
import { shownTiles, tileOf } from '../slots/slot-tiles.ts'
import type { Slots } from '../slots/slots.ts'
import { IMMUTABLE, sendBytes, sendPicture } from './blobs.ts'
import { atBoard, type BoardContext } from './board-route.ts'
import { addressesOf } from './picture-addresses.ts'

interface SlotReadsOptions extends BoardContext {
  readonly slots: Slots
  readonly slotFrames: SlotFrames
  readonly files: StoredFiles
}

const SLOTS = '/api/boards/:board/slots'
const method = ['GET', 'HEAD']

/** Lists live slots, serves their frames, and ends them. */
export async function slotReadRoutes(
  app: FastifyInstance,
  context: SlotReadsOptions,
): Promise<void> {
  const { slots, slotFrames, files, guard } = context
  const slotUrl = (request: FastifyRequest, board: LiveBoard, name: string): string =>
    `${guard.urlFor(request.raw)}/api/boards/${boardOf(board.id)}/slots/${name}`

  app.get(SLOTS, async (request) => {
    using at = await atBoard(context, request, 'read')
    const { board } = at
    const told = shownTiles(board.records).map((tile) => ({
      name: tile.slot!,
      id: tile.id,
      ...slots.times.of(tile),
      frameUrl: slotUrl(request, board, tile.slot!),
      ...addressesOf(context, request, board.id, tile.id),
    }))
    return { slots: told }
  })

  app.route({
    method,
    url: `${SLOTS}/:slot`,
    exposeHeadRoute: false,
    config: { file: true },
    handler: async (request, reply) => {
      using at = await atBoard(context, request, 'read')
      const tile = await slotIn(request, at.board)
      reply.header('cache-control', 'private, no-cache')
      const bytes = slots.newest(at.board.id, tile)
      if (!bytes) return await sendPicture(files, request, reply, tile)
      const blob = createHash('sha256').update(bytes).digest('hex')
      const file = { blob, bytes: bytes.length, type: sniff(bytes, tile.name) }
      return await sendBytes(request, reply, file, ({ start, end }) => bytes.subarray(start, end))
    },
  })

  app.get(`${SLOTS}/:slot/frames`, async (request) => {
    using at = await atBoard(context, request, 'read')
    const tile = await slotIn(request, at.board)
    const url = `${slotUrl(request, at.board, tile.slot!)}/frames`
    const stored = await slotFrames.list(at.board.id, tile)
    return { frames: stored.map((frame) => ({ ...frame, url: `${url}/${frame.blob}` })) }
  })

  app.route({
    method,
    url: `${SLOTS}/:slot/frames/:sha256`,
    exposeHeadRoute: false,
    config: { file: true },
    handler: async (request, reply) => {
      using at = await atBoard(context, request, 'read')
      const { sha256 } = request.params as { sha256: string }
      const tile = await slotIn(request, at.board)
      const frame = await slotFrames.find(at.board.id, tile, sha256)
      if (!frame) throw new WireError('not-found')
      reply.header('cache-control', IMMUTABLE)
      return await sendPicture(files, request, reply, frame)
    },
  })

  app.delete(`${SLOTS}/:slot`, async (request, reply) => {
    using at = await atBoard(context, request, 'image.revert')
    await slots.end(at.board, nameIn(request), at.sender)
    return await reply.code(204).send()
  })
}

/** Returns the tile of the slot that the URL names, if it is on the board. Rejects with `not-found`. */
async function slotIn(request: FastifyRequest, board: LiveBoard): Promise<ImageRecord> {
  const name = nameIn(request)
  let tile = tileOf(board.records, name)
  if (!tile) {
    await board.refresh()
    tile = tileOf(board.records, name)
  }
  if (!tile || tile.deletedAt !== null) throw new WireError('not-found')
  return tile
}

function nameIn(request: FastifyRequest): string {
  const { slot } = request.params as { slot: string }
  return parseOrThrow(SlotAddress, { slot }).slot
}
