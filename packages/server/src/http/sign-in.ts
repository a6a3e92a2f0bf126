import { parseOrThrow, SignInQuery, signInReasons, WireError } from '@wirephoto/board'
import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import type { Access } from '../access/access.ts'
import { deviceOf } from '../access/device.ts'
import { DEFAULT_BOARD_ID } from '../boards/boards.ts'
import type { SignInFlow, SignInProvider } from '../sign-in/sign-in.ts'
import type { Guard } from './guard.ts'

const SIGN_IN = '/api/owner/sign-in'
/** Where the provider sends people back. Operators tell it to the provider. */
const CALLBACK = '/api/owner/callback'
/** How long somebody may take at the provider. */
const FLOW_LIFE_S = 600
/** A state, a nonce and a PKCE verifier of 256 bits each, then the board. */
const KEPT_FLOW = /^([\w-]{43})([\w-]{43})([\w-]{43})([\w-]{1,64})$/

interface SignInRoutesOptions {
  readonly access: Access
  readonly guard: Guard
  /** Null where nobody signs in. */
  readonly signIn: SignInProvider | null
  readonly log: Pick<FastifyBaseLogger, 'info'>
}

/** Makes a person the server's owner whom the operator has listed, and whom an OpenID Connect provider knows. */
export async function signInRoutes(
  app: FastifyInstance,
  { access, guard, signIn, log }: SignInRoutesOptions,
): Promise<void> {
  const { cookies } = guard
  app.addHook('onRequest', async (_request, reply) => {
    reply.header('cache-control', 'no-store')
    if (!signIn) throw new WireError('not-found')
  })

  app.get(SIGN_IN, { exposeHeadRoute: false }, async (request, reply) => {
    const { board = DEFAULT_BOARD_ID } = parseOrThrow(SignInQuery, request.query)
    const { url, flow } = await signIn!.begin(guard.urlFor(request.raw) + CALLBACK)
    const kept = flow.state + flow.nonce + flow.verifier + board
    reply.header('set-cookie', cookies.set(request.raw, 'signIn', kept, FLOW_LIFE_S))
    return reply.redirect(url.href, 303)
  })

  // A link on the provider's site leads here.
  app.get(CALLBACK, { exposeHeadRoute: false, config: { page: true } }, async (request, reply) => {
    const kept = keptFlow(cookies.read(request.raw, 'signIn'))
    reply.header('set-cookie', cookies.clear(request.raw, 'signIn'))
    const { address } = guard.visitor(request.raw)
    const query = new URL(request.url, 'http://localhost').search
    const answer = new URL(guard.urlFor(request.raw) + CALLBACK + query)
    const person = await access.wrongTries.attempt(address, ['sign-in-failed'], async () => {
      if (!kept) throw new WireError('sign-in-failed', { because: signInReasons.foreign })
      const found = await signIn!.finish(answer, kept.flow)
      if (access.ownerSessions.isListed(found)) return found
      const isUnverified = !found.isVerified && access.ownerSessions.isListedAddress(found.email)
      const told = isUnverified ? signInReasons.unverified : signInReasons.unlisted
      throw new WireError('sign-in-failed', { because: told(found.email ?? found.sub) })
    })
    const { issuer, sub, email, isVerified } = person
    const { token, lifeS } = await access.ownerSessions.begin(
      deviceOf(request.headers['user-agent']),
      guard.asker(request.raw).ownerSession,
      { issuer, sub, email: isVerified ? email : null },
    )
    log.info('somebody signed in as the owner of the server')
    reply.header('set-cookie', cookies.set(request.raw, 'owner', token, lifeS))
    return reply.redirect(kept!.board === DEFAULT_BOARD_ID ? '/' : `/b/${kept!.board}`, 303)
  })
}

function keptFlow(kept: string | undefined): { flow: SignInFlow; board: string } | null {
  const [, state, nonce, verifier, board] = KEPT_FLOW.exec(kept ?? '') ?? []
  if (!state || !nonce || !verifier || !board) return null
  return { flow: { state, nonce, verifier }, board }
}
