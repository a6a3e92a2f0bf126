import { once } from 'node:events'
import { connect } from 'node:net'
import { connect as connectSafely } from 'node:tls'
import { EngineError } from '../errors.ts'
import { type Address, formatHost } from './address.ts'

/** The first RethinkDB whose inserts can decide by the document that is there. */
const OLDEST_VERSION = [2, 4] as const
/** The first bytes of the protocol's version 1.0, to which a server says who it is. */
const HANDSHAKE_V1 = Buffer.from([0xc3, 0xbd, 0xc2, 0x34])
/** Milliseconds. */
const HANDSHAKE_TIMEOUT_MS = 10_000

/** Rejects with an EngineError when there is no RethinkDB, or one that is too old; with the system's error. */
export async function checkVersion(address: Address): Promise<void> {
  const version = await readVersion(address)
  const host = formatHost(address)
  if (version === null)
    throw new EngineError(
      'unreachable',
      `What answers at ${host} is no RethinkDB that this can talk to. Check the URL's port and tls=.`,
    )
  const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10))
  if (major < OLDEST_VERSION[0] || (major === OLDEST_VERSION[0] && minor < OLDEST_VERSION[1]))
    throw new EngineError(
      'too-old',
      `RethinkDB at ${host} is version ${version}. Use ${OLDEST_VERSION.join('.')} or newer.`,
    )
}

/** `2.4.4`; null when it doesn't speak the protocol. The driver keeps this to itself. */
async function readVersion({ server }: Address): Promise<string | null> {
  const socket = server.tls ? connectSafely(server) : connect(server)
  const silent = Object.assign(new Error('It says nothing'), { code: 'ETIMEDOUT' })
  socket.setTimeout(HANDSHAKE_TIMEOUT_MS, () => socket.destroy(silent))
  try {
    await once(socket, server.tls ? 'secureConnect' : 'connect')
    socket.write(HANDSHAKE_V1)
    let heard = ''
    for await (const chunk of socket.setEncoding('utf8')) {
      heard += chunk
      if (heard.includes('\0')) break
    }
    return /"server_version":"([^"]+)"/.exec(heard)?.[1] ?? null
  } finally {
    socket.destroy()
  }
}
