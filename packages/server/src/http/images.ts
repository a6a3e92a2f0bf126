import {
  boardOf,
  ClientCommand,
  cleanName,
  ImageFetch,
  type ImageRecord,
  parseOrThrow,
  type StoredImage,
  WireError,
} from '@wirephoto/board'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { DEFAULT_BOARD_ID } from '../boards/boards.ts'
import type { LiveBoard } from '../boards/live-board.ts'
import type { Bounds } from '../bounds.ts'
import { FairSlots } from '../fairness/fair-slots.ts'
import { partyOf } from '../fairness/party.ts'
import type { Fetcher } from '../images/remote-fetch.ts'
import type { ReplacedFiles } from '../images/replaced-files.ts'
import type { DirectPicture, DirectUpload } from '../images/uploads/direct-upload.ts'
import { type HeldLogs, waitsIn } from '../moderation/held-logs.ts'
import {
  atBoard,
  type BoardContext,
  homeOf,
  pictureOf,
  type RequestedBoard,
} from './board-route.ts'
import { declaredLength } from './body.ts'
import {
  acceptForms,
  type Fields,
  formBody,
  PLACE_PARAMETERS,
  parametersOf,
  placeIn,
} from './form.ts'
import { type KeptAnswers, send } from './kept-answers.ts'
import { addressesOf, type PictureAddresses } from './picture-addresses.ts'
import { etagOf, putPicture } from './put-picture.ts'
import { rawBody } from './raw-body.ts'

interface DirectRoutesOptions extends BoardContext {
  readonly directUpload: DirectUpload
  readonly heldLogs: HeldLogs
  /** The largest picture, in bytes. */
  readonly maxUpload: number
  readonly bounds: Bounds
  readonly keptAnswers: KeptAnswers
  readonly replacedFiles: ReplacedFiles
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
    return told(context, request, home.board, await pictureOf(home.board, request))
  })

  app.patch('/api/boards/:board/images/:id', async (request) => {
    using at = await atBoard(context, request, 'image.patch')
    using home = await homeOf(context, at, request)
    const { board } = home
    const { sender } = at
    const { id } = await pictureOf(board, request)
    const command = parseOrThrow(ClientCommand, { kind: 'image.patch', id, set: request.body })
    await board.act([command], sender)
    return told(context, request, board, await pictureOf(board, request))
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
    using keyed = await context.keptAnswers.begin(request, context.guard.visitor(request.raw))
    keyed?.add(JSON.stringify(request.body))
    const known = keyed?.answer()
    if (known) return await send(reply, known)
    const pictures = context.fetcher.read(url, place, partyOf(sender, board.id))
    const stored = await context.directUpload.storeAll(board, sender, pictures, at.ended)
    const answer = storedAnswer(context, request, board, stored)
    keyed?.keep(answer)
    return await send(reply, answer)
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

  const bodyOf = (
    request: FastifyRequest,
    { board, sender }: Pick<RequestedBoard, 'board' | 'sender'>,
    name: string,
    place: DirectPicture['place'],
  ) => {
    const size = declaredLength(request.raw) ?? 0
    if (size > maxUpload) throw new WireError('too-large', { name, size, limit: maxUpload })
    const party = partyOf(sender, board.id)
    return rawBody(request, name, place, (giveWay) => packedBodies.take(party, giveWay))
  }

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
    const pictures = request.isMultipart() ? formBody(request) : bodyOf(request, at, name, place)
    using keyed = await context.keptAnswers.begin(request, context.guard.visitor(request.raw))
    if (keyed?.isKnown) {
      await keyed.count(pictures, maxUpload)
      return await send(reply, keyed.answer()!)
    }
    const counted = keyed?.counted(pictures) ?? pictures
    const stored = await directUpload.storeAll(board, sender, counted, at.ended)
    if (stored.length === 0) throw new WireError('bad-request', { field: 'file' })
    const answer = storedAnswer(context, request, board, stored)
    keyed?.keep(answer)
    return await send(reply, answer)
  }

  app.post('/api/boards/:board/images', (request, reply) => {
    const parameters = parametersOf(request)
    return store(request, reply, cleanName(parameters['name'] ?? ''), parameters)
  })
  app.put('/api/boards/:board/images/:id', async (request, reply) => {
    using at = await atBoard(context, request, 'image.add')
    const parameters = parametersOf(request)
    const name = cleanName(parameters['name'] ?? '')
    const place = placeIn(parameters)
    const { status, board, stored } = await putPicture(context, request, reply, {
      at,
      isPlaced: Object.keys(parameters).length > 0,
      body: () => bodyOf(request, at, name, place),
    })
    reply.header('etag', etagOf(stored))
    if (status === 200) return await reply.send(told(context, request, board, stored))
    return await send(reply, storedAnswer(context, request, board, [stored]))
  })
  for (const url of ['/', '/:name', '/b/:board', '/b/:board/', '/b/:board/:name'])
    app.put(url, (request, reply) => {
      const params = request.params as { board?: string; name?: string }
      params.board ??= DEFAULT_BOARD_ID
      const parameters = parametersOf(request, PLACE_PARAMETERS)
      return store(request, reply, cleanName(params.name ?? ''), parameters)
    })
}

/** Returns a picture's record with its addresses. */
const told = <R extends ImageRecord>(
  context: BoardContext,
  request: FastifyRequest,
  board: LiveBoard,
  record: R,
): R & PictureAddresses => ({ ...record, ...addressesOf(context, request, board.id, record.id) })

/** Returns the answer with the pictures that were added. It says if they wait for a moderator, and aren't on the board. */
function storedAnswer(
  context: BoardContext,
  request: FastifyRequest,
  board: LiveBoard,
  stored: readonly StoredImage[],
): { status: number; location: string | undefined; body: string } {
  const images = stored.map((each) => told(context, request, board, each))
  const isOne = images.length === 1
  const answer = isOne ? images[0]! : { images }
  const location = isOne ? `/api/boards/${boardOf(board.id)}/images/${images[0]!.id}` : undefined
  return waitsIn(board)
    ? { status: 202, location, body: JSON.stringify({ ...answer, held: true }) }
    : { status: 201, location, body: JSON.stringify(answer) }
}
