import { createHash } from 'node:crypto'
import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import fastifyStatic from '@fastify/static'
import { type RefusedTypes, settings, WireError } from '@wirephoto/board'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { LRUCache } from 'lru-cache'
import { type BoardContext, boardIn, senderOf } from './board-route.ts'
import { type Encoding, encodingFor } from './encoding.ts'
import { type LinkPreview, previewPicture, withPreview } from './link-preview.ts'
import { createPageFileReader, type PageFile } from './page-build.ts'
import { createTranslationReader } from './page-languages.ts'

/** The page may load its own files, the pictures, and blobs that it makes itself. */
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

/** The service worker's own policy: it may fetch from its server. */
const WORKER_POLICY = "default-src 'none'; connect-src 'self'"

/** The place in the page for the kinds that its server refuses. */
const NONE_REFUSED = 'name="refused" content=""'

/** The page is a kilobyte: packing it takes less than handing it to another thread. */
const PAGE_BROTLI = { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } }
const pack: Record<Encoding, (text: string) => Buffer> = {
  br: (text) => brotliCompressSync(text, PAGE_BROTLI),
  gzip: (text) => gzipSync(text),
  identity: (text) => Buffer.from(text),
}
/** The page in each encoding, by the names under which it is asked for. */
const PACKED_PAGES_BYTES = 1_000_000

const HASHED_FILE_CACHE = 'public, max-age=31536000, immutable'

interface PageRoutesOptions extends BoardContext {
  /** The folder of the built page; null for the API only. */
  readonly webRoot: string | null
  /** The folder of the tutorials' pages, which go before our own; null for none. */
  readonly classicPages: string | null
  /** The kinds that the operator refuses: the page refuses them before it announces one. */
  readonly refusedTypes: RefusedTypes
  /** The path of the public URL. */
  readonly basePath: string
}

/** Serves the built page, and the tutorials' pages before it. Without either the server is its API only. */
export async function pageRoutes(app: FastifyInstance, context: PageRoutesOptions): Promise<void> {
  const pages = context.classicPages
  const webRoot = (await hasPage(context.webRoot)) ? context.webRoot : null
  const root = [pages, webRoot].filter((folder) => folder !== null)
  if (root.length === 0) return

  app.addHook('onRoute', (route) => {
    const kind = route.url.includes('*') ? { file: true } : { page: true }
    route.config = { ...route.config, ...kind }
  })
  await app.register(fastifyStatic, {
    root,
    index: false,
    extensions: ['html'],
    dotfiles: 'ignore',
    preCompressed: true,
    cacheControl: false,
    setHeaders(response, path) {
      const isHashed = webRoot !== null && path.startsWith(join(webRoot, 'assets'))
      response.header('cache-control', isHashed ? HASHED_FILE_CACHE : 'no-cache')
      // Its compressed forms have longer names.
      if (webRoot !== null && path.startsWith(join(webRoot, 'service-worker.js')))
        response.header('content-security-policy', WORKER_POLICY)
      // The operator's own pages may do what pages do.
      if (pages !== null && path.startsWith(join(pages, '/')))
        for (const name of ['content-security-policy', 'cross-origin-opener-policy'])
          response.removeHeader(name)
    },
  })
  if (await hasPage(pages)) app.get('/', (_request, reply) => reply.sendFile('index.html', pages!))
  if (webRoot === null) return

  const { basePath } = context
  const readPage = createPageFileReader(webRoot, 'index.html', basePath)
  const readTranslation = createTranslationReader(webRoot)
  const refused = [...context.refusedTypes].join(' ')
  const bodies = new LRUCache<string, Buffer>({
    maxSize: PACKED_PAGES_BYTES,
    sizeCalculation: (body, key) => body.length + key.length,
  })
  /** Returns the page. Programs that preview links want the whole URL of the preview picture. */
  const bodyOf = (
    { text, digest }: PageFile,
    { url, preview, encoding }: { url: string; preview: LinkPreview; encoding: Encoding },
  ): Buffer => {
    const key = JSON.stringify([digest, encoding, url, preview])
    const known = bodies.get(key)
    if (known) return known
    const named = withPreview(text, preview)
      .replace(
        `"${basePath}/preview.png"`,
        () => `"${url}${preview.picture?.path ?? '/preview.png'}"`,
      )
      .replace(NONE_REFUSED, `name="refused" content="${refused}"`)
    const body = pack[encoding](named)
    bodies.set(key, body)
    return body
  }

  const sendPage = async (
    request: FastifyRequest,
    reply: FastifyReply,
    { status = 200, ...board }: LinkPreview & { status?: number } = {},
  ) => {
    const file = await readPage()
    if (file === null) throw new WireError('not-found')
    const translation = await readTranslation(request.headers['accept-language'])
    const preview = translation ? { ...board, sentence: translation.preview } : board
    const url = context.guard.urlFor(request.raw)
    const encoding = encodingFor(request)
    const etag = `"${file.digest}.${encoding}.${createHash('sha256')
      .update(JSON.stringify([url, refused, preview]))
      .digest('base64url')
      .slice(0, 8)}"`
    reply.headers({
      'content-security-policy': POLICY,
      'cache-control': preview.picture ? 'private, no-cache' : 'no-cache',
      vary: 'Accept-Encoding, Accept-Language',
      etag,
    })
    if (status === 200 && request.headers['if-none-match']?.includes(etag))
      return reply.code(304).send()
    if (encoding !== 'identity') reply.header('content-encoding', encoding)
    return reply
      .code(status)
      .type('text/html; charset=utf-8')
      .send(bodyOf(file, { url, preview, encoding }))
  }

  if (!(await hasPage(pages))) app.get('/', (request, reply) => sendPage(request, reply))
  for (const view of ['', '/show', '/add'])
    for (const slash of ['', '/']) app.get(`/b/:board${view}${slash}`, sendBoardPage)

  async function sendBoardPage(
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<FastifyReply> {
    const preview = await previewOf(context, request)
    // The page itself says that there is no such board.
    return sendPage(request, reply, preview ?? { status: 404 })
  }
}

/**
 * Tells what a link to the board shows: its title to everybody, and a picture to who may see it. Null if there is no such
 * board. Its page opens for everybody: what it may show is asked when it connects.
 */
async function previewOf(
  context: BoardContext,
  request: FastifyRequest,
): Promise<LinkPreview | null> {
  try {
    using held = await context.boards.hold(boardIn(request))
    const { id, records } = held.board
    const { title } = settings(records)
    const mayRead = await senderOf(context, request, 'read').then(
      () => true,
      () => false,
    )
    const picture = mayRead ? previewPicture(id, records) : null
    return { ...(title && { title }), ...(picture && { picture }) }
  } catch (error) {
    if (error instanceof WireError && error.code === 'unknown-board') return null
    throw error
  }
}

const hasPage = async (folder: string | null): Promise<boolean> =>
  folder !== null &&
  access(join(folder, 'index.html')).then(
    () => true,
    () => false,
  )
