import { NewWebhook, parseOrThrow } from '@wirephoto/board'
import type { FastifyInstance } from 'fastify'
import type { Webhooks } from '../webhooks/webhooks.ts'
import { type BoardContext, boardIn, senderOf } from './board-route.ts'
import type { KeptAnswers } from './kept-answers.ts'

const WEBHOOKS = '/api/boards/:board/webhooks'

interface WebhookRoutesOptions extends BoardContext {
  readonly webhooks: Webhooks
  readonly keptAnswers: KeptAnswers
}

/** Keeps the webhooks of boards, for those who own them. */
export async function webhookRoutes(
  app: FastifyInstance,
  context: WebhookRoutesOptions,
): Promise<void> {
  const { webhooks, guard } = context
  app.addHook('onRequest', async (_request, reply) => {
    reply.header('cache-control', 'no-store')
  })

  app.get(WEBHOOKS, async (request) => {
    await senderOf(context, request, 'board.govern')
    return { webhooks: await webhooks.list(boardIn(request)) }
  })

  app.post(WEBHOOKS, async (request, reply) => {
    await senderOf(context, request, 'board.govern')
    const board = boardIn(request)
    const { url } = parseOrThrow(NewWebhook, request.body)
    return await context.keptAnswers.once(request, reply, guard.visitor(request.raw), async () => ({
      body: await webhooks.make(board, url),
    }))
  })

  app.delete(`${WEBHOOKS}/:id`, async (request, reply) => {
    await senderOf(context, request, 'board.govern')
    const { id } = request.params as { id: string }
    await webhooks.remove(boardIn(request), id)
    return reply.code(204).send()
  })
}
