import {
  AccessPatch,
  JoinRequest,
  LinkPatch,
  NewLink,
  parseOrThrow,
  type Role,
  SessionRequest,
  WireError,
} from '@wirephoto/board'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Access, Exchange } from '../access/access.ts'
import type { MadeLink } from '../access/links.ts'
import type { AccessRule } from '../access/records.ts'
import { DEFAULT_BOARD_ID } from '../boards/boards.ts'
import { type BoardContext, boardIn, senderOf } from './board-route.ts'

const SESSION = '/api/boards/:board/session'
const LINKS = '/api/boards/:board/links'
const RULE = '/api/boards/:board/access'

interface AccessRoutesOptions extends BoardContext {
  readonly access: Access
  /** Returns the address of a board's page. */
  readonly pageOf: (board: string) => string
}

/** A link in an answer: its address holds the secret. */
export interface ToldLink {
  readonly id: string
  readonly role: Role
  readonly url: string
}

/** Tells a link that was just made, once. */
const toldLink = ({ id, role, secret }: MadeLink, page: string): ToldLink => ({
  id,
  role,
  url: `${page}#${secret}`,
})

/** Tells who just got a board what it is, with the links that were made for it. */
export const ownBoard = (id: string, url: string, links: readonly MadeLink[]) =>
  ({ id, url, role: 'own', links: links.map((link) => toldLink(link, url)) }) as const

/** Exchanges the secrets of links for rights, and keeps the links of boards. */
export async function accessRoutes(
  app: FastifyInstance,
  context: AccessRoutesOptions,
): Promise<void> {
  const { access, guard, pageOf } = context
  app.addHook('onRequest', async (_request, reply) => {
    // A secret is told once, and a role is true for now.
    reply.header('cache-control', 'no-store')
  })

  const exchangeOf = (request: FastifyRequest, passphrase?: string): Exchange => ({
    asker: guard.asker(request.raw),
    address: guard.visitor(request.raw).address,
    passphrase,
  })

  app.post(SESSION, async (request) => {
    const board = boardIn(request)
    const { secret, passphrase } = parseOrThrow(SessionRequest, request.body)
    return { role: await access.exchange(exchangeOf(request, passphrase), board, secret) }
  })

  app.get(SESSION, async (request) => {
    const { role } = await senderOf(context, request, 'read')
    return { role }
  })

  app.delete(SESSION, async (request, reply) => {
    await access.grants.take(guard.asker(request.raw).token, boardIn(request))
    return reply.code(204).send()
  })

  app.get(LINKS, async (request) => {
    await senderOf(context, request, 'board.govern')
    return { links: await access.links.list(boardIn(request)) }
  })

  app.post(LINKS, async (request, reply) => {
    await senderOf(context, request, 'board.govern')
    const board = boardIn(request)
    const made = await access.links.make(board, parseOrThrow(NewLink, request.body))
    return reply.code(201).send(toldLink(made, pageOf(board)))
  })

  app.post(`${LINKS}/:id/renew`, async (request) => {
    await senderOf(context, request, 'board.govern')
    const board = boardIn(request)
    const { id } = request.params as { id: string }
    const made = await access.renew(guard.asker(request.raw), board, id)
    return toldLink(made, pageOf(board))
  })

  app.patch(`${LINKS}/:id`, async (request) => {
    await senderOf(context, request, 'board.govern')
    const { id: named } = request.params as { id: string }
    const patch = parseOrThrow(LinkPatch, request.body)
    const { id, role, label, madeAt } = await access.changeLink(boardIn(request), named, patch)
    return { id, role, label, madeAt }
  })

  app.delete(`${LINKS}/:id`, async (request, reply) => {
    await senderOf(context, request, 'board.govern')
    const { id } = request.params as { id: string }
    await access.links.revoke(boardIn(request), id)
    return reply.code(204).send()
  })

  app.get(RULE, async (request) => {
    await senderOf(context, request, 'board.govern')
    return toldRule(await access.rules.of(boardIn(request)))
  })

  app.patch(RULE, async (request) => {
    await senderOf(context, request, 'board.govern')
    const patch = parseOrThrow(AccessPatch, request.body)
    const board = boardIn(request)
    // Only its owner's word closes a board that opens by its address.
    if (board !== DEFAULT_BOARD_ID && (await access.isOpen(board)))
      throw new WireError('not-allowed')
    return toldRule(await access.changeRule(board, patch))
  })

  app.get('/api/boards/:board/join-code', async (request) => {
    await senderOf(context, request, 'read')
    const { code, until, renewsAt } = await access.joinCodes.current(boardIn(request))
    return { code, url: `${pageOf(DEFAULT_BOARD_ID)}j/${code}`, until, renewsAt }
  })

  app.post('/api/join', async (request) => {
    const { code, passphrase } = parseOrThrow(JoinRequest, request.body)
    return await access.join(exchangeOf(request, passphrase), code)
  })

  app.get(
    '/j/:code',
    { exposeHeadRoute: false, config: { page: true } },
    async (request, reply) => {
      const { code } = request.params as { code: string }
      const { board } = await access.join(exchangeOf(request), code)
      return reply.redirect(board === DEFAULT_BOARD_ID ? '/' : `/b/${board}`, 303)
    },
  )
}

/** Tells a board's rule. Its passphrase is told to nobody. */
const toldRule = (rule: AccessRule | null): object => ({
  hasPassphrase: (rule?.passphrase ?? null) !== null,
  closesAt: rule?.closesAt ?? null,
  wallLink: rule?.wallLink ?? null,
})
