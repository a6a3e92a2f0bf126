import multipart from '@fastify/multipart'
import { ClientCommand, cleanName, ImageFetch, parseOrThrow, WireError } from '@wirephoto/board'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { DEFAULT_BOARD_ID } from '../boards/boards.ts'
import type { Fetcher } from '../images/remote-fetch.ts'
import type { DirectPicture, DirectUpload } from '../images/uploads/direct-upload.ts'
import { atBoard, type BoardContext, pictureOf } from './board-route.ts'
import { declaredLength, openBody } from './body.ts'

/** Bytes that a form may add to its files. */
const FORM = 65_536
/** Files of one form. */
const FILES = 50

type Body = AsyncGenerator<DirectPicture>

interface DirectRoutesOptions extends BoardContext {
  readonly directUpload: DirectUpload
  /** The largest picture, in bytes. */
  readonly maxUpload: number
}

interface ImageRoutesOptions extends DirectRoutesOptions {
  readonly fetcher: Fetcher
}

/** Reads, changes, removes, fetches and takes pictures by their addresses. */
export async function imageRoutes(
  app: FastifyInstance,
  context: ImageRoutesOptions,
): Promise<void> {
  app.get('/api/boards/:board/images/:id', (request) =>
    atBoard(context, request, (board) => pictureOf(board, request)),
  )

  app.patch('/api/boards/:board/images/:id', (request) =>
    atBoard(context, request, async (board, sender) => {
      const { id } = await pictureOf(board, request)
      const command = parseOrThrow(ClientCommand, { kind: 'image.patch', id, set: request.body })
      await board.act([command], sender)
      return pictureOf(board, request)
    }),
  )

  app.delete('/api/boards/:board/images/:id', (request, reply) =>
    atBoard(context, request, async (board, sender) => {
      const { id } = await pictureOf(board, request)
      await board.act([{ kind: 'image.remove', id }], sender)
      return reply.code(204).send()
    }),
  )

  app.post('/api/boards/:board/images/from-url', (request, reply) =>
    atBoard(context, request, async (board, sender) => {
      const { url, ...place } = parseOrThrow(ImageFetch, request.body)
      const pictures = context.fetcher.read(url, place)
      const [stored] = await context.directUpload.storeAll(board, sender, pictures)
      return reply.code(201).send(stored)
    }),
  )

  await app.register(async (streams) => {
    streams.removeAllContentTypeParsers()
    streams.addContentTypeParser('*', (_request, _body, done) => done(null))
    // `IncomingFile` cuts a file off before the form's parser would.
    const fileSize = context.maxUpload + 1
    const limits = { files: FILES, fileSize, fields: 20, fieldSize: FORM }
    await streams.register(multipart, { limits })
    streams.addHook('onRoute', (route) => {
      route.config = { ...route.config, streams: true }
    })
    directRoutes(streams, context)
  })
}

/** Takes pictures from scripts: whole in one request, answered when they are stored. */
function directRoutes(app: FastifyInstance, context: DirectRoutesOptions): void {
  const { directUpload, maxUpload } = context

  const take = (request: FastifyRequest, reply: FastifyReply, name: string) =>
    atBoard(context, request, async (board, sender) => {
      const isForm = request.isMultipart()
      const size = declaredLength(request.raw) ?? 0
      if (size > maxUpload + (isForm ? FORM : 0))
        throw new WireError('too-large', { name: isForm ? '' : name, size, limit: maxUpload })
      const pictures = isForm ? formBody(request) : rawBody(request, name)
      const stored = await directUpload.storeAll(board, sender, pictures)
      const [first] = stored
      if (!first) throw new WireError('bad-request')
      return reply.code(201).send(stored.length === 1 ? first : { images: stored })
    })

  app.post('/api/boards/:board/images', (request, reply) =>
    take(request, reply, cleanName(nameOf(request))),
  )
  for (const url of ['/', '/:name', '/b/:board', '/b/:board/', '/b/:board/:name'])
    app.put(url, (request, reply) => {
      const params = request.params as { board?: string; name?: string }
      params.board ??= DEFAULT_BOARD_ID
      return take(request, reply, cleanName(params.name ?? ''))
    })
}

async function* rawBody(request: FastifyRequest, name: string): Body {
  const place = placeOf(request)
  yield { source: openBody(request.raw), name, length: declaredLength(request.raw), place }
}

/** The files of a form; other fields say nothing. */
async function* formBody(request: FastifyRequest): Body {
  const place = placeOf(request)
  openBody(request.raw)
  try {
    for await (const part of request.parts())
      if (part.type === 'file')
        yield {
          source: part.file,
          name: cleanName(part.filename ?? ''),
          length: null,
          place,
          isInForm: true,
        }
  } catch (cause) {
    // The parser throws bare errors at a boundary that it can't use, and at a form that is cut off.
    throw new WireError('bad-request', {}, { cause })
  }
}

/** The name in the address; one that is given twice is none. */
function nameOf(request: FastifyRequest): string {
  const { name } = request.query as { name?: unknown }
  return typeof name === 'string' ? name : ''
}

/** Where the address says that the picture goes, by the same bounds as a page's `image.add`. */
function placeOf(request: FastifyRequest): DirectPicture['place'] {
  const { x, y, w, caption } = request.query as Record<string, string | undefined>
  const number = (text: string | undefined) =>
    text === undefined ? undefined : Number(text || NaN)
  const place = { x: number(x), y: number(y), w: number(w), caption }
  parseOrThrow(ClientCommand, {
    kind: 'image.add',
    id: ANY_ID,
    name: '',
    width: 1,
    height: 1,
    ...place,
  })
  return place
}

const ANY_ID = '00000000-0000-7000-8000-000000000000'
