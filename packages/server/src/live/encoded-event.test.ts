import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { test } from 'node:test'
import { Server } from 'socket.io'
import { type Socket as Client, io } from 'socket.io-client'
import { encodeBytes, encodeText } from './encoded-event.ts'
import { transportOf } from './socket-writer.ts'

test('W3, S3: what is framed once for all is what Socket.IO would have sent, at every length of a frame', async () => {
  const http = createServer().listen(0, '127.0.0.1')
  await once(http, 'listening')
  const server = new Server(http, { transports: ['websocket'] })
  const client = io(`http://127.0.0.1:${(http.address() as AddressInfo).port}`, {
    transports: ['websocket'],
  })
  try {
    const [socket] = await once(server, 'connection')
    const transport = transportOf(socket).socket as unknown as { _socket: Socket }
    // One byte before, at and after each place where the header grows (RFC 6455 section 5.2).
    for (const length of [0, 1, 124, 125, 126, 127, 65_534, 65_535, 65_536, 65_537]) {
      const text = 'ü"'.repeat(length).slice(0, length)
      const heard = next(client, 'changes')
      transport._socket.write(encodeText('changes', text).frames)
      assert.deepEqual(await heard, [text])

      const bytes = Buffer.alloc(length, length)
      const seen = next(client, 'preview')
      transport._socket.write(encodeBytes('preview', 'an id', bytes).frames)
      const [id, came] = await seen
      assert.equal(id, 'an id')
      assert.deepEqual(Buffer.from(came as ArrayBuffer), bytes)
    }
  } finally {
    client.close()
    await server.close()
  }
})

const next = (client: Client, event: string): Promise<unknown[]> =>
  new Promise((resolve) => client.once(event, (...args) => resolve(args)))
