import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js'
import { BoardSession } from './board-session.ts'
import { changeTools } from './change-tools.ts'
import { LocalFiles } from './local-files.ts'
import { lookTools } from './look-tools.ts'

export { AgentError } from './agent-error.ts'

export interface AgentOptions {
  /** Where the server is reached, without a slash at the end. */
  readonly url: string
  /** The board's id. */
  readonly board: string
  /** The secret of a link, if there is one. Its role says what the agent may do. */
  readonly token?: string | undefined
  /** The name under which others see the agent. Default: Agent. */
  readonly name?: string | undefined
  /** The folder from which it may add files. Default: the working folder, unless that is the home folder or the root. */
  readonly folder?: string | undefined
  /** Milliseconds that the server has for an answer. Default: 20,000. */
  readonly patienceMs?: number | undefined
}

const PATIENCE_MS = 20_000
export const DEFAULT_AGENT_NAME = 'Agent'

/**
 * Serves a board to an agent by the Model Context Protocol, over stdin and stdout, until stdin ends or `signal` aborts.
 * Only the protocol goes to stdout. Rejects if the folder can't be opened; everything else is told to the agent.
 */
export async function serveAgent(options: AgentOptions, signal?: AbortSignal): Promise<void> {
  const { name = DEFAULT_AGENT_NAME, folder, patienceMs = PATIENCE_MS } = options
  const files = await LocalFiles.open(folder)
  const server = new McpServer(
    { name: 'wirephoto', title: 'Wirephoto', version: '0.1.0' },
    {
      instructions:
        'A board of pictures that people look at together, now. Everything that you change is seen at once by all of them, under your name. Look at the board before you change it. Places are in board units: x to the right, y downwards.',
    },
  )
  const session = new BoardSession({ ...options, name, patienceMs })
  lookTools(server, session)
  changeTools(server, session, files)
  const { promise: ended, resolve } = Promise.withResolvers<void>()
  process.stdin.once('end', resolve)
  process.stdin.once('close', resolve)
  process.stdout.once('error', () => resolve())
  server.server.onclose = () => resolve()
  signal?.addEventListener('abort', () => resolve(), { once: true })
  if (signal?.aborted) resolve()
  await server.connect(new StdioServerTransport())
  await ended
  await session.close()
  await server.close()
}
