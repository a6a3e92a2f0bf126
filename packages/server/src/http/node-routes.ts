import { ArchiveQuery, parseOrThrow, WireError } from '@wirephoto/board'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { KeptPlans } from '../archive/kept-plans.ts'
import type { NodeRequests } from '../bus/node-requests.ts'
import { ANSWER_PATH } from '../bus/remote-answers.ts'
import { PLAN_PATH } from '../bus/remote-plans.ts'
import type { KeptAnswers } from './kept-answers.ts'

interface NodeRoutesOptions {
  readonly nodeRequests: NodeRequests
  readonly plans: Pick<KeptPlans, 'read'>
  readonly keptAnswers: Pick<KeptAnswers, 'tell'>
}

/** Tells other servers what only this one has: plans of archives (E128), and answers to requests with a key (E129). */
export async function nodeRoutes(
  app: FastifyInstance,
  { nodeRequests, plans, keptAnswers }: NodeRoutesOptions,
): Promise<void> {
  const serve = (
    path: string,
    find: (query: Partial<Record<string, string>>) => Promise<string | null> | string | null,
  ): void => {
    app.get(
      path,
      { exposeHeadRoute: false },
      async (request: FastifyRequest, reply: FastifyReply) => {
        const query = request.query as Partial<Record<string, string>>
        const json = nodeRequests.of(request.raw) && (await find(query))
        if (json === null) throw new WireError('not-found')
        return await reply.type('application/json').send(json)
      },
    )
  }
  serve(ANSWER_PATH, ({ key = '' }) => keptAnswers.tell(key))
  serve(PLAN_PATH, ({ board = '', ...query }) => {
    const { at, selection = null, form = 'pictures' } = parseOrThrow(ArchiveQuery, query)
    return at === undefined ? null : plans.read({ board, at, selection, form })
  })
}
