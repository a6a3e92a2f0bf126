import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { type NewBoard, type NewLink, WireError } from '@wirephoto/board'
import type { ToldLink } from './access/told-links.ts'
import { NODE_PATH } from './bus/link-bus.ts'
import { compose } from './compose.ts'
import type { ServerConfig } from './config.ts'
import { urlsForOthers } from './http/addresses.ts'
import { attach } from './http/attach.ts'
import { answerAndClose } from './http/connections.ts'
import { listen, listenToo, urlOf } from './http/listen.ts'
import { serveMetrics } from './http/metrics-server.ts'
import { createLog } from './log.ts'
import type { CreatedBoard } from './program-boards.ts'
import { basePathOf, isBasePath, parsePublicUrl } from './public-url.ts'
import type { PictureSource, PushedPicture, PushOptions } from './pushed-pictures.ts'

const MAX_UPLOAD_BYTES = 100_000_000
/** Where a server listens that isn't told. */
const THIS_MACHINE = '127.0.0.1'

/**
 * How Wirephoto is set up. Only `data` is needed. With `port` it listens by itself, with `server` it is a part of that
 * one. With neither, hand requests on to `handle` and `handleUpgrade`.
 */
export interface WirephotoOptions extends Partial<ServerConfig> {
  /** The folder for pictures on their way in, and for everything where `engine` is left out. It is made if it isn't there. */
  readonly data: string
  /** The port of a server of its own; 0 for any free one. */
  readonly port?: number
  /** The name or address that a server of its own listens on. Default: `127.0.0.1`, for this machine alone. */
  readonly host?: string
}

/** Boards that are served, and the way to them from the program that they are a part of. */
export interface Wirephoto extends AsyncDisposable {
  /**
   * Answers a request, whole or with the path taken off. For `app.use` of Express, behind your own routes and before
   * anything that reads bodies. Throws a `TypeError` if its body has been read.
   */
  readonly handle: (request: IncomingMessage, response: ServerResponse) => void
  /** Takes a websocket, with the arguments of a server's event `upgrade`. */
  readonly handleUpgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void
  /**
   * Puts a picture on a board, as one of its owners: every page shows it at once. Resolves when it is stored.
   *
   * Rejects with a `WireError`, whose `code` is one of SPEC.md's: `unknown-board`, `bad-request` or `unknown-field` for
   * an option, `too-large`, what a file is refused with (as `not-a-picture` or `damaged`), and `stopping` while it
   * closes. Rejects with the reason of `signal`, and with the error of a stream that fails. Then nothing of it stays.
   *
   * @param board The board's id, as behind `/b/` in its address; `main` is the front board.
   * @param picture The file's bytes, which must stay as they are meanwhile, or a stream of them.
   * @example
   * await wirephoto.push('main', await readFile('loss.png'), { name: 'loss.png', caption: 'Epoch 12' })
   */
  push(board: string, picture: PictureSource, options?: PushOptions): Promise<PushedPicture>
  /**
   * Shows a picture on every page and wall that looks at a board, and keeps it nowhere. Resolves with how many of them
   * there are. Rejects with a `WireError`: `unknown-board`, `stopping`, or what a file is refused with.
   *
   * @param picture The bytes of a JPEG, PNG or WebP, of at most 1 MiB and 4 megapixels.
   */
  show(board: string, picture: Uint8Array): Promise<number>
  /**
   * Makes a board, which opens by its links alone. Resolves with its address and a link of each role: keep what you
   * need, since the secrets in them are told this once. Rejects with a `WireError`: `bad-request` for a title of more
   * than 120 characters.
   *
   * Addresses begin with `publicUrl`, or with the URL of a server of its own; with neither, with `path`.
   *
   * @example
   * const { url, links } = await wirephoto.createBoard({ title: 'Summer fête' })
   * const forGuests = links.find(({ role }) => role === 'add').url
   */
  createBoard(options?: NewBoard): Promise<CreatedBoard>
  /**
   * Makes a link to a board, to hand on: whoever opens it has its role. Rejects with a `WireError`: `unknown-board`,
   * or `bad-request` for the options.
   *
   * @param options The role, `view`, `add`, `edit` or `own`, and a `label` by which owners know it in the board's list.
   */
  createLink(board: string, options: NewLink): Promise<ToldLink>
  /**
   * Ends open requests and pushes, within limits, then closes everything. Somebody else's server goes on without it.
   * Idempotent.
   */
  close(): Promise<void>
}

/** Boards with a server of their own. */
export interface RunningServer extends Wirephoto {
  readonly port: number
  /** Where it is reached, without a slash at the end. */
  readonly url: string
  /** Where other computers reach it, the best first; none if it listens to this one only. */
  readonly urlsForOthers: readonly string[]
  /** The port of `classic.port`; null without one. */
  readonly classicPort: number | null
  /** The port that `/metrics` has for itself; null without one. */
  readonly metricsPort: number | null
}

/**
 * Serves boards: by a server of its own, or as a part of somebody else's. From then on this process makes files for its
 * own user alone. Whatever fails while it closes, the rest is closed too.
 *
 * Rejects with a `TypeError` for options that don't go together, with `EngineError` or `IssuerError`, or with the
 * system's error if it can't listen or write.
 *
 * @example
 * const server = createServer(app).listen(3000)
 * const wirephoto = await createWirephoto({ server, path: '/photos', data: './data' })
 */
export function createWirephoto(
  options: WirephotoOptions & { readonly port: number },
): Promise<RunningServer>
export function createWirephoto(options: WirephotoOptions): Promise<Wirephoto>
export async function createWirephoto(
  options: WirephotoOptions & { readonly port?: number },
): Promise<Wirephoto> {
  const config = configOf(options)
  const log = createLog(config.log ?? 'warn', process.stderr)
  await using stack = new AsyncDisposableStack()
  const { app, metrics, pushedPictures, programBoards, resume } = await compose(config, log, stack)
  const ours = app.server
  const { server: theirs, host, classic, publicUrl, path } = config
  if (theirs) {
    const basePath = basePathOf(publicUrl, path)
    const socketPaths = ['/live', NODE_PATH, ...(classic ? ['/socket.io'] : [])]
    stack.use(attach(theirs, ours, { basePath, socketPaths }))
  }
  const own = options.port === undefined ? null : { port: options.port, host: host! }
  const port = own && (await listen(ours, own, stack))
  const listening = port !== null && {
    port,
    url: urlOf(ours, config),
    urlsForOthers: urlsForOthers(config, port),
    classicPort:
      classic?.port == null ? null : await listenToo(ours, { ...own!, port: classic.port }, stack),
  }
  const metricsPort =
    typeof config.metrics === 'object'
      ? await serveMetrics(metrics, config.metrics, log, stack)
      : null
  resume()
  const opened = stack.move()
  let closed: Promise<void> | undefined
  const close = () => (closed ??= opened.disposeAsync())
  return {
    ...(listening && { ...listening, metricsPort }),
    handle(request, response) {
      if (request.readableDidRead)
        throw new TypeError('The body has been read; hand requests on before what reads bodies.')
      if (closed) answerAndClose(request.socket, new WireError('stopping'))
      else ours.emit('request', request, response)
    },
    handleUpgrade(request, socket, head) {
      if (closed) answerAndClose(socket, new WireError('stopping'))
      else ours.emit('upgrade', request, socket, head)
    },
    push: (...args) => pushedPictures.push(...args),
    show: (...args) => pushedPictures.show(...args),
    createBoard: (...args) => programBoards.create(...args),
    createLink: (...args) => programBoards.createLink(...args),
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** Fills the defaults in. Throws a `TypeError` for options that don't go together, or can't be served. */
function configOf(options: WirephotoOptions): ServerConfig {
  const { port, data, server, host, publicUrl = null, path, classic } = options
  const own = port !== undefined
  if (own && server) throw new TypeError('Give port or server: one listens, the other is yours.')
  if (!own && host !== undefined) throw new TypeError('host goes with port; give that too.')
  if (!own && classic?.port != null)
    throw new TypeError('classic.port goes with port; give that too.')
  if (publicUrl !== null && parsePublicUrl(publicUrl) !== publicUrl)
    throw new TypeError(`publicUrl can't be ${publicUrl}; give one as https://host/photos.`)
  if (path !== undefined && path !== '' && !isBasePath(path))
    throw new TypeError(`path can't be ${path}; give one as /photos, that isn't /api or /b.`)
  if (path !== undefined && basePathOf(publicUrl, path) !== path)
    throw new TypeError('path and publicUrl name two paths; give one.')
  return {
    ...options,
    host: own ? (host ?? THIS_MACHINE) : null,
    publicUrl,
    engine: options.engine ?? `sqlite:${data}`,
    maxUpload: options.maxUpload ?? MAX_UPLOAD_BYTES,
    webRoot: options.webRoot ?? null,
  }
}
