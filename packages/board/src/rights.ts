import type { Command, ServerCommand } from './commands.ts'
import type { ImageRecord } from './records.ts'
import { hasRights, type Role } from './roles.ts'

/** The visitor or the server that asks for a change. The server acting for itself may do everything. */
export interface Actor {
  /** Public id of the visitor. */
  readonly visitor: string
  readonly role: Role | 'server'
  /** The time that new records get, in milliseconds since 1970. */
  readonly now: number
  /** The id of the link that the visitor came by; null or undefined for none. */
  readonly link?: string | null | undefined
  /** The time for which a marked picture can be called off. Default: `limits.purgeGraceMs`. */
  readonly purgeGraceMs?: number
}

/** Everything that somebody may ask of a board. */
export type Verb =
  | Command['kind']
  /** Seeing the board: its snapshot, feed, pictures and files. */
  | 'read'
  /** Being seen on the board, with a name, a pointer and a selection. */
  | 'presence'
  /** Changing the author's name on a picture. */
  | 'image.sign'
  /** Showing a picture on everybody's screens. */
  | 'board.show'
  /** Links, audit, moderation, clearing and deleting the board. */
  | 'board.govern'

/**
 * The least role for a verb: on any picture, and on one that the actor added (F11). The server alone may do what it
 * doesn't name.
 */
const LEAST_ROLE: Record<
  Exclude<Verb, ServerCommand['kind']>,
  { any: Role | 'server'; mine?: Role }
> & {
  readonly [K in ServerCommand['kind']]?: never
} = {
  read: { any: 'view' },
  presence: { any: 'view' },
  'image.add': { any: 'add' },
  'image.copy': { any: 'add' },
  'image.patch': { any: 'edit', mine: 'add' },
  'image.sign': { any: 'server', mine: 'add' },
  'image.remove': { any: 'edit', mine: 'add' },
  'image.restore': { any: 'edit', mine: 'add' },
  'image.revert': { any: 'edit', mine: 'add' },
  'image.purge': { any: 'own' },
  'image.keep': { any: 'own' },
  'board.show': { any: 'edit' },
  'board.patch': { any: 'own' },
  'board.govern': { any: 'own' },
}

/** Whether the actor may do this, to this picture if the verb is about one. */
export function may(
  actor: Pick<Actor, 'visitor' | 'role'>,
  verb: Verb,
  image?: Pick<ImageRecord, 'author'> & Partial<Pick<ImageRecord, 'deletedBy'>>,
): boolean {
  if (actor.role === 'server') return true
  const { any, mine } = LEAST_ROLE[verb] ?? { any: 'server' }
  // Nobody brings back what a host has removed because it is their own (B115).
  const isTaken = verb === 'image.restore' && (image?.deletedBy ?? actor.visitor) !== actor.visitor
  const needed = mine && image?.author === actor.visitor && !isTaken ? mine : any
  return needed !== 'server' && hasRights(actor.role, needed)
}
