import { NewBoard, parseOrThrow, settings } from '@wirephoto/board'
import type { FastifyInstance } from 'fastify'
import { DEFAULT_BOARD_ID } from '../boards/boards.ts'
import type { Bounds } from '../bounds.ts'
import { hourly, PartyLimiter } from '../live/party-limiter.ts'
import { atBoard, type BoardContext } from './board-route.ts'
import { encodingFor } from './encoding.ts'
import { Snapshots } from './snapshots.ts'

interface BoardRoutesOptions extends BoardContext {
  readonly bounds: Bounds
  /** Returns where the server is reached, without a slash at the end. */
  readonly url: () => string
}

/** Creates boards, and serves their settings and snapshots. */
export async function boardRoutes(
  app: FastifyInstance,
  context: BoardRoutesOptions,
): Promise<void> {
  const { boards, guard, url, bounds } = context
  const makingLimiter = new PartyLimiter({
    visitor: hourly(bounds['boards-per-visitor']),
    address: hourly(bounds['boards-per-address']),
  })
  const snapshots = new Snapshots({ maxHeldBytes: bounds['snapshots-being-sent'] })
  const pageOf = (id: string) => `${url()}/${id === DEFAULT_BOARD_ID ? '' : `b/${id}`}`

  app.post('/api/boards', async (request, reply) => {
    const { title } = parseOrThrow(NewBoard, request.body ?? {})
    makingLimiter.charge(guard.sender(request.raw, ''))
    const id = await boards.create()
    if (title !== undefined) {
      using held = await boards.hold(id)
      const sender = guard.sender(request.raw, id)
      await held.board.act([{ kind: 'board.patch', set: { title } }], sender)
    }
    return reply
      .code(201)
      .header('location', `/api/boards/${id}`)
      .send({ id, url: pageOf(id) })
  })

  app.get('/api/boards/:board', async (request) => {
    using at = await atBoard(context, request)
    const { id, records } = at.board
    return { id, url: pageOf(id), title: settings(records).title }
  })

  app.get('/api/boards/:board/snapshot', async (request, reply) => {
    using at = await atBoard(context, request)
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
