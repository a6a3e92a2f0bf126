import { BoardUnderTest } from './board-under-test.ts'
import { clientChecks } from './client-checks.ts'
import { ClientContext } from './client-context.ts'
import { type Outcome, runChecks } from './run-checks.ts'
import { serverChecks } from './server-checks.ts'
import { ServerContext } from './server-context.ts'

export type { Outcome }

export interface CheckOptions {
  /** The address of a board, or its link. Pictures that the checks add are put into its trash. */
  readonly address: string
  /** A bearer token with the role edit. Default: the secret of the link, or a new one. */
  readonly token?: string | undefined
  /** Takes each line of the report, in TAP 14. */
  readonly write: (line: string) => void
}

/** Holds a server to PROTOCOL.md. */
export async function checkServer({ address, token, write }: CheckOptions): Promise<Outcome> {
  const board = new BoardUnderTest(address, token)
  return runChecks(serverChecks, async () => new ServerContext(board), write)
}

/**
 * Holds a client to PROTOCOL.md. `command` begins each of its runs: `push`, `slot`, `slots`, `frame` and `changes` follow,
 * with their arguments. The address must begin with `http://`, since a line that breaks is put between.
 */
export async function checkClient(
  { address, token, write }: CheckOptions,
  command: readonly string[],
): Promise<Outcome> {
  const board = new BoardUnderTest(address, token)
  return runChecks(clientChecks, () => ClientContext.make(board, command), write)
}
