#!/usr/bin/env node
import { parseArgs } from 'node:util'
import { boardAddressOf } from '@wirephoto/board'
import { AgentError, DEFAULT_AGENT_NAME, serveAgent } from './index.ts'

const USAGE = `Usage: wirephoto-mcp [--url <address>] [--name <name>] [--folder <folder>]

Lets an agent look at a picture board, and add, caption, arrange and remove pictures. It speaks the Model
Context Protocol on stdin and stdout: a program that has agents starts it.

--url     the board's address or link (WIREPHOTO_URL; default: http://localhost:8000)
--name    the name under which people see the agent (default: ${DEFAULT_AGENT_NAME})
--folder  the folder from which it may add files (default: the working folder)

The secret of a link comes from WIREPHOTO_TOKEN, or from behind # in WIREPHOTO_URL.`

try {
  const { values } = parseArgs({
    options: {
      help: { type: 'boolean', short: 'h', default: false },
      url: { type: 'string' },
      name: { type: 'string' },
      folder: { type: 'string' },
    },
  })
  if (values.help) console.log(USAGE)
  else await serve(values)
} catch (error) {
  const isMistake = error instanceof AgentError || (error instanceof Error && 'code' in error)
  if (!isMistake) throw error
  console.error((error as Error).message)
  process.exitCode = 2
}

async function serve(values: { url?: string; name?: string; folder?: string }): Promise<void> {
  const text = values.url ?? process.env['WIREPHOTO_URL'] ?? 'http://localhost:8000'
  const address = URL.parse(text)
  if (!address || !/^https?:$/.test(address.protocol))
    throw new AgentError('bad-request', `${JSON.stringify(text)} is no address of a board.`)
  const { url, board, secret } = boardAddressOf(address)
  const token = process.env['WIREPHOTO_TOKEN']?.trim().split('#').at(-1) || secret
  const { name, folder } = values
  await serveAgent({ url, board, token, name, folder }, untilSignalled())
}

function untilSignalled(): AbortSignal {
  const ending = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => ending.abort())
  return ending.signal
}
