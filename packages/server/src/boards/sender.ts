import type { Role } from '@wirephoto/board'

/** Somebody who asks, on whatever board. */
export interface Visitor {
  /** Public id. */
  readonly visitor: string
  /** The address that it asks from, IPv6 by its /64; none for the server's own commands. */
  readonly address?: string
}

/** The one that a visitor's pictures are counted to. Owners' count to their board alone. */
export interface Quota {
  /** The id of the link that they came by; null for a stranger, who came by the board's address. */
  readonly link: string | null
  /** The pictures that it may have on the board. Default: the server's bound. */
  readonly pictures?: number | undefined
  /** The bytes of these. Default: the server's bound. */
  readonly bytes?: number | undefined
}

/** The quota of those who come to an open board by its address. */
export const STRANGER: Quota = { link: null }

/** The visitor on whose behalf commands are sent to a board; the board adds its clock. */
export interface Sender extends Visitor {
  readonly role: Role | 'server'
  /** The hashes of the secrets that the role rests on; none where everybody has it. */
  readonly grant?: readonly string[]
  /** Counts their pictures beside the board; undefined for owners without a link, and the server itself. */
  readonly quota?: Quota
}
