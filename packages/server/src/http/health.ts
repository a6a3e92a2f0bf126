import { WireError } from '@wirephoto/board'
import type { FastifyInstance } from 'fastify'
import { FRONT } from '../boards/boards.ts'
import type { Parts } from './app.ts'

/** For whoever keeps the server running: is it alive, can it serve. */
export async function healthRoutes(app: FastifyInstance, { engine }: Parts): Promise<void> {
  app.get('/healthz', () => ({ ok: true }))
  app.get('/readyz', async () => {
    const ready = await engine.boards.has(FRONT).catch(() => false)
    if (!ready) throw new WireError('busy')
    return { ok: true }
  })
}
