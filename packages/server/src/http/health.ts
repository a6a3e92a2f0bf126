import { WireError } from '@wirephoto/board'
import type { FastifyInstance } from 'fastify'
import { DEFAULT_BOARD_ID } from '../boards/boards.ts'
import type { Parts } from './app.ts'

/** For whoever keeps the server running: is it alive, can it serve, how does it do. */
export async function healthRoutes(
  app: FastifyInstance,
  { engine, metrics }: Parts,
): Promise<void> {
  app.get('/healthz', () => ({ ok: true }))
  app.get('/readyz', async () => {
    const ready = await engine.boards.has(DEFAULT_BOARD_ID).catch(() => false)
    if (!ready) throw new WireError('busy')
    return { ok: true }
  })
  app.get('/metrics', async (_request, reply) =>
    reply.type(metrics.registry.contentType).send(await metrics.registry.metrics()),
  )
}
