import type { Role } from '@wirephoto/board'

/** The visitor on whose behalf commands are sent; the board adds its clock. */
export interface Sender {
  readonly visitor: string
  /** The address that it asks from, IPv6 by its /64; none for the server's own commands. */
  readonly address?: string
  readonly role: Role | 'server'
}
