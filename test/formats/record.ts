import { execFile } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { type Cursor, type Snapshot, uuidv7 } from '@wirephoto/board'
import sharp from 'sharp'
import { io } from 'socket.io-client'
import { findPostgres, Postgres } from '../support/postgres.ts'
import { NO_RETHINKDB, Rethinkdb } from '../support/rethinkdb.ts'
import { ServerProcess } from '../support/server-process.ts'
import { dumpRethinkdb, type Expected, encodeBuffer } from './recorded.ts'

/*
 * Records the data of an older build: the same scenario on each engine, done by that build's own server.
 *
 *     git worktree add ../old <commit> && (cd ../old && npm ci)
 *     RETHINKDB_URL=… npx node test/formats/record.ts ../old <commit>
 *
 * The result lies in test/formats/<commit>, and is never made again: it is what that build wrote.
 */

const [checkout, name] = process.argv.slice(2)
if (!checkout || !name) throw new Error('Give the checkout of the build, and its commit')
const folder = join(import.meta.dirname, name)
const run = promisify(execFile)
const wireVersion = Number(
  /WIRE_VERSION = (\d+)/.exec(
    await readFile(join(checkout, 'packages/board/src/version.ts'), 'utf8'),
  )?.[1],
)
async function recordSqlite(): Promise<void> {
  const data = await mkdtemp(join(tmpdir(), 'wirephoto-format-'))
  await record('sqlite', data, `sqlite:${data}`)
  await run('tar', ['-czf', join(folder, 'sqlite.tar.gz'), '-C', data, 'wirephoto.db', 'blobs'])
  await rm(data, { recursive: true })
}

/** Uses the PostgreSQL that the `pg_dump` of this machine belongs to. */
async function recordPostgres(): Promise<void> {
  const major = / (\d+)\./.exec((await run('pg_dump', ['--version'])).stdout)?.[1]
  for (const programs of await findPostgres()) {
    if (programs.version.split('.')[0] !== major) continue
    const postgres = await Postgres.open(programs)
    const url = await postgres.newDatabase()
    await recordInDatabase('postgres', url)
    const flags = ['--inserts', '--rows-per-insert=1', '--no-owner', '--no-privileges']
    const { stdout } = await run('pg_dump', [...flags, url], { maxBuffer: 100_000_000 })
    // Commands of psql, which no server understands, begin with a backslash.
    const sql = stdout.split('\n').filter((line) => !/^(\\|--|$)/.test(line))
    await writeFile(join(folder, 'postgres.sql'), `${sql.join('\n')}\n`)
    await postgres.close()
    return
  }
}

async function recordRethinkdb(): Promise<void> {
  const server = new Rethinkdb()
  const url = server.newDatabase()
  await recordInDatabase('rethinkdb', url)
  const tables = await dumpRethinkdb(server, new URL(url).pathname.slice(1))
  await writeFile(join(folder, 'rethinkdb.json'), `${JSON.stringify(tables, encodeBuffer, 2)}\n`)
  await server.close()
}

async function recordInDatabase(engine: string, url: string): Promise<void> {
  const data = await mkdtemp(join(tmpdir(), 'wirephoto-format-'))
  await record(engine, data, url)
  await rm(data, { recursive: true })
}

/** Does the scenario on one engine, and writes down what the server said of the outcome. */
async function record(engine: string, data: string, url: string): Promise<void> {
  const main = resolve(checkout!, 'packages/cli/bin/wirephoto.js')
  const server = await ServerProcess.open({ main, data, args: ['--engine', url] })
  const expected = await playScenario(server.url)
  await server.stop()
  await writeFile(join(folder, `${engine}.expected.json`), `${JSON.stringify(expected, null, 2)}\n`)
}

/** Fills the front board with pictures in every state that records have. */
async function playScenario(origin: string): Promise<Expected> {
  const board = `${origin}/api/boards/main`
  const snapshot = async () => (await (await fetch(`${board}/snapshot`)).json()) as Snapshot
  const files: Record<string, string> = {}
  const cookie = (await fetch(board)).headers.getSetCookie()[0]!.split(';')[0]!
  const socket = io(origin, {
    path: '/live',
    transports: ['websocket'],
    auth: { board: 'main', wire: wireVersion },
    extraHeaders: { cookie },
  })
  await once(socket as never, 'connect')
  await socket.emitWithAck('follow', { cursor: (await snapshot()).cursor })

  const client = newId()
  let n = 0
  /** Sends a command. One that this build doesn't know is left out. */
  async function command(body: object): Promise<void> {
    const answer = await socket.emitWithAck('commands', { client, n: n + 1, commands: [body] })
    if (!('error' in answer)) n++
  }
  async function store(fileName: string, bytes: Buffer): Promise<string> {
    const response = await fetch(`${origin}/${fileName}`, {
      method: 'PUT',
      body: new Uint8Array(bytes),
      headers: { cookie },
    })
    const body = (await response.json()) as { images?: { id: string }[]; id?: string }
    const id = body.images?.[0]?.id ?? body.id
    if (!id) throw new Error(`${fileName}: ${response.status} ${JSON.stringify(body)}`)
    files[id] = createHash('sha256').update(bytes).digest('hex')
    return id
  }

  const harbour = await store('harbour.jpg', await draw(640, 480, [20, 80, 160]).jpeg().toBuffer())
  const before: Cursor = (await snapshot()).cursor
  const flag = await store('flag.png', await draw(48, 32, [200, 30, 30]).png().toBuffer())
  const thrown = await store('thrown.png', await draw(40, 40, [30, 200, 30]).png().toBuffer())
  const burnt = await store('burnt.png', await draw(30, 30, [9, 9, 9]).png().toBuffer())
  await command({ kind: 'board.patch', set: { title: 'Harbour – Hafen 港' } })
  await command({ kind: 'board.patch', set: { trashDays: 3000 } })
  await command({ kind: 'image.patch', id: harbour, set: { x: 120, y: -40, w: 400 } })
  await command({ kind: 'image.patch', id: harbour, set: { caption: 'At "six"\n\\ 😀' } })
  await command({ kind: 'image.copy', id: newId(), sourceId: flag, x: 900, y: 900 })
  await command({ kind: 'image.remove', id: thrown })
  await command({ kind: 'image.remove', id: burnt })
  await command({ kind: 'image.purge', id: burnt })
  const coming = { kind: 'image.add', id: newId(), width: 300, height: 200, name: 'coming.jpg' }
  await command(coming)
  await settled(snapshot)
  const last = await socket.emitWithAck('commands', { client, n, commands: [coming] })
  socket.close()
  return { snapshot: await snapshot(), before, client, last, files }
}

/** Waits until a build that makes variants has made them. */
async function settled(snapshot: () => Promise<Snapshot>): Promise<void> {
  for (;;) {
    const { records } = await snapshot()
    const waits = records.some(
      (record) => record.kind === 'image' && record.blob && record.variants === null,
    )
    if (!waits) return
    await new Promise((done) => setTimeout(done, 100))
  }
}

function draw(width: number, height: number, [red, green, blue]: readonly number[]) {
  const background = { r: red!, g: green!, b: blue! }
  return sharp({ create: { width, height, channels: 3, background } })
}

function newId(): string {
  return uuidv7(Date.now(), randomBytes(10))
}

await mkdir(folder, { recursive: true })
await recordSqlite()
await recordPostgres()
if (NO_RETHINKDB === null) await recordRethinkdb()
