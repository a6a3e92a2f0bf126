import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders } from 'node:http'
import { text } from 'node:stream/consumers'
import { WireError } from '@wirephoto/board'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { NodeClient } from '../bus/node-client.ts'
import { ANSWER_HEADER, PROOF_HEADER, SENDER_HEADER } from '../bus/node-proofs.ts'
import { senderHeader } from '../bus/node-requests.ts'
import type { Peer } from '../bus/server-directory.ts'
import { declaredLength, openBody } from './body.ts'
import type { Guard } from './guard.ts'

/** Headers of one connection alone (RFC 9110 section 7.6.1), and those that are between servers. */
const OWN_HEADERS: ReadonlySet<string> = new Set([
  'connection',
  'expect',
  'keep-alive',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'x-http-method-override',
  ANSWER_HEADER,
  PROOF_HEADER,
  SENDER_HEADER,
])
/** Headers of an answer that the passing server writes itself. */
const REWRITTEN_HEADERS: ReadonlySet<string> = new Set(['content-length', 'date', 'set-cookie'])

interface PassOnContext {
  readonly client: NodeClient
  readonly guard: Pick<Guard, 'visitor' | 'isSecure'>
}

/**
 * Passes a request on to another server, with its body as it comes, and answers as that does. The body is asked for when the
 * other server wants it. A client that breaks off is heard there. Rejects with `server-away`.
 */
export async function passOn(
  context: PassOnContext,
  peer: Peer,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  const { socket } = request.raw
  const left = new AbortController()
  const leave = (): void => left.abort()
  socket.once('close', leave)
  try {
    const { answer, body } = await ask(context, peer, request, left.signal)
    reply.code(answer.statusCode!)
    for (const [name, value] of Object.entries(passedHeaders(answer.headers)))
      if (!REWRITTEN_HEADERS.has(name) && !reply.hasHeader(name)) reply.header(name, value)
    reply.send(body)
  } finally {
    socket.off('close', leave)
  }
}

/** Asks the other server. Resolves when its whole answer is here, which is short. */
async function ask(
  { client, guard }: PassOnContext,
  peer: Peer,
  { raw, method }: FastifyRequest,
  signal: AbortSignal,
): Promise<{ answer: IncomingMessage; body: string }> {
  const hasBody = raw.headers['transfer-encoding'] !== undefined || (declaredLength(raw) ?? 0) > 0
  const { address } = guard.visitor(raw)
  try {
    const answer = await client.ask(peer, {
      method,
      path: raw.url ?? '/',
      sender: senderHeader({ address, isSecure: guard.isSecure(raw) }),
      headers: { ...passedHeaders(raw.headers), ...(hasBody && { expect: '100-continue' }) },
      send(request) {
        if (hasBody) request.once('continue', () => openBody(raw).pipe(request))
        else request.end()
      },
      signal,
    })
    return { answer, body: await text(answer) }
  } catch (cause) {
    // A client that has left is no fault of the other server.
    throw new WireError('server-away', {}, signal.aborted ? {} : { cause })
  }
}

/** Returns the headers that belong to the message, and not to its connection. */
function passedHeaders(headers: IncomingHttpHeaders): OutgoingHttpHeaders {
  const named = String(headers.connection ?? '')
    .split(',')
    .map((name) => name.trim().toLowerCase())
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => !OWN_HEADERS.has(name) && !named.includes(name)),
  )
}
