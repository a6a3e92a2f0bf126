import { LinkPatch, NewLink, parseOrThrow, type Role, SessionRequest } from '@wirephoto/board'
import type { FastifyInstance } from 'fastify'
import type { Access } from '../access/access.ts'
import type { MadeLink } from '../access/links.ts'
import { type BoardContext, boardIn, senderOf } from './board-route.ts'

const SESSION = '/api/boards/:board/session'
const LINKS = '/api/boards/:board/links'

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

  app.post(SESSION, async (request) => {
    const board = boardIn(request)
    const { secret } = parseOrThrow(SessionRequest, request.body)
    return { role: await access.exchange(guard.asker(request.raw), board, secret) }
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
    const { id, role, label, madeAt } = await access.links.change(boardIn(request), named, patch)
    return { id, role, label, madeAt }
  })

  app.delete(`${LINKS}/:id`, async (request, reply) => {
    await senderOf(context, request, 'board.govern')
    const { id } = request.params as { id: string }
    await access.links.revoke(boardIn(request), id)
    return reply.code(204).send()
  })
}
