import { createHash } from 'node:crypto'
import { WireError } from '@wirephoto/board'
import type { FastifyInstance } from 'fastify'
import type { Guard } from '../guard.ts'
import { createPageFileReader } from '../page-build.ts'
import { openApiDocument, type RegisteredRoutes } from './document.ts'

/** The page may load its own files, and ask its server. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "font-src 'self'",
  "img-src 'self' blob:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')
/** Stands in the document for the server's URL, which is the one that a request names. */
const SERVER_URL = 'http://server.invalid'

interface ApiRoutesOptions {
  readonly guard: Pick<Guard, 'urlFor'>
  readonly registered: RegisteredRoutes
  /** The folder of the built page; null for none. */
  readonly webRoot: string | null
  /** The path of the public URL. */
  readonly basePath: string
}

/** Serves the API's document: for programs, and as a page. */
export async function apiRoutes(
  app: FastifyInstance,
  { guard, registered, webRoot, basePath }: ApiRoutesOptions,
): Promise<void> {
  let made: string | null = null
  const document = (): string => {
    made ??= JSON.stringify(openApiDocument(registered, SERVER_URL))
    return made
  }
  const readPage = createPageFileReader(webRoot, 'api.html', basePath)

  app.get('/api/openapi.json', async (request, reply) => {
    const text = document().replace(`"${SERVER_URL}"`, () =>
      JSON.stringify(guard.urlFor(request.raw)),
    )
    const etag = `"${createHash('sha256').update(text).digest('base64url').slice(0, 22)}"`
    reply.headers({ etag, 'cache-control': 'no-cache' })
    if (request.headers['if-none-match']?.includes(etag)) return await reply.code(304).send()
    return await reply.type('application/json; charset=utf-8').send(text)
  })

  app.get('/api', { config: { page: true } }, async (_request, reply) => {
    const file = await readPage()
    if (file === null) throw new WireError('not-found')
    reply.headers({ 'content-security-policy': POLICY, 'cache-control': 'no-cache' })
    return await reply.type('text/html; charset=utf-8').send(file.text)
  })
}
