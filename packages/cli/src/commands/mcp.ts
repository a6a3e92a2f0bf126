import { Command, Option } from 'commander'
import { OperatorError } from '../operator-error.ts'
import { ABOUT_TOKEN, boardOption, type RemoteBoard } from '../remote/board-option.ts'
import { untilInterrupted } from '../remote/interrupt.ts'

interface Options {
  readonly url: RemoteBoard
  readonly name: string
  readonly folder?: string
}

/** Makes the command that serves a board to an agent. */
export function mcpCommand(): Command {
  return new Command('mcp')
    .description('Let an agent look at a board and change it (Model Context Protocol).')
    .addOption(boardOption())
    .addOption(
      new Option('--name <name>', 'the name under which people see the agent').default('Agent'),
    )
    .addOption(
      new Option(
        '--folder <folder>',
        'the folder from which it may add files (default: the working folder)',
      ),
    )
    .addHelpText(
      'after',
      `${ABOUT_TOKEN}

A program that has agents starts it, and speaks with it on stdin and stdout. The link's
role says what the agent may do. It needs the package @wirephoto/mcp beside this one.

Exit code: 0 when stdin ends, 2 for a mistake.`,
    )
    .action(serve)
}

async function serve({ url: at, name, folder }: Options): Promise<void> {
  const { serveAgent } = await load()
  const { url, id: board, token } = at
  try {
    await serveAgent({ url, board, token, name, folder }, untilInterrupted())
  } catch (cause) {
    throw new OperatorError(`The folder can't be opened: ${(cause as Error).message}`, { cause })
  }
}

/** Loads the package, which those who have no agent do without. */
async function load(): Promise<typeof import('@wirephoto/mcp')> {
  try {
    return await import('@wirephoto/mcp')
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw cause
    const message = 'wirephoto mcp needs a further package: npm install @wirephoto/mcp'
    throw new OperatorError(message, { cause })
  }
}
