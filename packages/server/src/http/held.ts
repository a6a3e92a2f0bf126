import { Decision, parseOrThrow, WireError } from '@wirephoto/board'
import type { FastifyInstance } from 'fastify'
import type { HeldLogs } from '../moderation/held-logs.ts'
import type { Moderation } from '../moderation/moderation.ts'
import { atBoard, type BoardContext } from './board-route.ts'
import { addressesOf } from './picture-addresses.ts'

const HELD = '/api/boards/:board/held'

interface HeldRoutesOptions extends BoardContext {
  readonly heldLogs: HeldLogs
  readonly moderation: Moderation
}

/** Lists pictures that wait to their senders, and takes decisions of those who own the board. */
export async function heldRoutes(app: FastifyInstance, context: HeldRoutesOptions): Promise<void> {
  const { heldLogs, moderation } = context
  app.addHook('onRequest', async (_request, reply) => {
    reply.header('cache-control', 'no-store')
  })

  app.get(HELD, async (request) => {
    using at = await atBoard(context, request, 'image.add')
    const { board, sender } = at
    const pictures = await heldLogs.list(board, sender)
    return {
      pictures: pictures.map((each) => ({
        ...each,
        ...addressesOf(context, request, board.id, each.id),
      })),
    }
  })

  for (const decision of ['approve', 'refuse'] as const) {
    app.post(`${HELD}/${decision}`, async (request) => {
      using at = await atBoard(context, request, 'board.govern')
      const { ids } = parseOrThrow(Decision, request.body)
      return await moderation[decision](at.board, ids, at.sender)
    })

    app.post(`${HELD}/:image/${decision}`, async (request, reply) => {
      using at = await atBoard(context, request, 'board.govern')
      const { image } = request.params as { image: string }
      const { failed } = await moderation[decision](at.board, [image], at.sender)
      if (failed[0]) throw new WireError(failed[0].error.code)
      return await reply.code(204).send()
    })
  }
}
