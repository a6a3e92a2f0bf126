import { ArrivalQuery, parseOrThrow, WireError } from '@wirephoto/board'
import type { FastifyInstance } from 'fastify'
import type { Bounds } from '../bounds.ts'
import { partyOf } from '../fairness/party.ts'
import { GrowingFileReaders } from '../images/uploads/growing-file-readers.ts'
import type { IncomingFiles } from '../images/uploads/incoming-files.ts'
import type { UploadProgress } from '../images/uploads/progress.ts'
import type { HeldLogs } from '../moderation/held-logs.ts'
import { INERT } from './blobs.ts'
import { atBoard, type BoardContext, homeOf, pictureOf } from './board-route.ts'

interface ArrivalRoutesOptions extends BoardContext {
  readonly incomingFiles: IncomingFiles
  readonly uploadProgress: UploadProgress
  readonly heldLogs: HeldLogs
  readonly bounds: Bounds
}

/** Serves pictures on their way: previews, and files as they grow. */
export async function arrivalRoutes(
  app: FastifyInstance,
  context: ArrivalRoutesOptions,
): Promise<void> {
  const { incomingFiles, uploadProgress } = context
  const growingFileReaders = new GrowingFileReaders(context.bounds)
  const headers = { ...INERT, 'cache-control': 'no-store' }

  app.get('/b/:board/arrivals/:id/preview', async (request, reply) => {
    using at = await atBoard(context, request, 'read')
    using home = await homeOf(context, at, request)
    const { board } = home
    const { id } = await pictureOf(board, request)
    const preview =
      (await incomingFiles.readPreview(board.id, id)) ?? uploadProgress.remotePreview(board.id, id)
    if (!preview) throw new WireError('not-found')
    return await reply.headers(headers).type('image/webp').send(preview)
  })

  app.get('/b/:board/arrivals/:id', { exposeHeadRoute: false }, async (request, reply) => {
    using at = await atBoard(context, request, 'read')
    using home = await homeOf(context, at, request)
    const { board } = home
    const { sender } = at
    const { id } = await pictureOf(board, request)
    const incomingFile = incomingFiles.findAnnounced(board.id, id)
    if (!incomingFile) throw new WireError('not-found')
    const { page = '' } = parseOrThrow(ArrivalQuery, request.query)
    const place = { page: `${sender.visitor} ${page}`, party: partyOf(sender, board.id) }
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
  })
}
