import type { Role } from '@wirephoto/board'

/** Somebody who asks, on whatever board. */
export interface Visitor {
  /** Public id. */
  readonly visitor: string
  /** The address that it asks from, IPv6 by its /64; none for the server's own commands. */
  readonly address?: string
}

/** The visitor on whose behalf commands are sent to a board; the board adds its clock. */
export interface Sender extends Visitor {
  readonly role: Role | 'server'
  /** The hashes of the secrets that the role rests on; none where everybody has it. */
  readonly grant?: readonly string[]
}
