import { ClientError } from './client-error.ts'
import type { Problem, Status } from './types.ts'
import { toWireError } from './wire-error.ts'

/** Throws if nothing more will come from the server. */
export function throwIfEnded({ status }: { readonly status: Status }): void {
  const { refused, connection } = status
  if (refused) throw toWireError(refused)
  if (connection === 'closed')
    throw new ClientError('closed', 'This board is closed. Open it again.')
}

/** Throws why not all commands were done: the first refusal, or else the end of the board. */
export function throwUnsettled(board: { readonly status: Status }, why: Problem | undefined): void {
  if (why) throw toWireError(why)
  throwIfEnded(board)
}
