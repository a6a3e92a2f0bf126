import { ArrivalQuery, largePreview, parseOrThrow, WireError } from '@wirephoto/board'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { chunksOf } from '../body-chunks.ts'
import type { Bounds } from '../bounds.ts'
import type { NodeClient } from '../bus/node-client.ts'
import type { NodeRequests } from '../bus/node-requests.ts'
import { GROWING_PATH, type RemoteFile, type RemoteFiles } from '../bus/remote-files.ts'
import { LARGE_PREVIEW_PATH, type RemoteLargePreviews } from '../bus/remote-large-previews.ts'
import { UPLOAD_PATH } from '../bus/upload-servers.ts'
import { partyOf } from '../fairness/party.ts'
import { GrowingFileReaders } from '../images/uploads/growing-file-readers.ts'
import type { IncomingFile } from '../images/uploads/incoming-file.ts'
import type { IncomingFiles } from '../images/uploads/incoming-files.ts'
import type { Previews } from '../images/uploads/previews.ts'
import type { UploadProgress } from '../images/uploads/progress.ts'
import type { HeldLogs } from '../moderation/held-logs.ts'
import { INERT } from './blobs.ts'
import { atBoard, type BoardContext, homeOf, pictureOf } from './board-route.ts'
import { assertPlain, declaredLength, openBody, wholeBody } from './body.ts'
import { passOn } from './pass-on.ts'

interface ArrivalRoutesOptions extends BoardContext {
  readonly incomingFiles: IncomingFiles
  readonly uploadProgress: UploadProgress
  /** The means to reach pictures that come to other servers; null where those aren't reached. */
  readonly others: {
    readonly client: NodeClient
    readonly files: RemoteFiles
    readonly largePreviews: RemoteLargePreviews
  } | null
  readonly nodeRequests: NodeRequests
  readonly previews: Previews
  readonly heldLogs: HeldLogs
  readonly bounds: Bounds
}

/** Serves pictures on their way: previews, and files as they grow. */
export async function arrivalRoutes(
  app: FastifyInstance,
  context: ArrivalRoutesOptions,
): Promise<void> {
  const { incomingFiles, uploadProgress, others, nodeRequests, previews } = context
  const growingFileReaders = new GrowingFileReaders(context.bounds)
  const headers = { ...INERT, 'cache-control': 'no-store' }
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, _body, done) => done(null))

  const servePreview =
    (find: (board: string, id: string) => Promise<Buffer | null>) =>
    async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
      using at = await atBoard(context, request, 'read')
      using home = await homeOf(context, at, request)
      const { id } = await pictureOf(home.board, request)
      const preview = await find(home.board.id, id)
      if (!preview) throw new WireError('not-found')
      return await reply.headers(headers).type('image/webp').send(preview)
    }
  app.get(
    '/b/:board/arrivals/:id/preview',
    servePreview(
      async (board, id) =>
        (await incomingFiles.readPreview(board, id)) ?? uploadProgress.remotePreview(board, id),
    ),
  )
  app.get(
    '/b/:board/arrivals/:id/preview/large',
    servePreview(
      async (board, id) =>
        previews.large.get(board, id) ?? (await others?.largePreviews.read(board, id)) ?? null,
    ),
  )

  app.put(
    '/b/:board/arrivals/:id/preview/large',
    { config: { streams: true } },
    async (request, reply) => {
      using at = await atBoard(context, request, 'image.add')
      using home = await homeOf(context, at, request)
      const { sender, ended } = at
      const { id, name, author } = await pictureOf(home.board, request)
      if (author !== sender.visitor) throw new WireError('not-allowed')
      const { raw } = request
      const other = nodeRequests.of(raw) ? null : otherServerOf(home.board.id, id)
      if (other) return await passOn({ ...context, ...other }, other.peer, request, reply)
      assertPlain(raw)
      const assertBytes = (size: number): void => {
        if (size > largePreview.bytes)
          throw new WireError('too-large', { name, size, limit: largePreview.bytes })
      }
      assertBytes(declaredLength(raw) ?? 0)
      const bytes = await wholeBody(chunksOf(openBody(raw), ended), assertBytes)
      // Its file may be stored by now, or be sent to another server, which isn't reached.
      if (incomingFiles.findAnnounced(home.board.id, id))
        await previews.large.add(home.board, id, bytes, partyOf(sender, at.board.id))
      return await reply.code(204).send()
    },
  )

  app.get('/b/:board/arrivals/:id', { exposeHeadRoute: false }, async (request, reply) => {
    using at = await atBoard(context, request, 'read')
    using home = await homeOf(context, at, request)
    const { board } = home
    const { sender } = at
    const { id } = await pictureOf(board, request)
    const own = incomingFiles.findAnnounced(board.id, id)
    using remote = own ? null : await remoteFileOf(context, board.id, id)
    const incomingFile = own ?? remote
    if (!incomingFile) throw new WireError('not-found')
    const { page = '' } = parseOrThrow(ArrivalQuery, request.query)
    const place = { page: `${sender.visitor} ${page}`, party: partyOf(sender, board.id) }
    return await send(reply, incomingFile, place)
  })

  if (!others) return
  app.get(LARGE_PREVIEW_PATH, { exposeHeadRoute: false }, async (request, reply) => {
    const { board = '', id = '' } = request.query as Partial<Record<string, string>>
    const preview = nodeRequests.of(request.raw) && previews.large.get(board, id)
    if (!preview) throw new WireError('not-found')
    return await reply.headers(headers).type('image/webp').send(preview)
  })

  app.get(GROWING_PATH, { exposeHeadRoute: false }, async (request, reply) => {
    const from = nodeRequests.of(request.raw)?.from
    const { board = '', id = '' } = request.query as Partial<Record<string, string>>
    const incomingFile = from === undefined ? null : incomingFiles.findAnnounced(board, id)
    if (from === undefined || !incomingFile) throw new WireError('not-found')
    // One reader for all of the other server's. It counts as a visitor of its own.
    const party = { address: from, board, visitor: from }
    return await send(reply, incomingFile, { page: `${from} ${board} ${id}`, party })
  })

  app.get(UPLOAD_PATH, { exposeHeadRoute: false }, async (request, reply) => {
    const { board = '', id = '' } = request.query as Partial<Record<string, string>>
    const isHere = incomingFiles.get(board, id) !== undefined
    if (!nodeRequests.of(request.raw) || !isHere) throw new WireError('not-found')
    return await reply.code(204).send()
  })

  /** Returns the server that a picture's file comes to, if it is another one that lives; else null. */
  function otherServerOf(board: string, id: string) {
    if (!others || incomingFiles.findAnnounced(board, id)) return null
    const { client } = others
    const peer = client.find(uploadProgress.serverOf(board, id) ?? '')
    return peer && { client, peer }
  }

  async function send(
    reply: FastifyReply,
    incomingFile: IncomingFile | RemoteFile,
    place: Parameters<GrowingFileReaders['send']>[1],
  ): Promise<FastifyReply> {
    await growingFileReaders
      .send(incomingFile, place, (type) => {
        reply.headers({ ...headers, 'content-type': type })
        // An upload that fails must end the connection. Proxies must not wait for the rest.
        reply.headers({ connection: 'close', 'x-accel-buffering': 'no' })
        if (incomingFile.length !== null) reply.header('content-length', incomingFile.length)
        // Fastify would end a response that has to be cut off.
        reply.hijack()
        reply.raw.writeHead(200, reply.getHeaders() as Record<string, string>)
        reply.raw.flushHeaders()
        return reply.raw
      })
      .catch((error: unknown) => {
        // The response has begun, so there is no other way to tell of an error.
        if (!reply.sent) throw error
      })
    return await reply
  }
}

/** Opens a file that grows on another server; null for none. */
async function remoteFileOf(
  { uploadProgress, others }: ArrivalRoutesOptions,
  board: string,
  id: string,
): Promise<RemoteFile | null> {
  const server = uploadProgress.serverOf(board, id)
  return server === null || !others ? null : others.files.read(server, board, id)
}
