import { type ImageRecord, isBoardId, WireError } from '@wirephoto/board'
import type { FastifyRequest } from 'fastify'
import type { Boards } from '../boards/boards.ts'
import type { LiveBoard, Sender } from '../boards/live-board.ts'
import type { Guard } from './guard.ts'

/** The objects that find a request's board, and the visitor who asks. */
export interface BoardContext {
  readonly boards: Boards
  readonly guard: Guard
}

/** Runs `use` with the board that the address names, for whoever asks. */
export function atBoard<T>(
  { boards, guard }: BoardContext,
  request: FastifyRequest,
  use: (board: LiveBoard, sender: Sender) => T | Promise<T>,
): Promise<T> {
  const { board } = request.params as { board: string }
  if (!isBoardId(board)) throw new WireError('unknown-board')
  return boards.with(board, async (live) => {
    const sender = guard.sender(request.raw, board)
    try {
      return await use(live, sender)
    } catch (error) {
      if (!isMissing(error) || request.raw.readableDidRead) throw error
      // Another server may have it, and this one not have heard of it yet.
      const { cursor } = live
      await live.refresh()
      if (live.cursor === cursor) throw error
      return use(live, sender)
    }
  })
}

const isMissing = (error: unknown): boolean =>
  error instanceof WireError && ['not-found', 'unknown-picture', 'upload-gone'].includes(error.code)

/** The picture of that id, trashed or not. */
export function pictureOf(board: LiveBoard, request: FastifyRequest): ImageRecord {
  const record = board.records.get((request.params as { id: string }).id)
  if (record?.kind !== 'image') throw new WireError('unknown-picture')
  return record
}
