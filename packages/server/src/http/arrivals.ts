import { WireError } from '@wirephoto/board'
import type { FastifyInstance } from 'fastify'
import { GrowingFileReaders } from '../images/uploads/growing-file-readers.ts'
import type { Parts } from './app.ts'
import { INERT } from './blobs.ts'
import { atBoard, pictureOf } from './board-route.ts'

/** The longest name that a page may have for itself. */
const PAGE = 64

/** What there is to be seen of a picture on its way. */
export async function arrivalRoutes(app: FastifyInstance, parts: Parts): Promise<void> {
  const { incomingFiles } = parts
  const growingFileReaders = new GrowingFileReaders()
  const headers = { ...INERT, 'cache-control': 'no-store' }

  app.get('/b/:board/arrivals/:id/preview', (request, reply) =>
    atBoard(parts, request, async (board) => {
      const { id } = pictureOf(board, request)
      const preview = await incomingFiles.readPreview(board.id, id)
      if (!preview) throw new WireError('not-found')
      return reply.headers(headers).type('image/webp').send(preview)
    }),
  )

  app.get('/b/:board/arrivals/:id', { exposeHeadRoute: false }, (request, reply) =>
    atBoard(parts, request, async (board, { visitor }) => {
      const { id } = pictureOf(board, request)
      const incomingFile = incomingFiles.findAnnounced(board.id, id)
      if (!incomingFile) throw new WireError('not-found')
      const { page } = request.query as { page?: unknown }
      const reader = typeof page === 'string' ? page.slice(0, PAGE) : ''
      await growingFileReaders
        .send(incomingFile, `${visitor} ${reader}`, (type) => {
          reply.headers({ ...headers, 'content-type': type })
          // A tail that ends early must end its connection; and nothing in between may wait for the rest.
          reply.headers({ connection: 'close', 'x-accel-buffering': 'no' })
          if (incomingFile.length !== null) reply.header('content-length', incomingFile.length)
          // The framework would end what must be cut off.
          reply.hijack()
          reply.raw.writeHead(200, reply.getHeaders() as Record<string, string>)
          reply.raw.flushHeaders()
          return reply.raw
        })
        .catch((error: unknown) => {
          // Begun, so there is nobody left to tell.
          if (!reply.sent) throw error
        })
      return reply
    }),
  )
}
