import { WireError } from '@wirephoto/board'
import type { Engine } from '@wirephoto/engine'
import type { FastifyInstance } from 'fastify'
import { DEFAULT_BOARD_ID } from '../boards/boards.ts'
import { inTime } from '../boards/engine-watch.ts'
import type { Metrics } from '../metrics.ts'

/** Time for the database's answer: those who ask wait only for seconds. */
const READY_TIMEOUT_MS = 2_000

/** Serves what an operator's tools ask: is the server alive, can it serve, how busy is it. */
export async function healthRoutes(
  app: FastifyInstance,
  { engine, metrics }: { engine: Engine; metrics: Metrics },
): Promise<void> {
  app.get('/healthz', () => ({ ok: true }))
  app.get('/readyz', async () => {
    const ready = await inTime(engine.boards.has(DEFAULT_BOARD_ID), READY_TIMEOUT_MS)
    if (!ready) throw new WireError('away')
    return { ok: true }
  })
  app.get('/metrics', async (_request, reply) =>
    reply.type(metrics.registry.contentType).send(await metrics.registry.metrics()),
  )
}
