import type { Command } from './commands.ts'
import type { ImageRecord } from './records.ts'

/** Each may do what those before it may. */
export const ROLES = ['view', 'add', 'edit', 'own'] as const
export type Role = (typeof ROLES)[number]

/** The server acting for itself has no role to ask for. */
export interface Who {
  /** Public id of the visitor. */
  readonly visitor: string
  readonly role: Role | 'server'
  /** The clock that new records are dated by, in milliseconds since 1970. */
  readonly now: number
}

/** The least role for a verb, and for the same verb on a picture that one added oneself (F11). */
const least: Record<Command['kind'] | 'read', { any: Role | 'server'; mine?: Role }> = {
  read: { any: 'view' },
  'image.add': { any: 'add' },
  'image.patch': { any: 'edit', mine: 'add' },
  'image.remove': { any: 'edit', mine: 'add' },
  'image.restore': { any: 'edit', mine: 'add' },
  'board.patch': { any: 'edit' },
  'image.settle': { any: 'server' },
  'image.vary': { any: 'server' },
  'image.fail': { any: 'server' },
  'image.purge': { any: 'edit', mine: 'add' },
  'image.copy': { any: 'add' },
}

/** Whether somebody may do this, to this picture where it is about one. */
export function may(who: Who, verb: keyof typeof least, image?: ImageRecord): boolean {
  if (who.role === 'server') return true
  const { any, mine } = least[verb]
  const needed = mine && image?.author === who.visitor ? mine : any
  return needed !== 'server' && ROLES.indexOf(who.role) >= ROLES.indexOf(needed)
}
