import { parseOrThrow, SlotAddress, WireError } from '@wirephoto/board'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { chunksOf } from '../body-chunks.ts'
import type { Bounds } from '../bounds.ts'
import { FairSlots } from '../fairness/fair-slots.ts'
import { partyOf } from '../fairness/party.ts'
import { PartyLimiter } from '../live/party-limiter.ts'
import { boundaryOf, multipartFrames } from '../slots/multipart-frames.ts'
import { assertFrameBytes, readFrame } from '../slots/read-frame.ts'
import type { Slots } from '../slots/slots.ts'
import { atBoard, type BoardContext } from './board-route.ts'
import { assertPlain, declaredLength, openBody, wholeBody } from './body.ts'
import { answerAndClose } from './connections.ts'
import { addressesOf } from './picture-addresses.ts'

interface SlotRoutesOptions extends BoardContext {
  readonly slots: Slots
  readonly bounds: Bounds
  /** Has everybody who looks at a board see a file that isn't kept. Returns how many pages and walls that are. */
  readonly showFile: (board: string, file: Buffer) => number
}

/** A file that is shown has no name of its own. */
const SHOWN_FILE_NAME = 'picture'

/** Shown in place of a file, it ends what is shown. */
const NOTHING = Buffer.alloc(0)

/** Takes the frames of live slots: one a request, or a stream of them. And files that are shown, and not kept. */
export async function slotRoutes(app: FastifyInstance, context: SlotRoutesOptions): Promise<void> {
  const { bounds, showFile } = context
  const showRate = { count: bounds['frames-per-second'], perSecond: bounds['frames-per-second'] }
  const shows = new PartyLimiter({ visitor: showRate, address: showRate })
  app.delete('/b/:board/show', async (request, reply) => {
    using at = await atBoard(context, request, 'board.show')
    shows.charge(at.sender)
    showFile(at.board.id, NOTHING)
    return await reply.code(204).send()
  })
  await app.register(async (streams) => frameRoutes(streams, context, shows))
}

function frameRoutes(app: FastifyInstance, context: SlotRoutesOptions, shows: PartyLimiter): void {
  const { slots, bounds, showFile } = context
  const bodies = new FairSlots(bounds['frame-bodies'])
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, _body, done) => done(null))

  const push = async (request: FastifyRequest) => {
    using at = await atBoard(context, request, 'image.add')
    const { board, sender, ended } = at
    const { board: _, ...address } = request.params as { board: string; slot: string }
    const { slot: name } = parseOrThrow(SlotAddress, address)
    const { raw } = request
    assertPlain(raw)
    if (request.headers['content-range'] !== undefined)
      throw new WireError('bad-request', { field: 'Content-Range' })
    const boundary = boundaryOf(request.headers['content-type'])
    let slot = slots.open(board, name, sender)
    const giveWay = () => answerAndClose(raw.socket, new WireError('busy'))
    using place = bodies.take(partyOf(sender, board.id), giveWay)
    let [id, frames, skipped] = ['', 0, 0]
    if (boundary === null) {
      if (!slot.takesFrame()) throw tooMany(bounds['frames-per-second'])
      assertFrameBytes(declaredLength(raw) ?? 0, name)
      const body = await wholeBody(chunksOf(openBody(raw), ended), (count) =>
        assertFrameBytes(count, name),
      )
      ended.throwIfAborted()
      id = await slot.push(board, sender, body)
      frames = 1
    } else {
      for await (const frame of multipartFrames(chunksOf(openBody(raw), ended), boundary, name)) {
        place.progress()
        if (slot.isEnded) throw new WireError('not-found')
        if (slot.takesFrame()) {
          slot = slots.open(board, name, sender)
          id = await slot.push(board, sender, frame)
          frames++
        } else skipped++
      }
      if (frames === 0) throw new WireError('empty-file', { name })
    }
    return { id, frames, skipped, ...addressesOf(context, request, board.id, id) }
  }
  for (const url of ['/api/boards/:board/slots/:slot', '/b/:board/live/:slot'])
    app.put(
      url,
      { config: { streams: true } },
      async (request, reply) => await reply.code(202).send(await push(request)),
    )

  app.post('/b/:board/show', { config: { streams: true } }, async (request, reply) => {
    using at = await atBoard(context, request, 'board.show')
    const { board, sender, ended } = at
    const { raw } = request
    assertPlain(raw)
    shows.charge(sender)
    assertFrameBytes(declaredLength(raw) ?? 0, SHOWN_FILE_NAME)
    const giveWay = () => answerAndClose(raw.socket, new WireError('busy'))
    using _place = bodies.take(partyOf(sender, board.id), giveWay)
    const body = await wholeBody(chunksOf(openBody(raw), ended), (count) =>
      assertFrameBytes(count, SHOWN_FILE_NAME),
    )
    ended.throwIfAborted()
    const viewers = showFile(board.id, readFrame(body, SHOWN_FILE_NAME))
    return await reply.code(202).send({ viewers })
  })
}

function tooMany(perSecond: number): WireError {
  const frames = perSecond === 1 ? '1 frame' : `${perSecond} frames`
  return new WireError('too-many', {
    because: `A live slot takes ${frames} a second. Send fewer.`,
    retryAfterS: 1,
  })
}
