import { NewBoard, parseOrThrow, settings } from '@wirephoto/board'
import type { FastifyInstance } from 'fastify'
import type { Access } from '../access/access.ts'
import { deviceOf } from '../access/device.ts'
import { setTitle } from '../boards/set-title.ts'
import type { Bounds } from '../bounds.ts'
import { hourly, PartyLimiter } from '../live/party-limiter.ts'
import { ownBoard } from './access.ts'
import { boardAddressOf } from './board-address.ts'
import { atBoard, type BoardContext } from './board-route.ts'
import { encodingFor } from './encoding.ts'
import type { KeptAnswers } from './kept-answers.ts'
import { Snapshots } from './snapshots.ts'

interface BoardRoutesOptions extends BoardContext {
  readonly bounds: Bounds
  readonly access: Access
  readonly keptAnswers: KeptAnswers
}

/** Creates boards, and serves their settings and snapshots. */
export async function boardRoutes(
  app: FastifyInstance,
  context: BoardRoutesOptions,
): Promise<void> {
  const { boards, guard, access, bounds } = context
  const makingLimiter = new PartyLimiter({
    visitor: hourly(bounds['boards-per-visitor']),
    address: hourly(bounds['boards-per-address']),
  })
  const snapshots = new Snapshots({ maxHeldBytes: bounds['snapshots-being-sent'] })

  app.post('/api/boards', async (request, reply) => {
    const { title } = parseOrThrow(NewBoard, request.body ?? {})
    const visitor = guard.visitor(request.raw)
    const asker = guard.asker(request.raw)
    await access.assertMayCreate(asker)
    reply.header('cache-control', 'no-store')
    return await context.keptAnswers.once(request, reply, visitor, async () => {
      makingLimiter.charge(visitor)
      const id = await boards.create()
      const links = await access.close(id, asker, deviceOf(request.headers['user-agent']))
      await setTitle(boards, id, title, { ...visitor, role: 'own' })
      return {
        location: `/api/boards/${id}`,
        body: ownBoard(id, boardAddressOf(context, request, id), links),
      }
    })
  })

  app.get('/api/boards/:board', async (request) => {
    using at = await atBoard(context, request, 'read')
    const { id, records } = at.board
    return { id, url: boardAddressOf(context, request, id), title: settings(records).title }
  })

  app.get('/api/boards/:board/snapshot', async (request, reply) => {
    using at = await atBoard(context, request, 'read')
    const { board } = at
    const encoding = encodingFor(request)
    const snapshot = await snapshots.get(board, encoding)
    const { cursor, body } = snapshot
    const etag = `"${cursor}.${encoding}"`
    reply.headers({ etag, 'cache-control': 'private, no-cache', vary: 'Accept-Encoding' })
    if (request.headers['if-none-match'] === etag) return await reply.code(304).send()
    if (encoding !== 'identity') reply.header('content-encoding', encoding)
    snapshots.hold(snapshot, reply.raw)
    return await reply.type('application/json; charset=utf-8').send(body)
  })
}
