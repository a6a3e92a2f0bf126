import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { Readable } from 'node:stream'
import { WireError } from '@wirephoto/board'
import {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  fastify,
  LogController,
  type RouteOptions,
} from 'fastify'
import type { Bounds } from '../bounds.ts'
import { ANSWER_HEADER } from '../bus/node-proofs.ts'
import type { NodeRequests } from '../bus/node-requests.ts'
import { toWireError } from '../errors.ts'
import type { LoopTurns } from '../fairness/loop-turns.ts'
import type { Party } from '../fairness/party.ts'
import { inBackground } from '../in-background.ts'
import type { PartyLimiter } from '../live/party-limiter.ts'
import type { RegisteredRoutes } from './api/document.ts'
import { refuseUnused } from './api/unused-input.ts'
import {
  ACCEPTED_CODINGS,
  answerBeforeDrain,
  assertPlain,
  hasUnreadBody,
  openBody,
} from './body.ts'
import { answerAndClose, Connections } from './connections.ts'
import { addVary, headersFor, isPreflight, preflightHeaders } from './cors.ts'
import type { Guard } from './guard.ts'
import { createHttpServer } from './http-server.ts'
import { isNavigation, type ProblemPage } from './problem-page.ts'
import { RequestTurns } from './request-turns.ts'
import { retryAfterOf } from './retry-after.ts'
import { SlowClients } from './slow-clients.ts'
import { tolerantUrl } from './tolerant-url.ts'
import type { TrustedProxies } from './trusted-proxies.ts'

const JSON_BODY_BYTES = 65_536
const PARAM_LENGTH = 4096
const READING_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']

const HEADERS = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  // The URL of an open board is the right to it, so no other site may learn it.
  'referrer-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
}

interface AppOptions {
  readonly guard: Guard
  readonly proxies: TrustedProxies
  /** Tells the requests of other servers. */
  readonly nodeRequests: NodeRequests
  readonly log: FastifyBaseLogger
  readonly bounds: Bounds
  readonly problemPage: ProblemPage
  /** The path of the public URL. */
  readonly basePath: string
  /** Bounds the requests that may change something, by visitor and address. */
  readonly commandLimiter: PartyLimiter
  readonly loopTurns: LoopTurns
  /** Whether pages of other origins may ask. */
  readonly allowsOrigins: boolean
}

interface App {
  readonly app: FastifyInstance
  /** Its addresses, with the methods that they take. */
  readonly registered: RegisteredRoutes
}

/**
 * Makes the HTTP side of a server, which doesn't listen yet.
 *
 * @param routes Registers all of its routes. `registered` has them once the app is ready.
 */
export async function createApp(
  options: AppOptions,
  routes: (app: FastifyInstance, registered: RegisteredRoutes) => Promise<void>,
): Promise<App> {
  const {
    guard,
    proxies,
    nodeRequests,
    log,
    bounds,
    problemPage,
    basePath,
    commandLimiter,
    loopTurns,
  } = options
  const answer = async (request: IncomingMessage, reply: FastifyReply, error: WireError) => {
    const retryAfter = retryAfterOf(error)
    if (retryAfter !== null) reply.header('retry-after', retryAfter)
    // "The server generating a 401 response MUST send a WWW-Authenticate header field" (RFC 9110 section 15.5.2).
    if (error.status === 401) reply.header('www-authenticate', 'Bearer')
    // "If the reason is an unacceptable content coding, the response SHOULD include Accept-Encoding."
    if (error.code === 'wrong-encoding') reply.header('accept-encoding', ACCEPTED_CODINGS)
    reply.code(error.status)
    // The route may have described a body that it then couldn't send.
    for (const name of ['content-encoding', 'content-type']) {
      reply.removeHeader(name)
      reply.raw.removeHeader(name)
    }
    const html = isNavigation(request)
      ? await problemPage.render(error, request.headers['accept-language'])
      : null
    return html === null ? reply.send({ error }) : reply.headers(problemPage.headers).send(html)
  }
  const connections = new Connections({
    max: bounds.connections,
    maxPerAddress: bounds['connections-per-address'],
    proxies,
  })
  const turns = new RequestTurns({
    maxWaiting: bounds['waiting-requests'],
    maxPerConnection: bounds['waiting-requests-per-connection'],
  })
  const slowClients = new SlowClients({
    max: bounds['slow-readers'],
    maxPerAddress: bounds['slow-readers-per-address'],
    answerBytesPerMinute: bounds['answer-rate'],
    bodyBytesPerMinute: bounds['upload-rate'],
    addressOf: (request) => proxies.addressOf(request),
  })
  /** A request that shows no token is counted with the others of its address. */
  const partyOf = (request: IncomingMessage): Party => ({
    address: proxies.addressOf(request),
    board: '',
    visitor: request.headers.authorization ?? request.headers.cookie ?? '',
  })
  const app = fastify({
    loggerInstance: log,
    trustProxy: (address) => proxies.has(address),
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: JSON_BODY_BYTES,
    return503OnClosing: false,
    routerOptions: { maxParamLength: PARAM_LENGTH },
    serverFactory: (handle) =>
      createHttpServer(handle, { connections, turns, slowClients, loopTurns, partyOf, basePath }),
    rewriteUrl: ({ url = '/' }) => tolerantUrl(url),
    frameworkErrors(_error, request, reply) {
      reply.headers(HEADERS)
      const refusal = new WireError('bad-request')
      inBackground(answer(request.raw, reply as unknown as FastifyReply, refusal), log)
    },
    clientErrorHandler({ code }, socket) {
      if (!socket.writable) return
      // Headers that come in drops are no mistake of their sender.
      const isSlow = code === 'ERR_HTTP_REQUEST_TIMEOUT'
      // A browser opens connections ahead. It takes what lies there for the answer to the first thing that it asks.
      if (isSlow && (socket as Socket).bytesRead === 0) return socket.destroy()
      answerAndClose(socket, new WireError(isSlow ? 'busy' : 'bad-request'))
    },
  }) as unknown as FastifyInstance

  app.addHook('onClose', () => slowClients.close())
  const parseJson = app.getDefaultJsonParser('error', 'error')

  const methodsByUrl = new Map<string, Set<string>>()
  app.addHook('onRoute', ({ url, method, config }: RouteOptions) => {
    if (config?.refusesMethods) return
    const known = methodsByUrl.get(url) ?? new Set()
    methodsByUrl.set(url, new Set([...known, ...[method].flat()]))
  })
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(HEADERS)
    const fromServer = nodeRequests.of(request.raw)
    // The other server has checked what it passes on, and its name for this one is its own.
    if (fromServer) reply.header(ANSWER_HEADER, fromServer.answer)
    else guard.check(request.raw, request.is404 ? { file: true } : request.routeOptions.config)
    // Browsers complain about it where they can't keep to it.
    if (guard.isTrustworthy(request.raw)) reply.header('cross-origin-opener-policy', 'same-origin')
    const origin = guard.allowedOriginOf(request.raw)
    if (origin !== null) reply.headers(headersFor(origin))
    // The connections of a proxy are of many people, and those of somebody else's server aren't counted.
    const { socket } = request
    const isPassedOn = proxies.has(socket.remoteAddress) || fromServer?.sender
    if (
      (isPassedOn || !connections.has(socket)) &&
      !connections.admitRequest(fromServer?.sender?.address ?? request.ip, reply.raw)
    )
      throw new WireError('too-many')
    if (origin !== null && isPreflight(request.raw))
      return reply.code(204).headers(preflightHeaders(request.raw)).send()
    // A page may be opened where the cookie's path doesn't reach. Its files are always asked for under it.
    const isOutside = basePath !== '' && request.routeOptions.config.page === true
    const cookie = isOutside || fromServer ? null : guard.visitorCookie(request.raw)
    if (cookie !== null) reply.header('set-cookie', cookie)
    if (READING_METHODS.has(request.method)) return
    commandLimiter.charge(guard.visitor(request.raw))
  })
  app.addHook('preParsing', async ({ raw, routeOptions }) => {
    if (routeOptions.config.streams) return
    assertPlain(raw)
    openBody(raw)
  })
  // A body may be left out, whatever type it is said to have.
  app.removeAllContentTypeParsers()
  const parser = { parseAs: 'string' } as const
  app.addContentTypeParser<string>('application/json', parser, (request, body, done) =>
    body === '' ? done(null) : parseJson(request, body, done),
  )
  app.addContentTypeParser<string>('*', parser, (request, body, done) =>
    body === '' || request.is404 ? done(null) : done(new WireError('wrong-type')),
  )
  app.addHook('preValidation', refuseUnused)
  app.addHook('onSend', async (request, reply, payload) => {
    if (reply.statusCode >= 400) describeError(reply)
    const location = reply.getHeader('location')
    if (typeof location === 'string' && location.startsWith('/'))
      reply.header('location', basePath + location)
    // Caches keep this answer, so it must name no visitor.
    if (String(reply.getHeader('cache-control')).includes('immutable'))
      reply.removeHeader('set-cookie')
    if (options.allowsOrigins) addVary(reply, 'Origin')
    if (!hasUnreadBody(request.raw)) return payload
    reply.header('connection', 'close')
    if (typeof payload !== 'string') return payload
    reply.header('content-length', Buffer.byteLength(payload))
    return Readable.from(answerBeforeDrain(payload, request.raw), { objectMode: false })
  })
  app.setNotFoundHandler(() => {
    throw new WireError('not-found')
  })
  app.setErrorHandler((error, { raw }, reply) =>
    answer(raw, reply, frameworkError(error) ?? toWireError(error, app.log)),
  )

  await routes(app, methodsByUrl)
  for (const [url, methods] of methodsByUrl) refuseOthers(app, url, methods)
  return { app, registered: methodsByUrl }
}

/** Answers the methods that a URL doesn't take. Any name may be sent to, but only files are read. */
function refuseOthers(app: FastifyInstance, url: string, known: ReadonlySet<string>): void {
  const isRead = (each: string) => each === 'GET' || each === 'HEAD'
  const isName = url.endsWith('/:name')
  const method = METHODS.filter((each) => !known.has(each) && !(isName && isRead(each)))
  if (method.length === 0 || url === '/:name' || url.includes('*')) return
  app.route({
    method,
    url,
    config: { streams: true, refusesMethods: true },
    onRequest: async (_request, reply) => {
      reply.header('allow', [...known].join(', '))
      throw new WireError('method-not-allowed')
    },
    handler: () => {},
  })
}

/** Headers of a body that a route had meant to send. */
const BODY_HEADERS = [
  'accept-ranges',
  'content-disposition',
  'content-length',
  'etag',
  'expires',
  'last-modified',
  'location',
  'vary',
]

/**
 * Removes from an error what belongs to a success: caches keep a picture for a year, and must keep no error (E3).
 * The framework may have passed headers on before a file turned out to be unreadable.
 */
function describeError(reply: FastifyReply): void {
  for (const name of BODY_HEADERS) {
    // A condition of the request didn't hold: the answer says which file is there.
    if (name === 'etag' && (reply.statusCode === 409 || reply.statusCode === 412)) continue
    reply.removeHeader(name)
    reply.raw.removeHeader(name)
  }
  if (reply.statusCode !== 416) {
    reply.removeHeader('content-range')
    reply.raw.removeHeader('content-range')
  }
  reply.header('cache-control', 'no-store')
}

/** Returns the error for what the framework's own checks refuse, else null. */
function frameworkError(error: unknown): WireError | null {
  const { code, statusCode } = error as { code?: string; statusCode?: number }
  if (error instanceof WireError || statusCode === undefined || statusCode >= 500) return null
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE')
    return new WireError('too-large', { limit: JSON_BODY_BYTES })
  return new WireError('bad-request', {}, { cause: error })
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The route reads its body itself, as a stream. */
    streams?: boolean
    /** The route is a page: links from other sites lead to it. */
    page?: boolean
    /** The route only says which methods its address takes. */
    refusesMethods?: boolean
    /** The route is a file: a person who follows a link from another site opens it. */
    file?: boolean
  }
}
