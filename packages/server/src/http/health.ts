import { WireError } from '@wirephoto/board'
import type { FastifyInstance } from 'fastify'
import type { Metrics } from '../metrics.ts'
import type { Readiness } from '../readiness.ts'

/** A probe that fails is worth another one soon. */
const RETRY_AFTER_S = 1

/**
 * Serves what an operator's tools ask: is the server alive, can it save, how busy is it. `metrics` is null where they
 * aren't for those who reach the boards.
 */
export async function healthRoutes(
  app: FastifyInstance,
  { readiness, metrics }: { readiness: Readiness; metrics: Metrics | null },
): Promise<void> {
  app.get('/healthz', () => ({ ok: true }))
  app.get('/readyz', async (_request, reply) => {
    const reasons = await readiness.reasons()
    const crossing = { bus: readiness.busKind, stays: readiness.stays }
    const faults = reasons.map(({ code, message }) => ({ code, message }))
    if (!reasons.some(({ stopsSaving }) => stopsSaving)) return { ok: true, ...crossing, faults }
    const isStopping = reasons.some(({ code }) => code === 'stopping')
    const error = new WireError(isStopping ? 'stopping' : 'away')
    return reply
      .code(error.status)
      .header('retry-after', String(RETRY_AFTER_S))
      .send({ ok: false, error, ...crossing, faults })
  })
  if (metrics === null) return
  app.get('/metrics', async (_request, reply) =>
    reply.type(metrics.registry.contentType).send(await metrics.read()),
  )
}
