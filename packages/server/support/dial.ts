import { once } from 'node:events'
import type { Server } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import type { TestContext } from 'node:test'

/** Connects to a server of this machine, from one of its addresses, for one test. */
export async function dial(
  t: TestContext,
  server: Server,
  localAddress = '127.0.0.1',
): Promise<Socket> {
  const { port } = server.address() as AddressInfo
  const socket = connect({ port, host: '127.0.0.1', localAddress })
  // One that the server closes is reset if it still sends.
  socket.on('error', () => {})
  t.after(() => socket.destroy())
  await once(socket, 'connect')
  return socket
}

/** Resolves when a connection is closed, by a reset too. */
export const whenClosed = (socket: Socket): Promise<unknown> =>
  new Promise((resolve) => socket.once('close', resolve))
