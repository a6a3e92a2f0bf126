import { BoardListQuery, OwnerRequest, parseOrThrow, WireError } from '@wirephoto/board'
import type { Engine } from '@wirephoto/engine'
import type { FastifyInstance } from 'fastify'
import type { Access } from '../access/access.ts'
import { redeemOwnerCode } from '../access/owner-code.ts'
import type { Audit } from '../audit/audit.ts'
import { listBoards } from '../boards/board-list.ts'
import { ownBoard } from './access.ts'
import { type BoardContext, boardIn, senderOf } from './board-route.ts'

interface ServerOwnerRoutesOptions extends BoardContext {
  readonly access: Access
  readonly engine: Pick<Engine, 'boards' | 'log'>
  readonly audit: Pick<Audit, 'note'>
  /** The data folder, which owner codes pass through. */
  readonly data: string
  /** Returns the address of a board's page. */
  readonly pageOf: (board: string) => string
  /** Cuts off all pages of a board, and says why. */
  readonly dismiss: (board: string, error: WireError) => void
}

/** Makes a visitor the server's owner, who sees, closes and deletes boards. */
export async function serverOwnerRoutes(
  app: FastifyInstance,
  context: ServerOwnerRoutesOptions,
): Promise<void> {
  const { access, audit, boards, data, dismiss, engine, guard, pageOf } = context
  app.addHook('onRequest', async (_request, reply) => {
    reply.header('cache-control', 'no-store')
  })

  app.post('/api/owner', async (request, reply) => {
    const { code } = parseOrThrow(OwnerRequest, request.body)
    const { token, source } = guard.asker(request.raw)
    // A bearer is a link's secret, and no link owns the server.
    if (source === 'bearer') throw new WireError('not-allowed')
    const { address } = guard.visitor(request.raw)
    await access.wrongTries.attempt(address, ['wrong-code'], async () => {
      const grant = () => access.grants.giveServer(token)
      if (!(await redeemOwnerCode(data, code, grant))) throw new WireError('wrong-code')
    })
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
    const links = isOpen ? await access.close(board, asker) : []
    if (isOpen) {
      audit.note(board, 'closed', guard.visitor(request.raw))
      dismiss(board, new WireError('link-needed'))
    }
    return ownBoard(board, pageOf(board), links)
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
