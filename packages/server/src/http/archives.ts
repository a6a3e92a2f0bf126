import { Readable } from 'node:stream'
import {
  type ArchiveAnswer,
  ArchiveQuery,
  limits,
  NewArchive,
  parseOrThrow,
  WireError,
} from '@wirephoto/board'
import { create as contentDisposition } from 'content-disposition'
import type { FastifyInstance } from 'fastify'
import type { Archives, OpenArchive } from '../archive/archives.ts'
import type { DownloadProgress, SentPart } from '../archive/download-progress.ts'
import type { ArchiveAddress } from '../archive/kept-plans.ts'
import type { Bounds } from '../bounds.ts'
import { type ByteRange, rangeOf } from '../byte-range.ts'
import { FairSlots, type Slot } from '../fairness/fair-slots.ts'
import { partyOf } from '../fairness/party.ts'
import { hourly, PartyLimiter } from '../live/party-limiter.ts'
import { INERT } from './blobs.ts'
import { atBoard, type BoardContext } from './board-route.ts'
import type { KeptAnswers } from './kept-answers.ts'

/** An id, with its quotes and the comma behind it. */
const ID_IN_JSON_BYTES = 40
const BODY_BYTES = limits.recordsPerBoard * ID_IN_JSON_BYTES
/** The name of an archive of a board without a title. */
const UNTITLED = 'Pictures'

interface ArchiveRoutesOptions extends BoardContext {
  readonly archives: Archives
  readonly progress: DownloadProgress
  readonly bounds: Bounds
  readonly keptAnswers: KeptAnswers
}

/** Plans archives of a board's pictures, and sends them, or any range of them. */
export async function archiveRoutes(
  app: FastifyInstance,
  context: ArchiveRoutesOptions,
): Promise<void> {
  const { archives, progress, bounds } = context
  const slots = new FairSlots(bounds.archives)
  const planLimiter = new PartyLimiter({
    visitor: hourly(bounds['archives-per-visitor']),
    address: hourly(bounds['archives-per-address']),
  })

  app.post('/api/boards/:board/archives', { bodyLimit: BODY_BYTES }, async (request, reply) => {
    using at = await atBoard(context, request, 'read')
    const { ids = null, form = 'pictures' } = parseOrThrow(NewArchive, request.body ?? {})
    reply.header('cache-control', 'no-store')
    const visitor = context.guard.visitor(request.raw)
    return await context.keptAnswers.once(request, reply, visitor, async () => {
      planLimiter.charge(at.sender)
      const { address, bytes, pictureCount, absent } = await archives.plan(at.board, ids, form)
      const path = pathOf(address)
      const body: ArchiveAnswer = { path, bytes, pictures: pictureCount, absent }
      return { location: path, body }
    })
  })

  app.route({
    method: ['GET', 'HEAD'],
    url: '/api/boards/:board/archive.zip',
    exposeHeadRoute: false,
    config: { file: true },
    handler: async (request, reply) => {
      using held = await atBoard(context, request, 'read')
      const { board, sender } = held
      const query = parseOrThrow(ArchiveQuery, request.query)
      const { at, selection = null, form = 'pictures' } = query
      if (at === undefined) {
        const ids = idsIn(query)
        planLimiter.charge(sender)
        const { address } = await archives.plan(board, ids, form)
        const location = pathOf(address, query.download)
        const headers = { location, 'cache-control': 'no-store' }
        return await reply.code(302).headers(headers).send()
      }
      if (query.ids !== undefined) throw new WireError('bad-request', { field: 'ids' })
      const archive = await archives.open(board, { board: board.id, at, selection, form })
      const { bytes } = archive
      const etag = `"${archive.etag}"`
      reply.headers({ ...INERT, 'accept-ranges': 'bytes', 'cache-control': 'private, no-cache' })
      const { 'if-none-match': known, 'if-range': only, range: asked } = request.headers
      if (known !== undefined && (known === '*' || known.includes(etag)))
        return await reply.code(304).header('etag', etag).send()
      const range = only === undefined || only === etag ? rangeOf(asked, bytes) : null
      if (range === 'unsatisfiable') {
        const error = new WireError('bad-request')
        return await reply.code(416).header('content-range', `bytes */${bytes}`).send({ error })
      }
      const { start, end } = range ?? { start: 0, end: bytes }
      const giveWay = () => request.raw.destroy()
      using slot = slots.take(partyOf(sender, board.id), giveWay)
      const isHead = request.method === 'HEAD'
      using part =
        query.download && !isHead
          ? progress.begin(
              { board: board.id, visitor: sender.visitor, id: query.download, total: bytes },
              { start, end },
            )
          : null
      const body = isHead ? undefined : await bodyOf(archive, { start, end }, slot, part)
      if (range) reply.code(206).header('content-range', `bytes ${start}-${end - 1}/${bytes}`)
      const name = `${archive.title.replace(/[/\\]/g, '-') || UNTITLED}.zip`
      return await reply
        .headers({ etag, 'content-length': end - start })
        .header('content-disposition', contentDisposition(name, { type: 'attachment' }))
        .type('application/zip')
        .send(body)
    },
  })
}

/** Begins to read a range. Whatever goes wrong with its first bytes is answered; later the connection breaks off. */
async function bodyOf(
  archive: OpenArchive,
  range: ByteRange,
  slot: Slot,
  part: SentPart | null,
): Promise<Readable> {
  const chunks = archive.read(range)
  const first = await chunks.next()
  async function* body() {
    try {
      if (!first.done) {
        part?.count(first.value.length)
        yield first.value
      }
      for await (const chunk of chunks) {
        slot.progress()
        part?.count(chunk.length)
        yield chunk
      }
    } finally {
      await chunks.return(undefined)
    }
  }
  return Readable.from(body(), { objectMode: false })
}

/** Returns the ids in the address. Throws `bad-request` for what are none. */
function idsIn({ ids }: { readonly ids?: string | undefined }): readonly string[] | null {
  if (ids === undefined) return null
  return parseOrThrow(NewArchive, { ids: ids.split(',') }).ids ?? null
}

/** Returns the address of an archive, from the server's own on. */
function pathOf({ board, at, selection, form }: ArchiveAddress, download?: string): string {
  const query = new URLSearchParams({ at, ...(selection !== null && { selection }) })
  if (form !== 'pictures') query.set('form', form)
  if (download !== undefined) query.set('download', download)
  return `/api/boards/${board}/archive.zip?${query}`
}
