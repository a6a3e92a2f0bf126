import { AuditQuery, parseOrThrow } from '@wirephoto/board'
import type { FastifyInstance } from 'fastify'
import type { Audit } from '../audit/audit.ts'
import { atBoard, type BoardContext } from './board-route.ts'
import { addressesOf } from './picture-addresses.ts'

const ENTRIES_PER_PAGE_COUNT = 50

interface AuditRoutesOptions extends BoardContext {
  readonly audit: Audit
}

/** Serves what was done to a board, to its owners. */
export async function auditRoutes(
  app: FastifyInstance,
  context: AuditRoutesOptions,
): Promise<void> {
  app.get('/api/boards/:board/audit', async (request, reply) => {
    using at = await atBoard(context, request, 'board.govern')
    const { before, limit = ENTRIES_PER_PAGE_COUNT } = parseOrThrow(AuditQuery, request.query)
    reply.header('cache-control', 'no-store')
    const query = before === undefined ? { limit } : { before, limit }
    const { entries, next } = await context.audit.page(at.board, query)
    const withAddresses = entries.map((entry) => ({
      ...entry,
      pictures: entry.pictures.map((picture) => ({
        ...picture,
        ...addressesOf(context, request, at.board.id, picture.id),
      })),
    }))
    return { entries: withAddresses, next }
  })
}
