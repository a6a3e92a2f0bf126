import { BoardListQuery, OwnerRequest, parseOrThrow, WireError } from '@wirephoto/board'
import type { Engine } from '@wirephoto/engine'
import type { FastifyInstance } from 'fastify'
import type { Access } from '../access/access.ts'
import { deviceOf } from '../access/device.ts'
import type { OwnerCodes } from '../access/owner-codes.ts'
import type { Audit } from '../audit/audit.ts'
import { listBoards } from '../boards/board-list.ts'
import { ownBoard } from './access.ts'
import { boardAddressOf } from './board-address.ts'
import { type BoardContext, boardIn, senderOf } from './board-route.ts'

interface ServerOwnerRoutesOptions extends BoardContext {
  readonly access: Access
  readonly engine: Pick<Engine, 'boards' | 'log'>
  readonly audit: Pick<Audit, 'note'>
  readonly ownerCodes: Pick<OwnerCodes, 'redeem'>
  /** Whether people may sign in at a provider. */
  readonly hasSignIn: boolean
  /** Cuts off all pages of a board, and says why. */
  readonly dismiss: (board: string, error: WireError) => void
}

/** Makes a visitor the server's owner, who sees, closes and deletes boards. */
export async function serverOwnerRoutes(
  app: FastifyInstance,
  context: ServerOwnerRoutesOptions,
): Promise<void> {
  const { access, audit, boards, dismiss, engine, guard, hasSignIn, ownerCodes } = context
  const { ownerSessions } = access
  app.addHook('onRequest', async (_request, reply) => {
    reply.header('cache-control', 'no-store')
  })

  app.post('/api/owner', async (request, reply) => {
    const { code } = parseOrThrow(OwnerRequest, request.body)
    const { source, ownerSession } = guard.asker(request.raw)
    // A bearer is a link's secret, and no link owns the server. Another site's page has no cookie here.
    if (source === 'bearer' || guard.allowedOriginOf(request.raw) !== null)
      throw new WireError('not-allowed')
    const { address } = guard.visitor(request.raw)
    const device = deviceOf(request.headers['user-agent'])
    await access.wrongTries.attempt(address, ['wrong-code'], async () => {
      const grant = async () => {
        const { token, lifeS } = await ownerSessions.begin(device, ownerSession)
        reply.header('set-cookie', guard.cookies.set(request.raw, 'owner', token, lifeS))
      }
      if (!(await ownerCodes.redeem(code, grant))) throw new WireError('wrong-code')
    })
    return reply.code(204).send()
  })

  app.get('/api/owner', async (request) => {
    const until = await ownerSessions.endOf(guard.asker(request.raw).ownerSession)
    const signIn = hasSignIn ? `${guard.urlFor(request.raw)}/api/owner/sign-in` : null
    return { isOwner: until !== null, until, signIn }
  })

  app.delete('/api/owner', async (request, reply) => {
    const { ownerSession } = guard.asker(request.raw)
    if (ownerSession) {
      await ownerSessions.end(ownerSession)
      reply.header('set-cookie', guard.cookies.clear(request.raw, 'owner'))
    }
    return reply.code(204).send()
  })

  app.get('/api/owners', async (request) => {
    const asker = guard.asker(request.raw)
    await access.assertServerOwner(asker)
    const sessions = await ownerSessions.list()
    const owners = sessions.map(({ hash, ...told }) => ({
      ...told,
      isThis: hash === asker.ownerSession,
    }))
    return { owners }
  })

  app.delete('/api/owners/:id', async (request, reply) => {
    await access.assertServerOwner(guard.asker(request.raw))
    const { id } = request.params as { id: string }
    const session = (await ownerSessions.list()).find((each) => each.id === id)
    if (!session) throw new WireError('not-found')
    await ownerSessions.end(session.hash)
    return reply.code(204).send()
  })

  app.get('/api/boards', async (request) => {
    await access.assertServerOwner(guard.asker(request.raw))
    const { after = null } = parseOrThrow(BoardListQuery, request.query)
    const { boards: listed, next } = await listBoards(engine, after)
    const told = listed.map(async (board) => ({
      ...board,
      isOpen: await access.isOpen(board.id),
      isFixed: access.isFixed(board.id),
    }))
    return { boards: await Promise.all(told), next }
  })

  app.post('/api/boards/:board/close', async (request) => {
    const asker = guard.asker(request.raw)
    await access.assertServerOwner(asker)
    const board = boardIn(request)
    if (access.isFixed(board)) throw new WireError('not-allowed')
    if (!(await engine.boards.has(board))) throw new WireError('unknown-board')
    const isOpen = await access.isOpen(board)
    const device = deviceOf(request.headers['user-agent'])
    const links = isOpen ? await access.close(board, asker, device) : []
    if (isOpen) {
      audit.note(board, 'closed', guard.visitor(request.raw))
      dismiss(board, new WireError('link-needed'))
    }
    return ownBoard(board, boardAddressOf(context, request, board), links)
  })

  app.delete('/api/boards/:board', async (request, reply) => {
    await senderOf(context, request, 'board.govern')
    const board = boardIn(request)
    if (access.isFixed(board)) throw new WireError('not-allowed')
    await boards.remove(board)
    access.rules.forget(board)
    return reply.code(204).send()
  })
}
