import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import http, { Agent, type ClientRequest, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { setTimeout } from 'node:timers/promises'
import { uuidv7 } from '@wirephoto/board'
import sharp from 'sharp'
import { drawPicture, withUniqueBytes } from '../test/support/pictures.ts'
import { type ServeOptions, ServerProcess } from '../test/support/server-process.ts'
import { type Figure, interleave, spread } from './support/figures.ts'
import { RawClient, snapshotOf, Tally, Writer } from './support/raw-client.ts'

const ABUSER = '127.0.0.2'
const HONEST = '127.0.0.1'
const ROUND_COUNT = 5
/** Honest uploads and commands of a round. */
const HONEST_COUNT = 50
const LIMIT_FACTOR = 2.2
/** Requests that the abuser has under way at once, of each kind. */
const STALLED_COUNT = 300
const SLOW_DECODE_COUNT = 30
const PHOTO_COUNT = 8
const SOCKET_COUNT = 20
/** Time in which the abuser gets under way before the honest come. */
const LEAD_MS = 1_500
const SLOW_SIDE_PX = 9_000
/** Kinds of abuse, that of all together among them. */
const ABUSE_KIND_COUNT = 9

/** One kind of abuse; it goes on until the signal is aborted. */
type Abuse = (port: number, signal: AbortSignal) => Promise<unknown>

/**
 * S20: uploads and commands of one address while another takes all that there is, at each queue; or at those that
 * `only` names.
 */
export async function fairness({
  only,
  roundCount = ROUND_COUNT,
  serve = {},
}: {
  readonly only?: readonly string[]
  readonly roundCount?: number
  readonly serve?: ServeOptions
} = {}): Promise<Figure[]> {
  // One core is the server's, the other this generator's.
  execFileSync('taskset', ['-acp', '1', String(process.pid)])
  const server = await ServerProcess.open({
    ...serve,
    wrapper: ['taskset', '-c', '0'],
    openBoardCount: 1 + 2 * ABUSE_KIND_COUNT * roundCount,
  })
  try {
    const picture = await drawPicture({ width: 800, height: 600, quality: 80 })
    const abuses = await prepareAbuses(server)
    const figures: Figure[] = []
    for (const [name, abuse] of Object.entries(abuses)) {
      if (only && !only.includes(name)) continue
      const alone = { uploads: [] as number[], commands: [] as number[] }
      const beside = { uploads: [] as number[], commands: [] as number[] }
      const measure = async (into: typeof alone) => {
        const result = await honestRound(server, picture)
        into.uploads.push(result.uploads)
        into.commands.push(result.commands)
        return 0
      }
      await interleave(roundCount, {
        alone: () => measure(alone),
        beside: async () => {
          const stop = new AbortController()
          const done = abuse(server.port, stop.signal)
          await setTimeout(LEAD_MS)
          await measure(beside)
          stop.abort()
          await done
          return 0
        },
      })
      for (const kind of ['uploads', 'commands'] as const)
        figures.push({
          id: 'S20',
          label: `p95 of ${HONEST_COUNT} ${kind}, beside ${name}`,
          unit: 'ms',
          figure: spread(beside[kind]),
          baseline: { name: 'alone', value: spread(alone[kind]) },
          goal: { max: LIMIT_FACTOR },
        })
    }
    return figures
  } finally {
    await server.close()
  }
}

/** Returns the 95th percentiles of an honest round, in milliseconds. */
async function honestRound(
  server: ServerProcess,
  picture: Buffer,
): Promise<{ uploads: number; commands: number }> {
  const { port } = server
  const board = await server.newBoard()
  const owner = server.newOwner(board)
  const rawClient = await RawClient.connect(port, new Tally(), board, owner, HONEST)
  const writer = new Writer(rawClient)
  const uploads: number[] = []
  const commands: number[] = []
  for (let i = 0; i < HONEST_COUNT; i++) {
    uploads.push(await timed(() => post(port, HONEST, board, withUniqueBytes(picture))))
    commands.push(
      await timed(() => writer.push({ kind: 'board.patch', set: { title: `title ${i}` } })),
    )
  }
  rawClient.close()
  return { uploads: p95(uploads), commands: p95(commands) }
}

/** Prepares an abuser at each queue, on an address of its own, on an open board. */
export async function prepareAbuses(server: ServerProcess): Promise<Record<string, Abuse>> {
  const { port } = server
  const slow = await sharp({
    create: { width: SLOW_SIDE_PX, height: SLOW_SIDE_PX, channels: 3, background: '#fff' },
  })
    .png({ palette: true, compressionLevel: 9 })
    .toBuffer()
  const junk = Buffer.alloc(slow.length, 'no picture')
  const preview = await drawPicture({ width: 320, height: 240, quality: 40 })
  const photo = await sharp({
    create: { width: 4_000, height: 3_000, channels: 3, background: '#fff' },
  })
    .jpeg()
    .toBuffer()
  const { board, cursor } = await largeBoard(server)
  const growing = await growingPicture(port, board, photo)
  const each: Record<string, Abuse> = {
    'stalled uploads': (at, signal) => together(STALLED_COUNT, signal, () => stall(at, signal)),
    'slow decodes': (at, signal) =>
      together(SLOW_DECODE_COUNT, signal, () => post(at, ABUSER, board, ofOwnBytes(slow))),
    refusals: (at, signal) =>
      together(SLOW_DECODE_COUNT, signal, () => post(at, ABUSER, board, junk)),
    variants: (at, signal) =>
      together(PHOTO_COUNT, signal, () => post(at, ABUSER, board, withUniqueBytes(photo))),
    'growing readers': (at, signal) =>
      together(STALLED_COUNT, signal, () => read(at, `/b/${board}/arrivals/${growing}`, signal)),
    previews: (at, signal) =>
      withSockets(at, board, signal, async (client) => {
        const commands = Array.from({ length: 10 }, addCommand)
        await client.request('commands', { client: newId(), n: 1, commands })
        await client.sendPreviews(Object.fromEntries(commands.map(({ id }) => [id, preview])))
      }),
    follows: (at, signal) =>
      withSockets(at, board, signal, (client) => client.request('follow', { cursor })),
    commands: (at, signal) =>
      withSockets(at, board, signal, (client) => {
        const commands = Array.from({ length: 50 }, (_, x) => ({
          kind: 'image.patch',
          id: growing,
          set: { x, y: 0 },
        }))
        return client.request('commands', { client: newId(), n: 1, commands })
      }),
  }
  return {
    ...each,
    'all of these': (at, signal) =>
      Promise.all(Object.values(each).map((abuse) => abuse(at, signal))),
  }
}

/** Makes a board whose changes since its first cursor are larger than a viewer may have waiting. */
async function largeBoard(server: ServerProcess): Promise<{ board: string; cursor: string }> {
  const { port } = server
  const board = await server.newBoard()
  const { cursor } = await snapshotOf(port, board)
  const rawClient = await RawClient.connect(port, new Tally(), board)
  const writer = new Writer(rawClient)
  const caption = 'x'.repeat(1_000)
  for (let i = 0; i < 800; i++) await writer.push({ ...addCommand(), caption } as never)
  rawClient.close()
  return { board, cursor }
}

/** Begins an upload that goes no further. Resolves to its picture's id. */
async function growingPicture(port: number, board: string, picture: Buffer): Promise<string> {
  const token = randomBytes(16).toString('base64url')
  const rawClient = await RawClient.connect(port, new Tally(), board, token)
  const add = addCommand()
  await new Writer(rawClient).push(add)
  rawClient.close()
  const begun = await fetch(`http://127.0.0.1:${port}/api/boards/${board}/uploads`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      'tus-resumable': '1.0.0',
      'upload-length': String(picture.length),
      'upload-metadata': `id ${btoa(add.id)}`,
      'content-type': 'application/offset+octet-stream',
    },
    body: new Uint8Array(picture.subarray(0, picture.length / 2)),
  })
  if (begun.status !== 201) throw new Error(`The upload was answered with ${begun.status}`)
  return add.id
}

/** Reads an answer to its end, or until it is cut off. */
async function read(port: number, path: string, signal: AbortSignal): Promise<void> {
  const request = http.get({ host: '127.0.0.1', port, localAddress: ABUSER, agent: false, path })
  signal.addEventListener('abort', () => request.destroy(), { once: true })
  await new Promise((resolve) => {
    request.on('response', (response: IncomingMessage) => response.resume())
    request.on('error', resolve)
    request.on('close', resolve)
  })
}

const newId = (): string => uuidv7(Date.now(), randomBytes(10))
const addCommand = () =>
  ({ kind: 'image.add', id: newId(), name: 'a.jpg', width: 800, height: 600 }) as const

/** Runs so many at once, each again when it has ended, until the signal is aborted. */
async function together(
  count: number,
  signal: AbortSignal,
  act: () => Promise<unknown>,
): Promise<void> {
  const repeat = async () => {
    while (!signal.aborted) {
      await act().catch(() => {})
      await setTimeout(1)
    }
  }
  await Promise.all(Array.from({ length: count }, repeat))
}

/** Returns a PNG with bytes after its end that no other has. */
const ofOwnBytes = (png: Buffer): Buffer => Buffer.concat([png, randomBytes(16)])

async function withSockets(
  port: number,
  board: string,
  signal: AbortSignal,
  act: (client: RawClient) => Promise<unknown>,
): Promise<void> {
  const connect = () => RawClient.connect(port, new Tally(), board, undefined, ABUSER)
  const clients = await Promise.all(Array.from({ length: SOCKET_COUNT }, connect))
  const aborted = new Promise((resolve) => signal.addEventListener('abort', resolve))
  const repeat = async (client: RawClient) => {
    while (!signal.aborted) {
      await Promise.race([act(client), aborted])
      await setTimeout(1)
    }
  }
  await Promise.all(clients.map(repeat))
  for (const client of clients) client.close()
}

/** Begins an upload and sends its first bytes only; resolves when it is answered or cut off. */
async function stall(port: number, signal: AbortSignal): Promise<void> {
  const request = requestFrom(port, ABUSER, 'main', 1_000_000)
  request.write(Buffer.from('ffd8ff', 'hex'))
  signal.addEventListener('abort', () => request.destroy(), { once: true })
  await new Promise((resolve) => {
    request.on('response', (response: IncomingMessage) => response.resume())
    request.on('error', resolve)
    request.on('close', resolve)
  })
}

const agents = new Map<string, Agent>()

function requestFrom(
  port: number,
  localAddress: string,
  board: string,
  length: number,
): ClientRequest {
  const agent = agents.get(localAddress) ?? new Agent({ keepAlive: true })
  agents.set(localAddress, agent)
  return http.request({
    host: '127.0.0.1',
    port,
    localAddress,
    agent,
    path: `/api/boards/${board}/images?name=a.jpg`,
    method: 'POST',
    headers: { 'content-type': 'image/jpeg', 'content-length': length },
  })
}

async function post(port: number, from: string, board: string, picture: Buffer): Promise<void> {
  const request = requestFrom(port, from, board, picture.length)
  request.end(picture)
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  const body = await text(response)
  if (response.statusCode !== 201) throw new Error(`Answered with ${response.statusCode}: ${body}`)
}

async function timed(act: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await act()
  return performance.now() - start
}

const p95 = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.ceil(values.length * 0.95) - 1]!
