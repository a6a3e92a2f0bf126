import type { Command, ErrorCode, ImageAdd } from '@wirephoto/board'

/** A command without an answer. Under one client and number it never changes (F3). */
export interface SavedCommand {
  readonly board: string
  readonly client: string
  readonly n: number
  readonly command: Command
}

/** The file of a picture that isn't stored yet. */
export interface SavedFile {
  readonly board: string
  /** The picture's id. */
  readonly id: string
  readonly name: string
  readonly file: Blob
  /** Why the server refused the picture for now, and the command that announces it again. */
  readonly refused?: RefusedAdd | undefined
}

interface RefusedAdd {
  readonly add: ImageAdd
  readonly error: { readonly code: ErrorCode; readonly message: string }
}

/**
 * The place for all that outlives a page: commands without an answer, and files that aren't stored yet. Each
 * call must be atomic, as several pages may share one store. A rejected call costs only what the next page
 * would have taken over.
 */
export interface Store {
  /** Whether it outlives the page. Without it a page that goes loses all that is unsent. */
  readonly isLasting?: boolean
  /** Returns the commands that pages of this board have left. */
  commands(board: string): Promise<SavedCommand[]>
  putCommands(commands: readonly SavedCommand[]): Promise<void>
  /** Forgets a client's commands up to number `n`. */
  settle(client: string, n: number): Promise<void>
  /** Removes and returns all commands of a client: of several pages that ask, one gets them. */
  take(client: string): Promise<SavedCommand[]>
  /** Returns the files that pages of this board have left. */
  files(board: string): Promise<SavedFile[]>
  putFile(file: SavedFile): Promise<void>
  /** Removes the file and its claim. */
  removeFile(id: string): Promise<void>
  /** Lets `page` alone send this file until then, in milliseconds since 1970. Returns false if another may. */
  claim(id: string, page: string, until: number): Promise<boolean>
  /** Ends the claims on these files. */
  release(ids: readonly string[]): Promise<void>
  close(): void
}

/**
 * Has a store forget something. Where it can't, the next page does again what was done already, which costs it
 * a message or a request.
 */
export function tellStore(store: Promise<Store>, tell: (store: Store) => Promise<void>): void {
  store.then(tell).catch(() => {})
}

/** A page's right to send a file. */
export interface Claim {
  /** The picture's id. */
  readonly id: string
  readonly page: string
  /** Milliseconds since 1970. */
  readonly until: number
}

/** Returns whether a page other than this one holds the claim. */
export const isHeld = (claim: Claim | undefined, page: string): boolean =>
  claim !== undefined && claim.page !== page && claim.until > Date.now()

/** The format of the commands that a page saves. It rises when an older page would misread them. */
const COMMAND_VERSION = 1

/** A command as it lies in the database, with the version of its format; without one it has version 1. */
export interface KeptCommand extends SavedCommand {
  readonly version?: number
}

export const toKept = (saved: SavedCommand): KeptCommand => ({ ...saved, version: COMMAND_VERSION })

/** Returns the commands that this page can read. A newer page's are left to pages of its build. */
export const fromKept = (kept: readonly KeptCommand[]): SavedCommand[] =>
  kept
    .filter(({ version = 1 }) => version <= COMMAND_VERSION)
    .map(({ board, client, n, command }) => ({ board, client, n, command }))
