import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import {
  AREA_HEADER,
  type Box,
  boxOf,
  type ImageRecord,
  overlaps,
  picturesOnBoard,
  problemIn,
} from '@wirephoto/board'
import { type Board, readFileHeader } from '@wirephoto/client'
import * as z from 'zod'
import { AgentError } from './agent-error.ts'
import { answering, described, describedInFull, shown, told } from './answers.ts'
import type { BoardSession } from './board-session.ts'

/** Pictures that are listed beside the board's picture. */
const LEGEND_COUNT = 100
const PAGE_COUNT = 50
const MAX_PAGE_COUNT = 200
/** A file that isn't made smaller is shown to an agent up to this length. */
const MAX_SHOWN_BYTES = 1_000_000
/** Longest sides at which an agent may look at a picture: those of variants. */
const SIDES = ['64', '320', '1280'] as const
/** Types that agents' programs show. */
const SHOWN_TYPES: readonly unknown[] = ['image/jpeg', 'image/png', 'image/gif', 'image/webp']

const READ = { readOnlyHint: true, openWorldHint: false } as const
const number = z.number()
const area = z.object({ x: number, y: number, w: number.min(1), h: number.min(1) })
export const id = z.uuid().describe("A picture's id, as look_at_board and list_pictures tell it.")

/** Declares the tools that change nothing. */
export function lookTools(server: McpServer, session: BoardSession): void {
  server.registerTool(
    'look_at_board',
    {
      title: 'Look at the board',
      description:
        'Shows all pictures of the board as one picture of at most a megapixel, and tells what stands where: in board units (x, y, w, h) and in pixels of this picture (px: left, top, width, height). With `area` it shows that part, in more detail.',
      inputSchema: {
        area: area.optional().describe('The part to look at, in board units. Default: all of it.'),
      },
      annotations: READ,
    },
    answering(async ({ area }) => {
      const board = await session.live()
      const { bytes, drawn } = await fetchOverview(board, area ?? null)
      return shown(bytes, 'image/jpeg', {
        ...aboutBoard(session),
        ...(await legendOf(board, drawn, bytes)),
      })
    }),
  )

  server.registerTool(
    'look_at_picture',
    {
      title: 'Look at a picture',
      description:
        'Shows one picture with a longest side of at most `side` pixels, and tells all about it.',
      inputSchema: {
        id,
        side: z.enum(SIDES).default('1280').describe('Pixels of its longest side.'),
      },
      annotations: READ,
    },
    answering(async ({ id, side }) => {
      const board = await session.live()
      const [picture] = session.pictures([id])
      const { bytes, type } = await fetchPicture(board, picture!, Number(side))
      return shown(bytes, type, describedInFull(picture!))
    }),
  )

  server.registerTool(
    'list_pictures',
    {
      title: 'List pictures',
      description: 'Lists pictures, the newest first, a page at a time.',
      inputSchema: {
        text: z.string().optional().describe('Only those with this in their name or caption.'),
        by: z.string().optional().describe('Only those that a person of this name has added.'),
        trash: z
          .boolean()
          .default(false)
          .describe('Those in the trash, in place of those on the board.'),
        offset: z.int().min(0).default(0).describe('How many to pass over.'),
        limit: z.int().min(1).max(MAX_PAGE_COUNT).default(PAGE_COUNT),
      },
      annotations: READ,
    },
    answering(async ({ text = '', by, trash, offset, limit }) => {
      const board = await session.live()
      const wanted = text.toLowerCase()
      const found = [...board.pictures.values()]
        .filter(({ deletedAt }) => (deletedAt !== null) === trash)
        .filter(({ name, caption }) => `${name}\n${caption}`.toLowerCase().includes(wanted))
        .filter((picture) => by === undefined || picture.by.toLowerCase() === by.toLowerCase())
        .sort((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? 1 : -1))
      const page = found.slice(offset, offset + limit)
      const next = offset + page.length
      return told({
        ...aboutBoard(session),
        found: found.length,
        pictures: page.map(describedInFull),
        ...(next < found.length && { nextOffset: next }),
      })
    }),
  )

  server.registerTool(
    'seen_by',
    {
      title: 'Who has seen it',
      description:
        'Tells who else has a picture on their screen that this session has added, and after how many milliseconds. Nothing is known of other pictures.',
      inputSchema: { id },
      annotations: READ,
    },
    answering(async ({ id }) => {
      const board = await session.live()
      session.pictures([id])
      const seen = board.seenBy(id)
      return told({
        viewers: seen?.viewers.map(({ name, milliseconds }) => ({ name, milliseconds })) ?? [],
        others: seen?.otherCount ?? null,
        people: [...board.people.values()].map(({ name }) => name),
      })
    }),
  )
}

/** Tells what board it is, and what may be done there. */
function aboutBoard({ board }: BoardSession): object {
  const { title, status } = board
  return {
    board: board.id,
    title,
    right: status.role,
    pictures: picturesOnBoard(board.pictures).length,
  }
}

interface Overview {
  readonly bytes: Buffer<ArrayBuffer>
  /** Board units. */
  readonly drawn: Box
}

async function fetchOverview(board: Board, area: Box | null): Promise<Overview> {
  const query = area ? `?area=${[area.x, area.y, area.w, area.h].join()}` : ''
  const response = await fetchOrThrow(board, `/api/boards/${board.id}/overview${query}`)
  const [x = 0, y = 0, w = 0, h = 0] = (response.headers.get(AREA_HEADER) ?? '')
    .split(',')
    .map(Number)
  return { bytes: Buffer.from(await response.arrayBuffer()), drawn: { x, y, w, h } }
}

/** Fetches a picture, no larger than asked for, but for a small file of which there is no such variant. */
async function fetchPicture(
  board: Board,
  { blob, bytes, type, variants }: ImageRecord,
  side: number,
): Promise<{ readonly bytes: Buffer; readonly type: string }> {
  if (blob === null)
    throw new AgentError('arriving', 'It is still being sent. Ask again in a moment.')
  const fitting = variants?.filter((each) => each <= side) ?? []
  const hasExact = fitting.includes(side)
  const isSmall = bytes !== null && bytes <= MAX_SHOWN_BYTES && SHOWN_TYPES.includes(type)
  const form = hasExact || !isSmall ? (fitting.at(-1) ?? variants?.at(-1)) : 'original'
  if (form === undefined)
    throw new AgentError(
      'being-made',
      'Its smaller versions are being made. Ask again in a moment.',
    )
  const response = await fetchOrThrow(board, `/b/${board.id}/blob/${blob}/${form}`)
  return {
    bytes: Buffer.from(await response.arrayBuffer()),
    type: response.headers.get('content-type') ?? 'image/webp',
  }
}

/** Asks the server. Throws its own error if it refuses. */
async function fetchOrThrow(board: Board, path: string): Promise<Response> {
  const response = await fetch(board.url + path, { headers: board.headers, redirect: 'error' })
  if (response.ok) return response
  const problem = problemIn(response.status, await response.text())
  throw new AgentError(problem?.code ?? 'internal', problem?.message ?? response.statusText)
}

/** Lists what is seen on the board's picture, the uppermost first. */
async function legendOf(board: Board, drawn: Box, jpeg: Buffer<ArrayBuffer>): Promise<object> {
  const header = await readFileHeader(new Blob([jpeg]))
  const size = { width: header?.width ?? 0, height: header?.height ?? 0 }
  const seen = picturesOnBoard(board.pictures)
    .filter((picture) => overlaps(boxOf(picture), drawn))
    .sort((a, b) => (a.z < b.z ? 1 : -1))
  const [acrossFactor, downFactor] = [size.width / drawn.w, size.height / drawn.h]
  const places = seen.slice(0, LEGEND_COUNT).map((picture) => {
    const { x, y, w, h } = boxOf(picture)
    const px = [
      (x - drawn.x) * acrossFactor,
      (y - drawn.y) * downFactor,
      w * acrossFactor,
      h * downFactor,
    ]
    return { ...described(picture), px: px.map(Math.round) }
  })
  const more = seen.length - places.length
  return {
    area: drawn,
    size,
    shown: places,
    ...(more > 0 && { more, hint: 'list_pictures lists all.' }),
  }
}
