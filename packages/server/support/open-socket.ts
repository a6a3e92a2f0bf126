import { WIRE_VERSION } from '@wirephoto/board'
import { io, type Socket } from 'socket.io-client'

interface SocketOptions {
  readonly headers?: Record<string, string>
  /** The bearer token, as a page sends it. */
  readonly token?: string
}

/** Opens a socket to a board. Resolves to it, or to the code of the refusal; the caller closes it. */
export async function openSocket(
  url: string,
  board: string,
  { headers = {}, token }: SocketOptions = {},
): Promise<Socket | string> {
  const socket = io(url, {
    path: '/live',
    transports: ['websocket'],
    extraHeaders: headers,
    auth: { board, wire: WIRE_VERSION, token },
    forceNew: true,
    reconnection: false,
  })
  const { promise, resolve } = Promise.withResolvers<Socket | string>()
  socket.once('connect', () => resolve(socket))
  socket.once('connect_error', (error: Error & { data?: { code: string } }) => {
    socket.close()
    resolve(error.data?.code ?? error.message)
  })
  return promise
}

/** Opens one and closes it. Resolves to `open`, or to the code of the refusal. */
export async function trySocket(...args: Parameters<typeof openSocket>): Promise<string> {
  const socket = await openSocket(...args)
  if (typeof socket === 'string') return socket
  socket.close()
  return 'open'
}
