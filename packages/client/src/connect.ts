import { boardAddressOf } from '@wirephoto/board'
import { orAborted } from './aborts.ts'
import { type Board, openBoard } from './board.ts'
import { throwIfEnded } from './board-end.ts'
import { ClientError } from './client-error.ts'
import { until } from './events.ts'
import type { BoardEvents, OpenOptions, Problem } from './types.ts'
import { toWireError } from './wire-error.ts'

/** Time that a server has to answer, by default. */
const CONNECT_PATIENCE_MS = 30_000
const NO_ANSWER = "The server didn't answer. Is it running, and is its address right?"

/** The ways of `connect`. The board and its server are in the address. */
export interface ConnectOptions extends Partial<Omit<OpenOptions, 'url' | 'board' | 'token'>> {
  /** See `OpenOptions`. Default: the secret of the link that the address is. */
  readonly token?: string | undefined
  /** One's own name, as others see it. */
  readonly name?: string
  /** Gives connecting up. A board that is open stays so. */
  readonly signal?: AbortSignal
  /** The milliseconds that the server has to answer. Default: 30,000. */
  readonly patienceMs?: number
}

/**
 * Opens a board by its address or link, and resolves when its pictures are here. Without a path in the address it is
 * the front board. A `token` goes before the secret of a link.
 *
 * Rejects, and leaves nothing open:
 * - with a `WireError` if the server refuses us, or says why it takes nothing at the moment;
 * - with a `ClientError` of the code `no-answer` if it doesn't answer;
 * - with the signal's reason.
 */
export async function connect(
  address: string | URL,
  { name, signal, token, patienceMs = CONNECT_PATIENCE_MS, ...options }: ConnectOptions = {},
): Promise<Board & AsyncDisposable> {
  signal?.throwIfAborted()
  const { secret, ...at } = boardAddressOf(new URL(address, globalThis.document?.baseURI))
  const asks = token ?? secret
  const board = openBoard({ ...at, ...options, ...(asks !== undefined && { token: asks }) })
  if (name !== undefined) board.setName(name)
  try {
    await orAborted(whenLive(board, patienceMs), signal)
    return Object.assign(board, { [Symbol.asyncDispose]: () => board.close() })
  } catch (error) {
    await board.close()
    throw error
  }
}

/** Resolves when a board is live. Rejects when it is refused, or the time is over. */
async function whenLive(board: Board, patienceMs: number): Promise<void> {
  let trouble: Problem | null = null
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(
    () => reject(trouble ? toWireError(trouble) : new ClientError('no-answer', NO_ANSWER)),
    patienceMs,
  )
  const live = until<BoardEvents, true>(board, ['status'], () => {
    throwIfEnded(board)
    trouble = board.status.trouble
    return board.status.connection === 'live' || null
  })
  try {
    await Promise.race([live, promise])
  } finally {
    clearTimeout(timer)
  }
}
