import { ClientCommand, cleanName, ImageFetch, parseOrThrow, WireError } from '@wirephoto/board'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { DEFAULT_BOARD_ID } from '../boards/boards.ts'
import type { LiveBoard } from '../boards/live-board.ts'
import type { Bounds } from '../bounds.ts'
import { FairSlots, type Slot } from '../fairness/fair-slots.ts'
import { partyOf } from '../fairness/party.ts'
import type { Fetcher } from '../images/remote-fetch.ts'
import type { DirectPicture, DirectUpload } from '../images/uploads/direct-upload.ts'
import { type HeldLogs, waitsIn } from '../moderation/held-logs.ts'
import { atBoard, type BoardContext, homeOf, pictureOf } from './board-route.ts'
import { declaredLength, decodedBody, isPacked, plainLength } from './body.ts'
import { answerAndClose } from './connections.ts'
import {
  acceptForms,
  type Fields,
  formBody,
  PLACE_PARAMETERS,
  parametersOf,
  placeIn,
} from './form.ts'

interface DirectRoutesOptions extends BoardContext {
  readonly directUpload: DirectUpload
  readonly heldLogs: HeldLogs
  /** The largest picture, in bytes. */
  readonly maxUpload: number
  readonly bounds: Bounds
}

interface ImageRoutesOptions extends DirectRoutesOptions {
  readonly fetcher: Fetcher
}

/** Reads, changes, removes, fetches and takes pictures by their addresses. */
export async function imageRoutes(
  app: FastifyInstance,
  context: ImageRoutesOptions,
): Promise<void> {
  app.get('/api/boards/:board/images/:id', async (request) => {
    using at = await atBoard(context, request, 'read')
    using home = await homeOf(context, at, request)
    return await pictureOf(home.board, request)
  })

  app.patch('/api/boards/:board/images/:id', async (request) => {
    using at = await atBoard(context, request, 'image.patch')
    using home = await homeOf(context, at, request)
    const { board } = home
    const { sender } = at
    const { id } = await pictureOf(board, request)
    const command = parseOrThrow(ClientCommand, { kind: 'image.patch', id, set: request.body })
    await board.act([command], sender)
    return await pictureOf(board, request)
  })

  app.delete('/api/boards/:board/images/:id', async (request, reply) => {
    using at = await atBoard(context, request, 'image.remove')
    using home = await homeOf(context, at, request)
    const { board } = home
    const { sender } = at
    const { id } = await pictureOf(board, request)
    await board.act([{ kind: 'image.remove', id }], sender)
    return await reply.code(204).send()
  })

  app.post('/api/boards/:board/images/from-url', async (request, reply) => {
    using at = await atBoard(context, request, 'image.add')
    const { sender } = at
    using target = await context.heldLogs.openFor(at.board, sender)
    const { board } = target
    const { url, ...place } = parseOrThrow(ImageFetch, request.body)
    const pictures = context.fetcher.read(url, place, partyOf(sender, board.id))
    const [stored] = await context.directUpload.storeAll(board, sender, pictures, at.ended)
    return await sendStored(reply, board, stored!)
  })

  await app.register(async (streams) => {
    streams.removeAllContentTypeParsers()
    streams.addContentTypeParser('*', (_request, _body, done) => done(null))
    await acceptForms(streams, context.maxUpload)
    streams.addHook('onRoute', (route) => {
      route.config = { ...route.config, streams: true }
    })
    directRoutes(streams, context)
  })
}

/** Takes pictures from scripts: whole in one request, answered when they are stored. */
function directRoutes(app: FastifyInstance, context: DirectRoutesOptions): void {
  const { directUpload, maxUpload } = context
  const packedBodies = new FairSlots(context.bounds['packed-bodies'])

  const store = async (
    request: FastifyRequest,
    reply: FastifyReply,
    name: string,
    parameters: Fields,
  ) => {
    using at = await atBoard(context, request, 'image.add')
    const { sender } = at
    // "An origin server SHOULD respond with a 400 […] if it receives Content-Range on a PUT" (RFC 9110).
    if (request.headers['content-range'] !== undefined)
      throw new WireError('bad-request', { field: 'Content-Range' })
    const place = placeIn(parameters)
    using target = await context.heldLogs.openFor(at.board, sender)
    const { board } = target
    const isForm = request.isMultipart()
    const size = declaredLength(request.raw) ?? 0
    if (!isForm && size > maxUpload)
      throw new WireError('too-large', { name, size, limit: maxUpload })
    const pictures = isForm
      ? formBody(request)
      : rawBody(request, name, place, (giveWay) =>
          packedBodies.take(partyOf(sender, board.id), giveWay),
        )
    const stored = await directUpload.storeAll(board, sender, pictures, at.ended)
    const [first] = stored
    if (!first) throw new WireError('bad-request', { field: 'file' })
    return await sendStored(reply, board, stored.length === 1 ? first : { images: stored })
  }

  app.post('/api/boards/:board/images', (request, reply) => {
    const parameters = parametersOf(request)
    return store(request, reply, cleanName(parameters['name'] ?? ''), parameters)
  })
  for (const url of ['/', '/:name', '/b/:board', '/b/:board/', '/b/:board/:name'])
    app.put(url, (request, reply) => {
      const params = request.params as { board?: string; name?: string }
      params.board ??= DEFAULT_BOARD_ID
      const parameters = parametersOf(request, PLACE_PARAMETERS)
      return store(request, reply, cleanName(params.name ?? ''), parameters)
    })
}

/** Answers with what was added. It says if that waits for a moderator, and isn't on the board. */
const sendStored = (reply: FastifyReply, board: LiveBoard, stored: object): FastifyReply =>
  waitsIn(board) ? reply.code(202).send({ ...stored, held: true }) : reply.code(201).send(stored)

async function* rawBody(
  { raw }: FastifyRequest,
  name: string,
  place: DirectPicture['place'],
  takeSlot: (giveWay: () => void) => Slot,
): AsyncGenerator<DirectPicture> {
  const source = decodedBody(raw, name)
  // A few hundred bytes may unpack to a whole upload, and cost a second of this machine.
  // The unpacking waits for bytes, and hears of nothing else but the end of its connection.
  const giveWay = () => answerAndClose(raw.socket, new WireError('busy'))
  using _slot = isPacked(raw) ? takeSlot(giveWay) : undefined
  try {
    yield { source, name, length: plainLength(raw), place }
  } finally {
    if (source !== raw) source.destroy()
  }
}
