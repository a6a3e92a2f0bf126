import { ClientError } from './client-error.ts'
import type { Status } from './types.ts'
import { toWireError } from './wire-error.ts'

/** Throws if nothing more will come from the server. */
export function throwIfEnded({ status }: { readonly status: Status }): void {
  const { refused, connection } = status
  if (refused) throw toWireError(refused)
  if (connection === 'closed')
    throw new ClientError('closed', 'This board is closed. Open it again.')
}
