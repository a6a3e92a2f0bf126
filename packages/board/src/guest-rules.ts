import type { Command } from './commands.ts'
import { WireError } from './errors.ts'
import { type Records, settings } from './records.ts'
import { type Actor, may } from './rights.ts'
import { hasRights } from './roles.ts'

/* The rules that a board's owners set for guests, who may add pictures and no more. Pages do without them. */

/** Whether a board takes no pictures of an actor at the moment. */
export const isPausedFor = (actor: Pick<Actor, 'role'>, records: Records): boolean =>
  settings(records).adding === 'paused' && isGuest(actor)

/** Whether the pictures that an actor adds wait for a moderator. */
export const isHeldFor = (actor: Pick<Actor, 'role'>, records: Records): boolean =>
  settings(records).adding === 'held' && isGuest(actor)

const isGuest = ({ role }: Pick<Actor, 'role'>): boolean =>
  role !== 'server' && !hasRights(role, 'edit')

/** Returns why a board doesn't take a command of a guest, though their role covers it; null if it does. */
export function guestRefusal(records: Records, command: Command, actor: Actor): WireError | null {
  if (!isGuest(actor) || settings(records).adding === 'open') return null
  const { kind } = command
  if (kind !== 'image.add' && kind !== 'image.copy') return null
  if (!may(actor, kind)) return null
  if (isPausedFor(actor, records)) return new WireError('adding-paused')
  if (records.get(command.id)) return null
  // A copy would stand on the board at once, and its source may be one that a moderator has removed. An added
  // picture waits beside the board: it comes here if another server has set that just now, and is sent again.
  return new WireError(kind === 'image.copy' ? 'not-allowed' : 'too-many')
}
