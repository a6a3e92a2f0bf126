import { WireError } from '@wirephoto/board'
import type { Engine } from '@wirephoto/engine'
import type { FastifyInstance } from 'fastify'
import { DEFAULT_BOARD_ID } from '../boards/boards.ts'
import type { Metrics } from '../metrics.ts'

/** Serves what an operator's tools ask: is the server alive, can it serve, how busy is it. */
export async function healthRoutes(
  app: FastifyInstance,
  { engine, metrics }: { engine: Engine; metrics: Metrics },
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
