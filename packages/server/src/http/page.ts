import { access } from 'node:fs/promises'
import { join } from 'node:path'
import fastifyStatic from '@fastify/static'
import { WireError } from '@wirephoto/board'
import type { FastifyInstance, FastifyReply } from 'fastify'
import { atBoard } from './address.ts'
import type { Parts } from './app.ts'

/** What the page may load: its own files, the pictures, and what it makes itself as blobs. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' blob: data:",
  "media-src 'self' blob:",
  "font-src 'self' data:",
  "connect-src 'self'",
  "worker-src 'self' blob:",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ')

const FOREVER = 'public, max-age=31536000, immutable'

/** The built page. Without it the server is its API only. */
export async function pageRoutes(app: FastifyInstance, parts: Parts): Promise<void> {
  const { webRoot } = parts
  if (webRoot === null || !(await exists(join(webRoot, 'index.html')))) return

  await app.register(fastifyStatic, {
    root: webRoot,
    index: false,
    preCompressed: true,
    cacheControl: false,
    setHeaders(response, path) {
      const isHashed = path.startsWith(join(webRoot, 'assets'))
      response.header('cache-control', isHashed ? FOREVER : 'no-cache')
    },
  })

  const page = (reply: FastifyReply, status = 200) =>
    reply.code(status).header('content-security-policy', POLICY).sendFile('index.html')

  app.get('/', (_request, reply) => page(reply))
  app.get('/b/:board', async (request, reply) => {
    const found = await atBoard(parts, request, () => true).catch((error: unknown) => {
      if (error instanceof WireError && error.code === 'unknown-board') return false
      throw error
    })
    // The page itself says it, in words that a person can act on.
    return page(reply, found ? 200 : 404)
  })
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )
