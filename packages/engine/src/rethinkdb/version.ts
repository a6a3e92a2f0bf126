import { once } from 'node:events'
import { connect } from 'node:net'
import { connect as connectSafely } from 'node:tls'
import { EngineError } from '../errors.ts'
import { type Address, formatHost } from './address.ts'

/** The oldest RethinkDB whose inserts can resolve conflicts by a function. */
const OLDEST_VERSION = [2, 4] as const
/** The first bytes of the protocol's version 1.0. A server answers with its version. */
const HANDSHAKE_V1 = Buffer.from([0xc3, 0xbd, 0xc2, 0x34])
const HANDSHAKE_TIMEOUT_MS = 10_000

/**
 * Checks that a usable RethinkDB answers at an address.
 *
 * @throws EngineError if something else answers or the version is too old; the system's error if the
 * connection fails.
 */
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

/** Reads the version of the first server that is reached, such as `2.4.4`. Null if it speaks another protocol. */
async function readVersion({ servers }: Address): Promise<string | null> {
  for (const [at, server] of servers.entries())
    try {
      return await versionOf(server)
    } catch (error) {
      if (at === servers.length - 1) throw error
    }
  return null
}

/** Reads a server's version, which the driver hides. */
async function versionOf(server: Address['servers'][0]): Promise<string | null> {
  const socket = server.tls ? connectSafely(server) : connect(server)
  const timeout = Object.assign(new Error('It says nothing'), { code: 'ETIMEDOUT' })
  socket.setTimeout(HANDSHAKE_TIMEOUT_MS, () => socket.destroy(timeout))
  try {
    await once(socket, server.tls ? 'secureConnect' : 'connect')
    socket.write(HANDSHAKE_V1)
    let received = ''
    for await (const chunk of socket.setEncoding('utf8')) {
      received += chunk
      if (received.includes('\0')) break
    }
    return /"server_version":"([^"]+)"/.exec(received)?.[1] ?? null
  } finally {
    socket.destroy()
  }
}
