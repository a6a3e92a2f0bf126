import type { Readable } from 'node:stream'
import {
  cleanName,
  FileQuery,
  type ImageRecord,
  parseOrThrow,
  STAND_IN_SIDE_PX,
  shownForm,
  VARIANT_SIDES_PX,
  WireError,
} from '@wirephoto/board'
import { create as contentDisposition } from 'content-disposition'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { rangeOf } from '../byte-range.ts'
import type { StoredFiles } from '../images/stored-files.ts'
import { variantKey } from '../images/variant-key.ts'
import type { Variants } from '../images/variants.ts'
import type { HeldLogs } from '../moderation/held-logs.ts'
import {
  atBoard,
  type BoardContext,
  findBlob,
  homeOf,
  type RequestedBoard,
  storedPictureOf,
} from './board-route.ts'

/** Headers for pictures, so that a browser may only show them, whatever their bytes are (F9). */
export const INERT = {
  'content-security-policy': "sandbox; default-src 'none'",
  'x-content-type-options': 'nosniff',
  'cross-origin-resource-policy': 'same-origin',
}

export const IMMUTABLE = 'private, max-age=31536000, immutable'

interface BlobRoutesOptions extends BoardContext {
  readonly files: StoredFiles
  readonly variants: Variants
  readonly heldLogs: HeldLogs
}

/** Serves stored bytes to boards that have a picture with them, and to no other. */
export async function blobRoutes(app: FastifyInstance, context: BlobRoutesOptions): Promise<void> {
  const { files } = context
  const method = ['GET', 'HEAD']

  app.route({
    method,
    url: '/b/:board/blob/:sha256/original',
    exposeHeadRoute: false,
    config: { file: true },
    handler: async (request, reply) => {
      using at = await atBoard(context, request, 'read')
      const { sha256 } = request.params as { sha256: string }
      const { record } = await findShown(context, at, sha256)
      reply.header('cache-control', IMMUTABLE)
      return await sendPicture(files, request, reply, record)
    },
  })

  for (const side of [...VARIANT_SIDES_PX, STAND_IN_SIDE_PX])
    app.route({
      method,
      url: `/b/:board/blob/:sha256/${side}`,
      exposeHeadRoute: false,
      config: { file: true },
      handler: async (request, reply) => {
        using at = await atBoard(context, request, 'read')
        const { sha256 } = request.params as { sha256: string }
        const { board, record } = await findShown(context, at, sha256, side)
        reply.header('cache-control', IMMUTABLE)
        return await sendVariant(context, { request, reply, board, record, side })
      },
    })

  app.route({
    method,
    url: '/api/boards/:board/images/:id/file',
    exposeHeadRoute: false,
    config: { file: true },
    handler: async (request, reply) => {
      using at = await atBoard(context, request, 'read')
      using home = await homeOf(context, at, request)
      const record = await storedPictureOf(home.board, request)
      const isDownload = parseOrThrow(FileQuery, request.query).download !== undefined
      const form = isDownload ? 'original' : shownForm(record)
      const type = isDownload ? 'attachment' : 'inline'
      reply.header('cache-control', 'private, no-cache')
      if (form === STAND_IN_SIDE_PX) {
        reply.header('content-disposition', contentDisposition(standInName(record), { type }))
        const board = home.board.id
        return await sendVariant(context, { request, reply, board, record, side: form })
      }
      // A source is for those who download it. It is never shown, since it could act (F9).
      const file = (isDownload && record.original) || record
      const name = file === record ? fileName(record) : cleanName(record.name)
      reply.header('content-disposition', contentDisposition(name, { type }))
      return await sendPicture(files, request, reply, file)
    },
  })
}

/**
 * Finds a picture that has a blob, and perhaps a variant of it. Those that wait count if the guest may see them. Rejects
 * with `not-found`.
 */
async function findShown(
  { heldLogs }: BlobRoutesOptions,
  { board, sender }: Pick<RequestedBoard, 'board' | 'sender'>,
  sha256: string,
  side?: number,
): Promise<{ readonly board: string; readonly record: ImageRecord }> {
  const record = await findBlob(board, sha256, side)
  if (record) return { board: board.id, record }
  const held = await heldLogs.pictureWithBlob(board, sender, sha256, side)
  if (!held) throw new WireError('not-found')
  return { board: held.log, record: held.image }
}

/** Returns the name of the file. A PNG that was drawn from another file gets its own extension (V6). */
function fileName({ name, type }: ImageRecord): string {
  const clean = cleanName(name)
  return type === 'image/png' ? clean.replace(/\.(?:svg|psd|psb)$/i, '.png') : clean
}

const standInName = ({ name }: ImageRecord): string =>
  cleanName(`${name.replace(/\.[^.]+$/, '')}.webp`)

interface VariantRequest {
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  readonly board: string
  readonly record: ImageRecord
  readonly side: number
}

/**
 * Sends a variant. It is small, and its length is known nowhere else. One that is lost or rotten is made again
 * (C20); until then the page asks again and shows the blur.
 */
async function sendVariant(
  { files, variants }: BlobRoutesOptions,
  { request, reply, board, record, side }: VariantRequest,
): Promise<FastifyReply> {
  const blob = variantKey(record.blob!, side)
  const bytes = await files.readVariant(blob)
  if (!bytes) {
    variants.remake(board, record)
    throw new WireError('not-found')
  }
  const variant = { blob, bytes: bytes.length, type: 'image/webp' } as const
  return sendBytes(request, reply, variant, ({ start, end }) => bytes.subarray(start, end))
}

/** Sends a picture's bytes, or the range that the request names. Rejects with `not-found` while it is arriving. */
export async function sendPicture(
  files: StoredFiles,
  request: FastifyRequest,
  reply: FastifyReply,
  { blob, bytes, type }: Pick<ImageRecord, 'blob' | 'bytes' | 'type'>,
): Promise<FastifyReply> {
  if (blob === null || bytes === null || type === null) throw new WireError('not-found')
  const file = { blob, bytes, type }
  // A HEAD promises what the next GET gets.
  if (request.method === 'HEAD') await files.check(file)
  return sendBytes(request, reply, file, (range) => files.read(file, range))
}

/** Sends bytes of a picture, or the range that the request names, under the sha256 that is their ETag. */
export async function sendBytes(
  request: FastifyRequest,
  reply: FastifyReply,
  { blob, bytes, type }: { blob: string; bytes: number; type: string },
  read: (range: { start: number; end: number }) => Readable | Buffer | Promise<Readable | Buffer>,
): Promise<FastifyReply> {
  const etag = `"${blob}"`
  reply.headers({ ...INERT, 'accept-ranges': 'bytes' })
  const { 'if-none-match': known, 'if-range': only } = request.headers
  if (known !== undefined && (known === '*' || known.includes(etag)))
    return reply.code(304).header('etag', etag).send()

  const range = only === undefined || only === etag ? rangeOf(request.headers.range, bytes) : null
  if (range === 'unsatisfiable') {
    const error = new WireError('bad-request')
    return reply.code(416).header('content-range', `bytes */${bytes}`).send({ error })
  }
  // The bytes come first: an error has none of the headers below.
  const body = request.method === 'HEAD' ? undefined : await read(range ?? { start: 0, end: bytes })
  if (range)
    reply.code(206).header('content-range', `bytes ${range.start}-${range.end - 1}/${bytes}`)
  reply.header('etag', etag).type(type)
  reply.header('content-length', range ? range.end - range.start : bytes)
  return reply.send(body)
}
