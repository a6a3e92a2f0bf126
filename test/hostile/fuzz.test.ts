import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { test } from 'node:test'
import { WIRE_VERSION } from '@wirephoto/board'
import { EFFORT_FACTOR, SEED } from '../support/effort.ts'
import { seededRandom } from '../support/pictures.ts'
import { ServerProcess } from '../support/server-process.ts'

/** A million and a hundred thousand with the effort of `npm run test:long`. */
const [FRAMES_COUNT, REQUESTS_COUNT] = EFFORT_FACTOR > 1 ? [1_000_000, 100_000] : [1_000, 100]
const FRAMES_PER_SOCKET_COUNT = 100
const CONCURRENT_COUNT = 16
const ANSWER_TIMEOUT_MS = 5_000

const random = seededRandom(SEED)
const pick = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)]!

const ID = '01890000-0000-7000-8000-000000000000'
const ODD: readonly unknown[] = [
  null,
  true,
  -1,
  0,
  1.5,
  1e308,
  2 ** 53,
  '',
  'main',
  ID,
  '\u0000',
  '\ud800',
  '__proto__',
  '../../etc/passwd',
  'x'.repeat(10_000),
  [],
  {},
  [[[[[]]]]],
  { toString: 1, constructor: null },
]
const COMMANDS = [
  'image.add',
  'image.patch',
  'image.remove',
  'image.purge',
  'image.keep',
  'image.settle',
  'board.patch',
  'image.copy',
  '',
]
const FIELDS = [
  'kind',
  'id',
  'set',
  'name',
  'x',
  'y',
  'w',
  'width',
  'height',
  'caption',
  'blob',
  'from',
  '__proto__',
]
const EVENTS = ['commands', 'follow', 'presence', 'seen', 'show', 'preview', 'progress', '']

function oddObject(): Record<string, unknown> {
  const object: Record<string, unknown> = { kind: pick(COMMANDS), id: ID }
  for (let i = Math.floor(random() * 4); i > 0; i--) object[pick(FIELDS)] = pick(ODD)
  return object
}

/** An event that the server reads, with odd contents. */
function oddEvent(): string {
  const message = pick([
    () => ({
      client: pick([ID, ...ODD]),
      n: pick([1, 2, ...ODD]),
      commands: pick([[oddObject()], ...ODD]),
    }),
    oddObject,
    () => pick(ODD),
  ])()
  const acknowledged = pick(['', '1', '99999999999'])
  return `42${acknowledged}${JSON.stringify([pick(EVENTS), message, pick(ODD)])}`
}

/** A frame that isn't even a packet: the server closes the socket. */
function brokenFrame(): string | Uint8Array<ArrayBuffer> {
  const whole = oddEvent()
  const cut = Math.floor(random() * whole.length)
  return pick([
    whole.slice(0, cut),
    whole.slice(cut),
    `42["${pick(['connect', 'disconnect', 'error'])}",1]`,
    `${pick(['0', '1', '2', '3', '4', '40', '41', '43', '44', '45', '451-', '6', ''])}${whole.slice(2)}`,
    new TextEncoder().encode(whole.slice(cut)),
  ])
}

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'BREW', 'get', '']
const PARTS = [
  '',
  'b',
  'api',
  'boards',
  'main',
  'images',
  'uploads',
  ID,
  'arrivals',
  'blob',
  'a'.repeat(64),
  'original',
  '64',
  'changes',
  'commands',
  'snapshot',
  'preview',
  '..',
  '%2e%2e',
  '%00',
  '%',
  '%ff',
  'live',
  'metrics',
  'readyz',
  'assets',
  'é',
  '?after=x',
  '?x=NaN&x=1',
  '#',
]
const HEADERS = [
  'Host',
  'Content-Length',
  'Transfer-Encoding',
  'Content-Type',
  'Content-Encoding',
  'Tus-Resumable',
  'Upload-Offset',
  'Upload-Length',
  'Upload-Metadata',
  'Range',
  'If-None-Match',
  'Accept-Encoding',
  'Cookie',
  'Origin',
  'X-Forwarded-For',
  'Expect',
  'Upgrade',
  'Connection',
]
const VALUES = [
  '',
  '0',
  '-1',
  '5',
  '1.0.0',
  '99999999999999999999',
  'chunked',
  'gzip',
  'br',
  'multipart/form-data; boundary=x',
  'multipart/form-data',
  'application/json',
  'application/offset+octet-stream',
  'bytes=0-',
  'bytes=5-1,2-3',
  'id IQ==',
  'localhost',
  '100-continue',
  'websocket',
  '"x"',
  'x'.repeat(5_000),
  '\u00ff',
  '::1, 127.0.0.1',
]
const BODIES = [
  '',
  '{}',
  'null',
  '[]',
  '{"title":1}',
  '{"url":"http://127.0.0.1/"}',
  '5\r\nhello\r\n0\r\n\r\n',
  '--x\r\ncontent-disposition: form-data; name="file"; filename="a"\r\n\r\n\u00ff\u00d8\u00ff\r\n--x--',
  '\u0089PNG\r\n\u001a\n',
  'GIF89a',
  '<svg/>',
]

function request(): string {
  const path = Array.from({ length: Math.floor(random() * 6) }, () => pick(PARTS)).join('/')
  const headers = Array.from(
    { length: Math.floor(random() * 5) },
    () => `${pick(HEADERS)}: ${pick(VALUES)}\r\n`,
  )
  const body = pick(BODIES)
  const length = random() < 0.7 ? `Content-Length: ${Buffer.byteLength(body, 'latin1')}\r\n` : ''
  return `${pick(METHODS)} /${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${length}${headers.join('')}\r\n${body}`
}

test(`E6: ${FRAMES_COUNT} odd frames and ${REQUESTS_COUNT} odd requests meet nothing unforeseen (SEED=${SEED})`, async (t) => {
  const server = await ServerProcess.open()
  t.after(() => server.close())
  await inParallel(FRAMES_COUNT / FRAMES_PER_SOCKET_COUNT, () => sendFrames(server))
  await inParallel(REQUESTS_COUNT, () => sendRequest(server))
  assert.equal((await fetch(`${server.url}/healthz`)).status, 200)
  const unforeseen = server.output.split('\n').filter((line) => line.includes('"msg":"unforeseen"'))
  assert.deepEqual(unforeseen.slice(0, 3), [])
})

async function inParallel(count: number, act: () => Promise<void>): Promise<void> {
  let left = Math.ceil(count)
  const work = async () => {
    while (left-- > 0) await act()
  }
  await Promise.all(Array.from({ length: CONCURRENT_COUNT }, work))
}

/** Sends frames on one socket until the server closes it, or all are sent and it is closed here. */
function sendFrames({ port }: ServerProcess): Promise<void> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/live/?EIO=4&transport=websocket`)
  const { promise, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, ANSWER_TIMEOUT_MS)
  socket.addEventListener('close', () => resolve())
  socket.addEventListener('error', () => resolve())
  socket.addEventListener('open', () => {
    socket.send(`40${JSON.stringify({ board: 'main', wire: WIRE_VERSION })}`)
    for (let i = 1; i < FRAMES_PER_SOCKET_COUNT; i++) socket.send(oddEvent())
    socket.send(brokenFrame())
    socket.close()
  })
  return promise.finally(() => clearTimeout(timer))
}

/** Sends one request; resolves when its connection has ended. */
function sendRequest({ port }: ServerProcess): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const socket = connect(port, '127.0.0.1', () => socket.write(request(), 'latin1'))
  socket.setTimeout(random() < 0.5 ? ANSWER_TIMEOUT_MS : 200, () => socket.destroy())
  socket.on('error', () => {})
  socket.once('close', () => resolve())
  socket.resume()
  return promise
}
