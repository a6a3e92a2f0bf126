import type { AuditLink, Role } from '@wirephoto/board'
import type { MadeLink } from './links.ts'

/** A link as its maker is told of it, this once: its address holds the secret. */
export interface ToldLink {
  readonly id: string
  /** The role that it gives on the board. */
  readonly role: Role
  /** Milliseconds since 1970: a renewed link has a later one. */
  readonly madeAt: number
  readonly url: string
}

/** Tells a link that was just made to a board's page, once. */
export const toldLink = ({ id, role, madeAt, secret }: MadeLink, page: string): ToldLink => ({
  id,
  role,
  madeAt,
  url: `${page}#${secret}`,
})

/** Returns what names a link where its secret is none of the reader's business. */
export const namedLink = ({
  id,
  role,
  label,
}: Pick<MadeLink, 'id' | 'role' | 'label'>): AuditLink => ({ id, role, label })
