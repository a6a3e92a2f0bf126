import { type ImageRecord, WireError } from '@wirephoto/board'
import type { FastifyRequest } from 'fastify'
import type { LiveBoard, Sender } from '../boards/live-board.ts'
import type { Parts } from './app.ts'

/** Runs `use` with the board that the address names, for whoever asks. */
export function atBoard<T>(
  { boards, guard }: Parts,
  request: FastifyRequest,
  use: (board: LiveBoard, sender: Sender) => T | Promise<T>,
): Promise<T> {
  const { board } = request.params as { board: string }
  if (!/^[\w-]{1,64}$/.test(board)) throw new WireError('unknown-board')
  return boards.with(board, (live) => use(live, guard.sender(request.raw, board)))
}

/** The picture of that id, trashed or not. */
export function pictureOf(board: LiveBoard, request: FastifyRequest): ImageRecord {
  const record = board.records.get((request.params as { id: string }).id)
  if (record?.kind !== 'image') throw new WireError('unknown-picture')
  return record
}
