import { createInterface } from 'node:readline/promises'
import { text } from 'node:stream/consumers'
import { Command, Option } from 'commander'
import { endOnClosedPipe } from '../closed-pipe.ts'
import { exitCodes } from '../exit-codes.ts'
import { OperatorError } from '../operator-error.ts'
import { answerOf, ask, askFor, endingOf } from '../remote/ask.ts'
import { boardOption, type RemoteBoard } from '../remote/board-option.ts'
import { untilInterrupted } from '../remote/interrupt.ts'

interface Options {
  readonly url: RemoteBoard
  readonly json?: boolean
}

interface ListedBoard {
  readonly id: string
  readonly title: string
  readonly pictures: number
  readonly bytes: number
  readonly createdAt: number
}

/** Makes the command that lists the boards of a server to its owner. */
export function boardsCommand(): Command {
  return new Command('boards')
    .description("List all boards of a server, by a code of its owner's.")
    .addOption(boardOption())
    .addOption(new Option('--json', 'print a line of JSON for each board'))
    .addHelpText(
      'after',
      `
An owner code is asked for, or read from stdin. On the server's own machine:
  wirephoto owner-code | wirephoto boards

Exit code: 0 if they are listed, 2 for a mistake, 3 if no server answers, 4 if the code
isn't right, 130 after Ctrl-C.`,
    )
    .action(listBoards)
}

async function listBoards({ url: { url, id }, json }: Options): Promise<void> {
  endOnClosedPipe(exitCodes.done)
  const signal = untilInterrupted()
  // A bearer is a link's, and no link owns a server.
  const server: RemoteBoard = {
    url,
    id,
    token: undefined,
    headers: { origin: new URL(url).origin },
  }
  try {
    const code = await ownerCode(signal)
    const entered = await ask(server, {
      method: 'POST',
      path: '/api/owner',
      json: { code },
      signal,
    })
    if (entered.statusCode !== 204) await answerOf(server, entered)
    entered.resume()
    const cookie = (entered.headers['set-cookie'] ?? [])
      .map((each) => each.split(';')[0])
      .join('; ')
    const owner = { ...server, headers: { ...server.headers, cookie } }
    try {
      await printAll(owner, json ? printJson : printLine, signal)
    } finally {
      const left = await ask(owner, { method: 'DELETE', path: '/api/owner', signal }).catch(
        () => null,
      )
      left?.resume()
    }
  } catch (error) {
    if (!signal.aborted) throw endingOf(server, error) ?? error
    process.exitCode = exitCodes.interrupted
  }
}

async function ownerCode(signal: AbortSignal): Promise<string> {
  if (!process.stdin.isTTY) {
    const code = (await text(process.stdin)).trim()
    if (code !== '') return code
    throw new OperatorError('Give the owner code on stdin, as from wirephoto owner-code.')
  }
  using asking = createInterface({ input: process.stdin, output: process.stderr })
  return (await asking.question('Owner code: ', { signal })).trim()
}

async function printAll(
  server: RemoteBoard,
  print: (server: RemoteBoard, board: ListedBoard) => void,
  signal: AbortSignal,
): Promise<void> {
  let after: string | null = null
  do {
    const query: string = after === null ? '' : `?after=${encodeURIComponent(after)}`
    const path = `/api/boards${query}`
    const part: { boards: ListedBoard[]; next: string | null } = await askFor(server, {
      path,
      signal,
    })
    for (const board of part.boards) print(server, board)
    after = part.next
  } while (after !== null)
}

function printLine(
  { url }: RemoteBoard,
  { id, title, pictures, bytes, createdAt }: ListedBoard,
): void {
  const day = new Date(createdAt).toISOString().slice(0, 10)
  const size = `${(bytes / 1e6).toFixed(1)} MB`
  const facts = [day, `${pictures}`.padStart(6), size.padStart(11), `${url}/b/${id}`, title]
  process.stdout.write(`${facts.join('  ').trimEnd()}\n`)
}

function printJson({ url }: RemoteBoard, board: ListedBoard): void {
  process.stdout.write(`${JSON.stringify({ ...board, url: `${url}/b/${board.id}` })}\n`)
}
