import {
  AccessPatch,
  JoinRequest,
  LinkPatch,
  NewLink,
  parseOrThrow,
  SessionRequest,
  WireError,
} from '@wirephoto/board'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Access, Exchange } from '../access/access.ts'
import { deviceOf } from '../access/device.ts'
import type { MadeLink } from '../access/links.ts'
import { type AccessRule, hashOf } from '../access/records.ts'
import { namedLink, toldLink } from '../access/told-links.ts'
import type { Audit } from '../audit/audit.ts'
import { DEFAULT_BOARD_ID } from '../boards/boards.ts'
import type { Bounds } from '../bounds.ts'
import { hourly, PartyLimiter } from '../live/party-limiter.ts'
import { boardAddressOf } from './board-address.ts'
import { type BoardContext, boardIn, senderOf } from './board-route.ts'
import type { KeptAnswers } from './kept-answers.ts'

const SESSION = '/api/boards/:board/session'
const LINKS = '/api/boards/:board/links'
const OWNERS = '/api/boards/:board/owners'
const RULE = '/api/boards/:board/access'

interface AccessRoutesOptions extends BoardContext {
  readonly access: Access
  readonly audit: Pick<Audit, 'note'>
  readonly bounds: Bounds
  readonly keptAnswers: KeptAnswers
}

/** Tells who just got a board what it is, with the links that were made for it. */
export const ownBoard = (id: string, url: string, links: readonly MadeLink[]) =>
  ({ id, url, role: 'own', links: links.map((link) => toldLink(link, url)) }) as const

/** Exchanges the secrets of links for rights, and keeps the links of boards. */
export async function accessRoutes(
  app: FastifyInstance,
  context: AccessRoutesOptions,
): Promise<void> {
  const { access, audit, guard, bounds } = context
  // Each may leave a right behind that is kept for a year.
  const exchangeLimiter = new PartyLimiter({
    visitor: hourly(bounds['exchanges-per-visitor']),
    address: hourly(bounds['exchanges-per-address']),
  })
  app.addHook('onRequest', async (_request, reply) => {
    // A secret is told once, and a role is true for now.
    reply.header('cache-control', 'no-store')
  })

  const exchangeOf = (request: FastifyRequest, passphrase?: string): Exchange => {
    const visitor = guard.visitor(request.raw)
    exchangeLimiter.charge(visitor)
    return {
      asker: guard.asker(request.raw),
      address: visitor.address,
      passphrase,
      device: deviceOf(request.headers['user-agent']),
    }
  }

  /** Notes that somebody came by a link, or by a code that leads to it. */
  const noteComing = (
    request: FastifyRequest,
    board: string,
    link: Pick<MadeLink, 'id' | 'role' | 'label'> | null | undefined,
  ): void => {
    const facts = link ? { link: namedLink(link) } : {}
    audit.note(board, 'came', guard.visitor(request.raw), facts)
  }
  const join = async (request: FastifyRequest, code: string, passphrase?: string) => {
    const joined = await access.join(exchangeOf(request, passphrase), code)
    const { board } = joined
    const [rule, links] = await Promise.all([access.rules.of(board), access.links.list(board)])
    noteComing(
      request,
      board,
      links.find(({ id }) => id === rule?.wallLink),
    )
    return joined
  }

  app.post(SESSION, async (request) => {
    const board = boardIn(request)
    const { secret, passphrase } = parseOrThrow(SessionRequest, request.body)
    const role = await access.exchange(exchangeOf(request, passphrase), board, secret)
    noteComing(request, board, await access.links.find(board, secret))
    return { role }
  })

  app.get(SESSION, async (request) => {
    const { role } = await senderOf(context, request, 'read')
    return { role, isOpen: await access.isOpen(boardIn(request)) }
  })

  app.delete(SESSION, async (request, reply) => {
    await access.grants.take(guard.asker(request.raw).token, boardIn(request))
    return reply.code(204).send()
  })

  app.get(OWNERS, async (request) => {
    await senderOf(context, request, 'board.govern')
    const board = boardIn(request)
    const { token, source } = guard.asker(request.raw)
    const own = source === 'cookie' ? hashOf.grant(token, board) : null
    const owners = await access.grants.owners(board)
    return { owners: owners.map(({ hash, ...told }) => ({ ...told, isThis: hash === own })) }
  })

  app.delete(`${OWNERS}/:id`, async (request, reply) => {
    await senderOf(context, request, 'board.govern')
    const board = boardIn(request)
    const { id } = request.params as { id: string }
    const owner = (await access.grants.owners(board)).find((each) => each.id === id)
    if (!owner) throw new WireError('not-found')
    await access.grants.takeAt(owner.hash)
    return reply.code(204).send()
  })

  app.get(LINKS, async (request) => {
    await senderOf(context, request, 'board.govern')
    const links = await access.links.list(boardIn(request))
    using held = await context.boards.hold(boardIn(request))
    const { quota } = held.board
    return { links: links.map((link) => ({ ...link, used: quota.usedBy(link.id) })) }
  })

  app.post(LINKS, async (request, reply) => {
    const sender = await senderOf(context, request, 'board.govern')
    const board = boardIn(request)
    const wanted = parseOrThrow(NewLink, request.body)
    return await context.keptAnswers.once(request, reply, guard.visitor(request.raw), async () => {
      const made = await access.links.make(board, wanted)
      audit.note(board, 'link-made', sender, { link: namedLink(made) })
      return { body: toldLink(made, boardAddressOf(context, request, board)) }
    })
  })

  app.post(`${LINKS}/:id/renew`, async (request) => {
    const sender = await senderOf(context, request, 'board.govern')
    const board = boardIn(request)
    const { id } = request.params as { id: string }
    const made = await access.renew(guard.asker(request.raw), board, id)
    audit.note(board, 'link-renewed', sender, { link: namedLink(made) })
    return toldLink(made, boardAddressOf(context, request, board))
  })

  app.patch(`${LINKS}/:id`, async (request) => {
    const sender = await senderOf(context, request, 'board.govern')
    const board = boardIn(request)
    const { id } = request.params as { id: string }
    const patch = parseOrThrow(LinkPatch, request.body)
    const link = await access.changeLink(board, id, patch)
    audit.note(board, 'link-changed', sender, { link: namedLink(link) })
    const { madeAt, pictures = null, bytes = null } = link
    return { ...namedLink(link), madeAt, pictures, bytes }
  })

  app.delete(`${LINKS}/:id`, async (request, reply) => {
    const sender = await senderOf(context, request, 'board.govern')
    const board = boardIn(request)
    const { id } = request.params as { id: string }
    const link = (await access.links.list(board)).find((each) => each.id === id)
    await access.links.revoke(board, id)
    if (link) audit.note(board, 'link-revoked', sender, { link: namedLink(link) })
    return reply.code(204).send()
  })

  app.get(RULE, async (request) => {
    await senderOf(context, request, 'board.govern')
    return toldRule(await access.rules.of(boardIn(request)))
  })

  app.patch(RULE, async (request) => {
    const sender = await senderOf(context, request, 'board.govern')
    const patch = parseOrThrow(AccessPatch, request.body)
    const board = boardIn(request)
    // Only its owner's word closes a board that opens by its address.
    if (board !== DEFAULT_BOARD_ID && (await access.isOpen(board)))
      throw new WireError('not-allowed')
    const rule = await access.changeRule(board, patch)
    audit.note(board, 'access', sender)
    return toldRule(rule)
  })

  app.get('/api/boards/:board/join-code', async (request) => {
    await senderOf(context, request, 'read')
    const { code, role, until, renewsAt } = await access.joinCodes.current(boardIn(request))
    return {
      code,
      url: `${boardAddressOf(context, request, DEFAULT_BOARD_ID)}j/${code}`,
      role,
      until,
      renewsAt,
    }
  })

  app.post('/api/join', async (request) => {
    const { code, passphrase } = parseOrThrow(JoinRequest, request.body)
    return await join(request, code, passphrase)
  })

  app.get(
    '/j/:code',
    { exposeHeadRoute: false, config: { page: true } },
    async (request, reply) => {
      const { code } = request.params as { code: string }
      const { board } = await join(request, code)
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
