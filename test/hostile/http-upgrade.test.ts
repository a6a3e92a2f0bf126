import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { ServerProcess } from '../support/server-process.ts'

test('an upgrade that is only offered, as by HTTP/2 clients, is left aside and the request answered', async () => {
  const server = await ServerProcess.open()
  try {
    const socket = connect(server.port, '127.0.0.1')
    await once(socket, 'connect')
    const offer = 'Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n'
    socket.write(`GET /healthz HTTP/1.1\r\nHost: localhost\r\n${offer}`)
    socket.write('Connection: Upgrade, HTTP2-Settings, close\r\n\r\n')
    assert.match(await text(socket), /^HTTP\/1.1 200 OK\r\n.*\{"ok":true\}/s)
  } finally {
    await server.close()
  }
})
