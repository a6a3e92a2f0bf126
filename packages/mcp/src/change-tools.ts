import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import {
  boxOf,
  GAP_UNITS,
  heightOf,
  type ImageRecord,
  inReadingOrder,
  justifiedBlock,
  limits,
  picturesOnBoard,
  ROW_HEIGHT_UNITS,
  toHundredths,
  WireError,
} from '@wirephoto/board'
import * as z from 'zod'
import { AgentError } from './agent-error.ts'
import { answering, described, describedInFull, told } from './answers.ts'
import type { BoardSession } from './board-session.ts'
import type { LocalFiles } from './local-files.ts'
import { id } from './look-tools.ts'

/** Bytes of a picture that comes inside a call. A larger one comes as a file. */
const MAX_INLINE_BYTES = 5_000_000
/** Letters of base64 for three bytes. */
const LETTERS_PER_BYTES = 4 / 3
/** Pictures that one call changes. */
const MAX_CHANGED_COUNT = 500
/** Time that a picture has until it is stored: it may be large, and the line slow. */
const ADD_TIMEOUT_MS = 300_000

const ADDS = { readOnlyHint: false, destructiveHint: false, openWorldHint: false } as const
/** A change of what others have made. All of them can be taken back. */
const CHANGES = { readOnlyHint: false, destructiveHint: true, openWorldHint: false } as const
const coordinate = z.number().min(-limits.maxCoordinate).max(limits.maxCoordinate)
const width = z.number().positive().max(limits.maxPictureWidth)
const caption = z.string().max(limits.captionLength)
const ids = z.array(id).min(1).max(MAX_CHANGED_COUNT)

/** Declares the tools that change the board. */
export function changeTools(server: McpServer, session: BoardSession, files: LocalFiles): void {
  server.registerTool(
    'add_picture',
    {
      title: 'Add a picture',
      description:
        'Adds a picture from a file in the open folder, or from its bytes in base64. Without a place the server finds one. Answers when it is stored.',
      inputSchema: {
        path: z.string().optional().describe('A path in the folder that is open to you.'),
        data: z
          .base64()
          .max(MAX_INLINE_BYTES * LETTERS_PER_BYTES)
          .optional()
          .describe(
            `The bytes of the file in base64, in place of a path: at most ${MAX_INLINE_BYTES / 1e6} MB.`,
          ),
        name: z.string().max(limits.fileNameLength).optional().describe('Its file name.'),
        caption: caption.optional(),
        x: coordinate.optional().describe('Board units, the left edge.'),
        y: coordinate.optional().describe('Board units, the upper edge.'),
        w: width.optional().describe('Board units, the width.'),
      },
      annotations: ADDS,
    },
    answering(async ({ path, data, ...fields }) => {
      if ((path === undefined) === (data === undefined))
        throw new AgentError('bad-request', 'Give a path or data, and not both.')
      const board = await session.live()
      session.assertMay('image.add')
      const source =
        path !== undefined ? await files.read(path) : new Blob([Buffer.from(data!, 'base64')])
      const given = Object.fromEntries(
        Object.entries(fields).filter(([, value]) => value !== undefined),
      )
      const signal = AbortSignal.timeout(ADD_TIMEOUT_MS)
      const picture = await board.add(source, { ...given, signal })
      const notices = session.takeNotices(picture.id)
      const isWaiting = board.waiting.has(picture.id)
      return told({
        ...describedInFull(picture),
        ...(isWaiting && { waits: 'It stands on the board once an owner lets it in.' }),
        ...(notices.length > 0 && { notices }),
      })
    }),
  )

  server.registerTool(
    'caption_picture',
    {
      title: 'Caption a picture',
      description: 'Sets the text under a picture; an empty one removes it.',
      inputSchema: { id, caption },
      annotations: { ...CHANGES, idempotentHint: true },
    },
    answering(async ({ id, caption }) => {
      await session.change('image.patch', [id], (board) => board.patch(id, { caption }))
      return changed(session, [id])
    }),
  )

  server.registerTool(
    'move_pictures',
    {
      title: 'Move pictures',
      description:
        'Puts pictures at places, and perhaps makes them wider or narrower. One undo step.',
      inputSchema: {
        moves: z
          .array(z.object({ id, x: coordinate, y: coordinate, w: width.optional() }))
          .min(1)
          .max(MAX_CHANGED_COUNT)
          .describe('Left and upper edge, and width, in board units.'),
      },
      annotations: { ...CHANGES, idempotentHint: true },
    },
    answering(async ({ moves }) => {
      const moved = moves.map(({ id }) => id)
      await session.change('image.patch', moved, (board) =>
        board.patchAll(
          moves.map(({ id, x, y, w }) => [id, { x, y, ...(w !== undefined && { w }) }] as const),
        ),
      )
      return changed(session, moved)
    }),
  )

  server.registerTool(
    'arrange_pictures',
    {
      title: 'Arrange pictures in rows',
      description:
        'Puts pictures into justified rows, in the order of `ids`, from their upper left corner on or from x and y. Without ids it tidies the whole board, in reading order. One undo step.',
      inputSchema: {
        ids: ids
          .optional()
          .describe('The pictures, in their order. Default: all, in reading order.'),
        height: z
          .number()
          .min(20)
          .max(5_000)
          .default(ROW_HEIGHT_UNITS)
          .describe('Height of a row, in board units.'),
        x: coordinate.optional(),
        y: coordinate.optional(),
      },
      annotations: { ...CHANGES, idempotentHint: true },
    },
    answering(async ({ ids, height, x, y }) => {
      const board = await session.live()
      const onBoard = picturesOnBoard(board.pictures)
      const all = new Map(onBoard.map((picture) => [picture.id, boxOf(picture)]))
      const arranged = ids ? [...new Set(ids)] : inReadingOrder(all)
      const pictures = session.pictures(arranged)
      const places = rowsOf(pictures, { height, x, y })
      await session.change('image.patch', arranged, () => board.patchAll(places))
      return ids ? changed(session, arranged) : told({ arranged: arranged.length })
    }),
  )

  server.registerTool(
    'remove_pictures',
    {
      title: 'Remove pictures',
      description:
        'Moves pictures to the trash, from which restore_pictures and undo bring them back.',
      inputSchema: { ids },
      annotations: { ...CHANGES, idempotentHint: true },
    },
    answering(async ({ ids }) => {
      await session.change('image.remove', ids, (board) => board.remove(ids))
      return told({ removed: ids })
    }),
  )

  server.registerTool(
    'restore_pictures',
    {
      title: 'Restore pictures',
      description: 'Takes pictures out of the trash, back onto the board.',
      inputSchema: { ids },
      annotations: { ...ADDS, idempotentHint: true },
    },
    answering(async ({ ids }) => {
      await session.change('image.restore', ids, (board) => board.restore(ids))
      return changed(session, ids)
    }),
  )

  server.registerTool(
    'undo',
    {
      title: 'Undo',
      description:
        "Takes back the last change that this session has made, and nobody else's. What others have changed since stays.",
      annotations: CHANGES,
    },
    answering(async () => {
      const overtaken = new Set<string>()
      const off = session.board.on('overtaken', (left) => {
        for (const each of left) overtaken.add(each)
      })
      try {
        const isDone = await session.change('read', [], (board) => board.undo())
        return told({
          undone: isDone,
          ...(overtaken.size > 0 && { changedByOthersSince: [...overtaken] }),
        })
      } finally {
        off()
      }
    }),
  )

  server.registerTool(
    'show_on_screens',
    {
      title: 'Show on screens',
      description: 'Shows a picture on every screen that shows the board as a wall.',
      inputSchema: { id },
      annotations: { ...ADDS, idempotentHint: true },
    },
    answering(async ({ id }) => {
      const board = await session.live()
      const [picture] = session.pictures([id])
      session.assertMay('board.show')
      if (!picture || picture.deletedAt !== null || picture.blob === null)
        throw new WireError('unknown-picture')
      if (!board.show(id)) throw new AgentError('no-answer', "The server doesn't answer.")
      return told({ shown: id })
    }),
  )
}

const changed = (session: BoardSession, ids: readonly string[]) =>
  told({ pictures: session.pictures(ids).map(described) })

interface RowPlaces {
  readonly height: number
  readonly x: number | undefined
  readonly y: number | undefined
}

/** Returns the places of pictures in justified rows. */
function rowsOf(pictures: readonly ImageRecord[], { height, x, y }: RowPlaces) {
  const ratios = pictures.map((picture) => picture.w / heightOf(picture))
  const left = x ?? Math.min(...pictures.map((picture) => picture.x))
  const top = y ?? Math.min(...pictures.map((picture) => picture.y))
  return justifiedBlock(ratios, { height, gap: GAP_UNITS }).map((box, i) => {
    const place = {
      x: toHundredths(left + box.x),
      y: toHundredths(top + box.y),
      w: toHundredths(box.w),
    }
    return [pictures[i]!.id, place] as const
  })
}
