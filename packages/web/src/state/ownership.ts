import { boardUrl } from '../browser/board-links.ts'
import { request } from '../browser/server-requests.ts'
import { serverUrl } from '../browser/server-url.ts'

const SIGN_IN = '/api/owner/sign-in'

/** Whether this browser owns the server, and how it may become so. */
export interface Ownership {
  readonly isOwner: boolean
  /** When that ends, in milliseconds since 1970; null if it doesn't own it. */
  readonly until: number | null
  /** Where one signs in; null where nobody does. */
  readonly signIn: string | null
}

/** A browser that owns the server or a board. */
export interface OwningBrowser {
  readonly id: string
  /** Milliseconds since 1970. */
  readonly since: number
  readonly device: { readonly browser: string; readonly system: string } | null
  /** The address or the subject of who signed in. */
  readonly name?: string | null
  /** The link that it came by to a board. */
  readonly link?: { readonly label: string } | null
  /** Whether it is this one. */
  readonly isThis: boolean
}

/** Asks whether this browser owns the server. Rejects as `request` does. */
export const ownership = (): Promise<Ownership> => request('GET', '/api/owner')

/** Ends that this browser owns the server. Rejects as `request` does. */
export const signOut = (): Promise<void> => request('DELETE', '/api/owner')

/**
 * Returns where a person signs in, to come back to a board. The provider leads back to the server's public address
 * alone, so at another one the board is opened there first.
 */
export function signInUrl(signIn: string, board: string): string {
  const publicUrl = signIn.slice(0, -SIGN_IN.length)
  return publicUrl === serverUrl ? `${signIn}?board=${board}` : boardUrl(board, publicUrl)
}
