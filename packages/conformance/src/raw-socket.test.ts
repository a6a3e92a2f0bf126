import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { cursor } from '@wirephoto/board'
import { WebSocketServer } from 'ws'
import { RawSocket } from './raw-socket.ts'
import { Reader } from './reader.ts'

const [START, NEXT, LOST] = [1, 2, 3].map((seq) => cursor('epoch', seq, 'stamp')) as [
  ReturnType<typeof cursor>,
  ReturnType<typeof cursor>,
  ReturnType<typeof cursor>,
]
const FOLLOWED = { visitor: 'v', role: 'edit', session: 's', resumed: true, now: 0 }

/** A server that lets a socket in, answers its first question with what a page would, and then says these frames. */
async function faultyServer(t: TestContext, frames: readonly (string | Buffer)[]): Promise<string> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  t.after(() => server.close())
  server.on('connection', (socket) => {
    socket.send('0{"sid":"s","pingInterval":10000,"pingTimeout":10000}')
    socket.on('message', (data) => {
      const text = String(data as Buffer)
      if (text.startsWith('40')) socket.send('40{"sid":"s"}')
      if (!text.startsWith('420')) return
      socket.send(`430${JSON.stringify([FOLLOWED])}`)
      for (const frame of frames) socket.send(frame)
      socket.send('42["build","end"]')
    })
  })
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** Returns what a reader finds wrong in these frames. */
async function faultsOf(t: TestContext, ...frames: (string | Buffer)[]): Promise<string[]> {
  const url = await faultyServer(t, frames)
  const board = { url, hello: {}, snapshot: async () => ({ cursor: START, records: [] }) }
  const reader = await Reader.follow(board)
  t.after(() => reader.close())
  await reader.socket.event('build')
  assert.ok(reader.place)
  return reader.socket.faults
}

const changes = (batch: object) => `42${JSON.stringify(['changes', JSON.stringify(batch)])}`

test('W73: batches that follow each other are no fault', async (t) => {
  const faults = await faultsOf(
    t,
    changes({ from: START, to: NEXT, changes: [{ gone: 'a' }] }),
    changes({ from: START, to: NEXT, changes: [{ gone: 'a' }] }),
    '451-["frame","a",{"_placeholder":true,"num":0}]',
    Buffer.from('bytes'),
  )
  assert.deepEqual(faults, [])
})

for (const [what, fault, frames] of [
  ['a gap', /begins at another cursor/, [changes({ from: NEXT, to: LOST, changes: [] })]],
  [
    'a record twice',
    /twice in a batch/,
    [changes({ from: START, to: NEXT, changes: [{ gone: 'a' }, { gone: 'a' }] })],
  ],
  ['another shape', /another shape/, ['42["people","{}"]']],
  ['a body that is no text', /no text/, ['42["people",{"count":1}]']],
  ['a lost place', /lost our place/, ['42["reload"]']],
  ['bytes of nothing', /without an event/, [Buffer.from('bytes')]],
  ['an answer to nothing', /no question/, ['4377[{}]']],
  ['an unknown frame', /doesn't have/, ['7']],
] as const)
  test(`W73: ${what} is a fault`, async (t) => {
    const faults = await faultsOf(t, ...frames)
    assert.match(faults.join('\n'), fault)
  })

test('W73: a socket that is refused rejects with the code', async (t) => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  t.after(() => server.close())
  server.on('connection', (socket) => {
    socket.send('0{}')
    socket.on('message', () => socket.send('44{"message":"No.","data":{"code":"old-page"}}'))
  })
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  await assert.rejects(RawSocket.open({ url, hello: {} }), { name: 'Refused', code: 'old-page' })
})
