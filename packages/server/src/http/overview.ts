import { AREA_HEADER, type Box, OverviewQuery, parseOrThrow, WireError } from '@wirephoto/board'
import type { FastifyInstance } from 'fastify'
import { partyOf } from '../fairness/party.ts'
import type { Overviews } from '../images/overview/overviews.ts'
import { INERT } from './blobs.ts'
import { atBoard, type BoardContext } from './board-route.ts'

interface OverviewRoutesOptions extends BoardContext {
  readonly overviews: Overviews
}

/** Serves boards as one picture each, for those who can't look at a page. */
export async function overviewRoutes(
  app: FastifyInstance,
  context: OverviewRoutesOptions,
): Promise<void> {
  app.get('/api/boards/:board/overview', async (request, reply) => {
    using at = await atBoard(context, request, 'read')
    const { board, sender } = at
    const { area } = parseOrThrow(OverviewQuery, request.query)
    const asked = area === undefined ? null : boxIn(area)
    reply.headers({ ...INERT, 'cache-control': 'private, no-cache' })
    const tagAt = (cursor: string): string => `"${cursor}"`
    const known = request.headers['if-none-match']
    if (known === tagAt(board.cursor)) return await reply.code(304).header('etag', known).send()
    const drawn = await context.overviews.get(board, asked, partyOf(sender, board.id))
    const { x, y, w, h } = drawn.area
    reply.headers({ etag: tagAt(drawn.cursor), [AREA_HEADER]: [x, y, w, h].join() })
    return await reply.type('image/jpeg').send(drawn.bytes)
  })
}

/** Reads an area. Throws `bad-request` for one without any extent. */
function boxIn(area: string): Box {
  const [x, y, w, h] = area.split(',').map(Number)
  if (!(w! >= 1 && h! >= 1)) throw new WireError('bad-request', { field: 'area' })
  return { x: x!, y: y!, w: w!, h: h! }
}
