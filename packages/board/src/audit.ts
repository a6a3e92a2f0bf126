import type { BoardPatch } from './commands.ts'
import type { Role } from './roles.ts'

/** The acts on a board that its owners read of. */
export const AUDIT_ACTS = [
  'add',
  'remove',
  'restore',
  /** Pictures were given another file. */
  'replace',
  /** Pictures were marked to be deleted for good, kept all the same, or are gone. */
  'purge',
  'keep',
  'erase',
  /** Pictures that had waited came onto the board, or were turned away for good. */
  'approve',
  'refuse',
  'settings',
  'link-made',
  'link-changed',
  'link-renewed',
  'link-revoked',
  /** The passphrase, the day on which the board closes, or the wall's link. */
  'access',
  /** An open board takes those alone who have a link. */
  'closed',
  /** Somebody came by a link, or by a code of the wall. */
  'came',
] as const
export type AuditAct = (typeof AUDIT_ACTS)[number]

/** The link that an entry is about, without its secret. */
export interface AuditLink {
  readonly id: string
  readonly role: Role
  readonly label: string
}

/** One thing that somebody did; what they did several times within a second is one. */
export interface AuditEntry {
  /** Milliseconds since 1970. */
  readonly at: number
  readonly act: AuditAct
  /** Public id of the visitor; `server` for the server itself. */
  readonly visitor: string
  /** Their name at the time; empty for none. */
  readonly name: string
  /** The number of pictures; 0 where the act is about none. */
  readonly count: number
  /** Those of the pictures that are on the board or in its trash. Names of others aren't kept. */
  readonly pictures: readonly { readonly id: string; readonly name: string }[]
  /** The settings that were changed, and their values since. */
  readonly settings?: BoardPatch['set']
  readonly link?: AuditLink
}

/** The answer of `GET /api/boards/<board>/audit`: entries, newest first. */
export interface AuditPage {
  readonly entries: readonly AuditEntry[]
  /** The `before` of the next page; null on the last one. */
  readonly next: number | null
}
