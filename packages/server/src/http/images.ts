import multipart from '@fastify/multipart'
import { ClientCommand, cleanName, ImageFetch, parseOrThrow, WireError } from '@wirephoto/board'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { DEFAULT_BOARD_ID } from '../boards/boards.ts'
import type { Fetcher } from '../images/remote-fetch.ts'
import type { DirectPicture, DirectUpload } from '../images/uploads/direct-upload.ts'
import { atBoard, type BoardContext, pictureOf } from './board-route.ts'
import { declaredLength, openBody } from './body.ts'

/** Bytes that a form may have besides its files. */
const FORM_OVERHEAD_BYTES = 65_536
const FORM_FILES_COUNT = 50
const FORM_FIELDS_COUNT = 20

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
  app.get('/api/boards/:board/images/:id', async (request) => {
    using at = await atBoard(context, request)
    return await pictureOf(at.board, request)
  })

  app.patch('/api/boards/:board/images/:id', async (request) => {
    using at = await atBoard(context, request)
    const { board, sender } = at
    const { id } = await pictureOf(board, request)
    const command = parseOrThrow(ClientCommand, { kind: 'image.patch', id, set: request.body })
    await board.act([command], sender)
    return await pictureOf(board, request)
  })

  app.delete('/api/boards/:board/images/:id', async (request, reply) => {
    using at = await atBoard(context, request)
    const { board, sender } = at
    const { id } = await pictureOf(board, request)
    await board.act([{ kind: 'image.remove', id }], sender)
    return await reply.code(204).send()
  })

  app.post('/api/boards/:board/images/from-url', async (request, reply) => {
    using at = await atBoard(context, request)
    const { board, sender } = at
    const { url, ...place } = parseOrThrow(ImageFetch, request.body)
    const pictures = context.fetcher.read(url, place)
    const [stored] = await context.directUpload.storeAll(board, sender, pictures)
    return await reply.code(201).send(stored)
  })

  await app.register(async (streams) => {
    streams.removeAllContentTypeParsers()
    streams.addContentTypeParser('*', (_request, _body, done) => done(null))
    // `IncomingFile` cuts a file off before the form's parser would.
    const fileSize = context.maxUpload + 1
    await streams.register(multipart, {
      limits: {
        files: FORM_FILES_COUNT,
        fileSize,
        fields: FORM_FIELDS_COUNT,
        fieldSize: FORM_OVERHEAD_BYTES,
      },
    })
    streams.addHook('onRoute', (route) => {
      route.config = { ...route.config, streams: true }
    })
    directRoutes(streams, context)
  })
}

/** Takes pictures from scripts: whole in one request, answered when they are stored. */
function directRoutes(app: FastifyInstance, context: DirectRoutesOptions): void {
  const { directUpload, maxUpload } = context

  const store = async (request: FastifyRequest, reply: FastifyReply, name: string) => {
    using at = await atBoard(context, request)
    const { board, sender } = at
    const isForm = request.isMultipart()
    const size = declaredLength(request.raw) ?? 0
    if (size > maxUpload + (isForm ? FORM_OVERHEAD_BYTES : 0))
      throw new WireError('too-large', { name: isForm ? '' : name, size, limit: maxUpload })
    const pictures = isForm ? formBody(request) : rawBody(request, name)
    const stored = await directUpload.storeAll(board, sender, pictures)
    const [first] = stored
    if (!first) throw new WireError('bad-request')
    return await reply.code(201).send(stored.length === 1 ? first : { images: stored })
  }

  app.post('/api/boards/:board/images', (request, reply) =>
    store(request, reply, cleanName(nameIn(request))),
  )
  for (const url of ['/', '/:name', '/b/:board', '/b/:board/', '/b/:board/:name'])
    app.put(url, (request, reply) => {
      const params = request.params as { board?: string; name?: string }
      params.board ??= DEFAULT_BOARD_ID
      return store(request, reply, cleanName(params.name ?? ''))
    })
}

async function* rawBody(request: FastifyRequest, name: string): Body {
  const place = placeIn(request)
  yield { source: openBody(request.raw), name, length: declaredLength(request.raw), place }
}

/** Yields the files of a form. Its other fields are ignored. */
async function* formBody(request: FastifyRequest): Body {
  const place = placeIn(request)
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
    // The parser throws bare errors for a boundary that it can't use, and for a form that is cut off.
    throw new WireError('bad-request', {}, { cause })
  }
}

/** Returns the name in the query; none if it is given twice. */
function nameIn(request: FastifyRequest): string {
  const { name } = request.query as { name?: unknown }
  return typeof name === 'string' ? name : ''
}

/** Returns the place in the query, within the bounds of `image.add`. */
function placeIn(request: FastifyRequest): DirectPicture['place'] {
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
