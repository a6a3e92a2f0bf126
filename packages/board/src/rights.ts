import type { Command } from './commands.ts'
import type { ImageRecord } from './records.ts'

/** The roles, each with the rights of those before it. */
export const ROLES = ['view', 'add', 'edit', 'own'] as const
export type Role = (typeof ROLES)[number]

/** The visitor or the server that asks for a change. The server acting for itself may do everything. */
export interface Actor {
  /** Public id of the visitor. */
  readonly visitor: string
  readonly role: Role | 'server'
  /** The time that new records get, in milliseconds since 1970. */
  readonly now: number
  /** The time for which a marked picture can be called off. Default: `limits.purgeGraceMs`. */
  readonly purgeGraceMs?: number
}

/** The least role for a verb: on any picture, and on one that the actor added (F11). */
const LEAST_ROLE: Record<
  Command['kind'] | 'image.sign' | 'read',
  { any: Role | 'server'; mine?: Role }
> = {
  read: { any: 'view' },
  'image.add': { any: 'add' },
  'image.patch': { any: 'edit', mine: 'add' },
  /** Changing the author's name on a picture. */
  'image.sign': { any: 'server', mine: 'add' },
  'image.remove': { any: 'edit', mine: 'add' },
  'image.restore': { any: 'edit', mine: 'add' },
  'board.patch': { any: 'edit' },
  'image.settle': { any: 'server' },
  'image.vary': { any: 'server' },
  'image.fail': { any: 'server' },
  'image.erase': { any: 'server' },
  'image.keep': { any: 'edit', mine: 'add' },
  'image.purge': { any: 'edit', mine: 'add' },
  'image.copy': { any: 'add' },
}

/** Whether the actor may do this, to this picture if the verb is about one. */
export function may(actor: Actor, verb: keyof typeof LEAST_ROLE, image?: ImageRecord): boolean {
  if (actor.role === 'server') return true
  const { any, mine } = LEAST_ROLE[verb]
  const needed = mine && image?.author === actor.visitor ? mine : any
  return needed !== 'server' && ROLES.indexOf(actor.role) >= ROLES.indexOf(needed)
}
