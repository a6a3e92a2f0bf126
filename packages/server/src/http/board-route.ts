import { type ImageRecord, isBoardId, isHeldLog, may, type Verb, WireError } from '@wirephoto/board'
import type { FastifyRequest } from 'fastify'
import type { Boards, HeldBoard } from '../boards/boards.ts'
import type { LiveBoard } from '../boards/live-board.ts'
import type { HeldLogs } from '../moderation/held-logs.ts'
import type { Guard, Guest } from './guard.ts'
import { RightfulRequest } from './rightful-request.ts'

/** The objects that find a request's board, and the visitor who asks. */
export interface BoardContext {
  readonly boards: Boards
  readonly guard: Guard
}

/** The board of a request, held until this is disposed, and the visitor who asks. */
export interface RequestedBoard extends HeldBoard {
  readonly sender: Guest
  /** Aborted when the right has ended by which they ask. */
  readonly ended: AbortSignal
}

/**
 * Opens the board that the URL names, for a visitor who may do this there. Rejects with `unknown-board`,
 * `link-needed`, `link-ended` or `not-allowed`. A route awaits its reply, since that resolves when the response has
 * been sent: the board is held until then.
 */
export async function atBoard(
  context: BoardContext,
  request: FastifyRequest,
  verb: Verb,
): Promise<RequestedBoard> {
  const sender = await senderOf(context, request, verb)
  const named = namedIn(request, verb)
  using stack = new DisposableStack()
  // A request that is still under way when the right ends is broken off (F11), also while its board is being loaded.
  const rightful = stack.use(new RightfulRequest(request.raw))
  stack.use(context.guard.watch(request.raw, named, sender, rightful))
  const { board } = stack.use(await context.boards.holdNamed(named))
  rightful.ended.throwIfAborted()
  const held = stack.move()
  return { board, sender, ended: rightful.ended, [Symbol.dispose]: () => held.dispose() }
}

/** Returns who asks about the board that the URL names, if they may do this there. Rejects like `atBoard`. */
export async function senderOf(
  { guard }: Pick<BoardContext, 'guard'>,
  request: FastifyRequest,
  verb: Verb,
): Promise<Guest> {
  const sender = await guard.sender(request.raw, namedIn(request, verb))
  // Whether the picture is one's own is found where the picture is.
  if (!may(sender, verb, { author: sender.visitor })) throw new WireError('not-allowed')
  return sender
}

/** Returns the board's id in the URL. Throws `unknown-board` for what can't be one. */
export function boardIn(request: FastifyRequest): string {
  const { board } = request.params as { board: string }
  if (!isBoardId(board)) throw new WireError('unknown-board')
  return board
}

/** Returns the board in the URL, or its held log where it is only read. */
function namedIn(request: FastifyRequest, verb: Verb): string {
  const { board } = request.params as { board: string }
  return verb === 'read' && isHeldLog(board) ? board : boardIn(request)
}

/** Finds a picture by its id. If it isn't there, looks again with what other servers have appended. */
export async function findPicture(board: LiveBoard, id: string): Promise<ImageRecord | undefined> {
  const known = imageOf(board, id)
  if (known) return known
  await board.refresh()
  return imageOf(board, id)
}

/** Finds a picture that has a blob, and a variant of it, in the same way. */
export async function findBlob(
  board: LiveBoard,
  sha256: string,
  side?: number,
): Promise<ImageRecord | undefined> {
  const known = board.pictureWithBlob(sha256, side)
  if (known) return known
  await board.refresh()
  return board.pictureWithBlob(sha256, side)
}

/** Opens the place of the picture that the URL names: its board, or the held log if it waits there for this guest. */
export function homeOf(
  { heldLogs }: { readonly heldLogs: HeldLogs },
  { board, sender }: Pick<RequestedBoard, 'board' | 'sender'>,
  request: FastifyRequest,
): Promise<HeldBoard> {
  const { id } = request.params as { id: string }
  return heldLogs.homeOf(board, id, sender)
}

/** Returns the picture that the URL names, trashed or not. Rejects with `unknown-picture`. */
export async function pictureOf(board: LiveBoard, request: FastifyRequest): Promise<ImageRecord> {
  const { id } = request.params as { id: string }
  const record = await findPicture(board, id)
  if (!record) throw new WireError('unknown-picture')
  return record
}

/** Returns the same if it is stored. Rejects with `not-found` while it is arriving. */
export async function storedPictureOf(
  board: LiveBoard,
  request: FastifyRequest,
): Promise<ImageRecord> {
  const { id } = request.params as { id: string }
  const known = imageOf(board, id)
  if (known && known.blob !== null) return known
  await board.refresh()
  const record = imageOf(board, id)
  if (!record) throw new WireError('unknown-picture')
  if (record.blob === null) throw new WireError('not-found')
  return record
}

/** Returns the picture of that id, as far as this server knows. */
export function imageOf(board: LiveBoard, id: string): ImageRecord | undefined {
  const record = board.records.get(id)
  return record?.kind === 'image' ? record : undefined
}
