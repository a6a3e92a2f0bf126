import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** A ReQL term as the protocol sends it: its number, arguments and options. */
export interface Term {
  readonly type: number
  readonly args: readonly unknown[]
  readonly options: Readonly<Record<string, unknown>>
  /** The number of the term that has it as an argument. */
  readonly parentType: number | null
}

/**
 * Opens a proxy to a RethinkDB on this machine, and calls `onTerm` with every term of every query.
 */
export async function sniffTerms(
  target: number,
  onTerm: (term: Term) => void,
): Promise<{ port: number; close(): Promise<void> }> {
  const sockets = new Set<Socket>()
  const server = createServer((near) => {
    const far = connect(target, '127.0.0.1')
    for (const socket of [near, far]) {
      sockets.add(socket.setNoDelay(true))
      socket.on('error', () => {}).on('close', () => [near, far].forEach((one) => one.destroy()))
    }
    far.pipe(near)
    near.pipe(far)
    parseQueries(near, onTerm)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as { port: number }).port,
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/**
 * Parses the client's side. The handshake has two messages that end with NUL; each query has its
 * token, length and JSON.
 */
function parseQueries(socket: Socket, onTerm: (term: Term) => void): void {
  let heard = Buffer.alloc(0)
  let greetings = 2
  socket.on('data', (chunk: Buffer) => {
    heard = Buffer.concat([heard, chunk])
    while (greetings > 0 && heard.includes(0)) {
      heard = heard.subarray(heard.indexOf(0) + 1)
      greetings--
    }
    while (greetings === 0 && heard.length >= 12) {
      const end = 12 + heard.readUInt32LE(8)
      if (heard.length < end) return
      const [kind, query] = JSON.parse(heard.toString('utf8', 12, end))
      if (kind === QUERY_TYPE_START) visit(query, null, onTerm)
      heard = heard.subarray(end)
    }
  })
}

const QUERY_TYPE_START = 0x01

function visit(part: unknown, parentType: number | null, onTerm: (term: Term) => void): void {
  if (Array.isArray(part)) {
    const [type, args = [], options = {}] = part
    onTerm({ type, args, options, parentType })
    for (const one of [...args, ...Object.values(options)]) visit(one, type, onTerm)
  } else if (typeof part === 'object' && part !== null)
    for (const one of Object.values(part)) visit(one, parentType, onTerm)
}
