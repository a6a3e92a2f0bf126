import type { TestContext } from 'node:test'
import { WIRE_VERSION } from '@wirephoto/board'
import { io } from 'socket.io-client'

/** Opens a socket for one test. Resolves to `open`, or to the code with which the server refuses it. */
export function trySocket(t: TestContext, url: string): Promise<string> {
  const socket = io(url, {
    path: '/live',
    transports: ['websocket'],
    auth: { board: 'main', wire: WIRE_VERSION },
    forceNew: true,
    reconnection: false,
  })
  t.after(() => socket.close())
  return new Promise((resolve) => {
    socket.once('connect', () => resolve('open'))
    socket.once('connect_error', (error: Error & { data?: { code: string } }) =>
      resolve(error.data?.code ?? error.message),
    )
  })
}
