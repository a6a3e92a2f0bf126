import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { type Batch, type ChangesAnswer, type Cursor, type ImageRecord } from '@wirephoto/board'
import { type Board, memoryStore, openBoard } from '@wirephoto/client'
import { type Engine, openEngine } from '@wirephoto/engine'
import { openStore, restore } from '@wirephoto/server/backup'
import { checkStored } from '@wirephoto/server/check'
import { cleanupAfter } from '../support/cleanup.ts'
import { type Database, databaseProviders } from '../support/databases.ts'
import { EFFORT_FACTOR, SEED } from '../support/effort.ts'
import { freePort } from '../support/free-port.ts'
import {
  faultsOf,
  isSame,
  type Observation,
  type Operation,
  type Outcome,
} from '../support/history.ts'
import { OpenBoards } from '../support/open-boards.ts'
import { drawPicture, seededRandom } from '../support/pictures.ts'
import { Proxy } from '../support/proxy.ts'
import { findRedis, NO_REDIS, Redis } from '../support/redis.ts'
import { runCommand } from '../support/run-command.ts'
import { ServerProcess } from '../support/server-process.ts'
import { retry } from '../support/simulated-user.ts'

/* Three servers of one engine, and clients that go from one to another, under faults. */

const isLong = EFFORT_FACTOR > 1
const CLIENT_COUNT = isLong ? 30 : 6
const DURATION_MS = Math.min(300_000, 10_000 * EFFORT_FACTOR)
const SERVER_COUNT = 3
const BACKUP_INTERVAL_MS = 10_000
/** Time for each backup to be restored and checked afterwards. */
const RESTORE_TIMEOUT_MS = 30_000
/** The longest time of a fault that ends by itself. */
const FAULT_MS = 3_000
/** Time between two looks for changes: at a server, and in the log. */
const [POLL_INTERVAL_MS, LOG_INTERVAL_MS] = [200, 50]
const AGREEMENT_TIMEOUT_MS = 120_000
const redisProgram = await findRedis()

/** The ways of messages between servers. In a short run the one with more programs stands for both. */
const CARRIERS = isLong ? (['Redis', 'links'] as const) : (['Redis'] as const)
const places = await databaseProviders()

for (const [place, carrier] of places.flatMap((each) =>
  CARRIERS.map((way) => [each, way] as const),
))
  describe(`a cluster on ${place.name}, by ${carrier}`, {
    skip: place.skipReason ?? (carrier === 'links' || redisProgram ? false : NO_REDIS),
  }, () => {
    const stack = cleanupAfter()
    let database: Database
    let url: string
    let redis: Redis | null = null
    let boards: OpenBoards
    let servers: ServerProcess[]
    before(async () => {
      database = stack.adopt(await place.open(), (each) => each.close())
      if (carrier === 'Redis')
        redis = stack.adopt(await Redis.open(redisProgram!), (each) => each.close())
      url = await database.newUrl()
      boards = await OpenBoards.make(url, 1)
      const open = async (): Promise<ServerProcess> => {
        const port = await freePort()
        const way = redis ? ['--bus', redis.url] : ['--node-url', `http://127.0.0.1:${port}`]
        const server = await ServerProcess.open({ port, args: ['--engine', url, ...way] })
        return stack.adopt(server, (each) => each.close())
      }
      servers = await Promise.all(Array.from({ length: SERVER_COUNT }, open))
    })

    test(`F1, F3, F4, F13: what is acknowledged takes effect once, for everybody (SEED=${SEED})`, {
      timeout:
        DURATION_MS +
        2 * AGREEMENT_TIMEOUT_MS +
        (DURATION_MS / BACKUP_INTERVAL_MS) * RESTORE_TIMEOUT_MS,
    }, async (t) => {
      const random = seededRandom(SEED)
      const oneOf = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)]!
      const board = boards.next()
      const operations: Operation[] = []
      const start = await firstCursor(board)
      const clients = await Promise.all(
        Array.from({ length: CLIENT_COUNT }, (_, i) =>
          Client.open(`c${i}`, board, servers[i % SERVER_COUNT]!.port),
        ),
      )
      const pollers = servers.map((server) => new Poller(server.url, board, start))
      const log = new LogReader(url, board, start)
      const folder = await mkdtemp(join(tmpdir(), 'wirephoto-cluster-'))
      const backups: Backup[] = []
      const counts = new Map<string, number>()
      try {
        for (const client of clients) await client.add(operations, random)
        const calm = AbortSignal.timeout(DURATION_MS)
        const isRunning = () => !calm.aborted
        await Promise.all([
          ...clients.map((client) => client.act(operations, random, isRunning)),
          ...pollers.map((poller) => repeat(() => poller.readOn(), POLL_INTERVAL_MS, isRunning)),
          repeat(() => log.readOn(), LOG_INTERVAL_MS, isRunning),
          (async () => {
            while (isRunning()) {
              const [name, fault] = oneOf(faults(oneOf(servers), oneOf(clients)))
              await fault(FAULT_MS * random())
              counts.set(name, (counts.get(name) ?? 0) + 1)
              await setTimeout(500 * random())
            }
          })(),
          ...(isLong ? [backUpRepeatedly(folder, backups, operations, isRunning)] : []),
        ])
        for (const { proxy } of clients) mend(proxy)
        const outcome = await outcomeOf(board, log, clients, pollers)
        assert.deepEqual(faultsOf(operations, outcome), [])
        assertSeededFaultsAreFound(operations, outcome)
        await assertFiles(board, outcome.pictures)
        const made = backups.filter(({ failure }) => failure === null)
        for (const backup of made) await assertRestores(folder, backup, board)
        assert.ok(2 * made.length >= backups.length, JSON.stringify(backups.map((b) => b.failure)))
        const acknowledged = operations.filter((each) => each.acknowledgedAt !== null)
        t.diagnostic(
          `${acknowledged.length} of ${operations.length} acknowledged, ${outcome.log.length} batches`,
        )
        t.diagnostic(
          `${made.length} of ${backups.length} backups, ${[...counts].map((each) => each.join(' ')).join(', ')}`,
        )
        assert.ok(acknowledged.length > 2 * CLIENT_COUNT)
      } finally {
        for (const client of clients) await client.close()
        await log.close()
        await rm(folder, { recursive: true, force: true })
      }
    })

    /** The faults that may come next. */
    function faults(server: ServerProcess, { proxy }: Client): Fault[] {
      return [
        [
          'server killed',
          async () => {
            await server.kill()
            await server.start()
          },
        ],
        ['server paused', (ms) => whileStopped((name) => process.kill(server.pid, name), ms)],
        ...(redis ? faultsOfRedis(redis) : []),
        ...faultsOfDatabase(database),
        [
          'half-open',
          async (ms) => {
            proxy.up.stall()
            proxy.down.stall()
            await setTimeout(ms)
            mend(proxy)
          },
        ],
        [
          'moved',
          async () => {
            proxy.setTarget(server.port)
            proxy.resetConnections()
          },
        ],
      ]
    }

    async function firstCursor(board: string): Promise<Cursor> {
      const engine = await openEngine(url)
      try {
        return (await engine.log.load(board)).cursor
      } finally {
        await engine.close()
      }
    }

    /** Resolves to the end of the history, when all clients and pollers stand there. */
    async function outcomeOf(
      board: string,
      log: LogReader,
      clients: readonly Client[],
      pollers: readonly Poller[],
    ): Promise<Outcome> {
      for (const { page } of clients) await within(page.settled())
      const engine = await retry(() => openEngine(url))
      try {
        for (const deadline = Date.now() + AGREEMENT_TIMEOUT_MS; ; await setTimeout(200)) {
          const { records } = await engine.log.load(board)
          const pictures = records.filter((record) => record.kind === 'image')
          for (const poller of pollers) await poller.readOn()
          const replicas = [
            ...clients.map(({ page }) => [...page.pictures.values()]),
            ...pollers.map((poller) => poller.pictures),
          ]
          await log.readOn()
          const isQuiet =
            pictures.every(({ variants }) => variants !== null) &&
            replicas.every((replica) => isSame(replica, pictures))
          // The checker tells of those who never agree.
          if (isQuiet || Date.now() > deadline) {
            const observed = [...clients, ...pollers].map((each) => each.observed)
            return { pictures, replicas, log: log.batches, observed }
          }
        }
      } finally {
        await engine.close()
      }
    }

    /** Asserts that each stored picture opens, on each server. */
    async function assertFiles(board: string, pictures: readonly ImageRecord[]): Promise<void> {
      for (const { id, blob } of pictures)
        if (blob !== null)
          for (const server of servers) {
            const got = await fetch(`${server.url}/api/boards/${board}/images/${id}/file`)
            assert.equal(sha256(new Uint8Array(await got.arrayBuffer())), blob, id)
          }
    }

    /**
     * Backs the running cluster up every ten seconds as an operator does, always to the same folder. One from which the
     * database stays away for too long is none.
     */
    async function backUpRepeatedly(
      folder: string,
      backups: Backup[],
      operations: readonly Operation[],
      isRunning: () => boolean,
    ): Promise<void> {
      while (isRunning()) {
        const next = setTimeout(BACKUP_INTERVAL_MS)
        const contained = operations.filter(
          ({ kind, acknowledgedAt }) => kind === 'add' && acknowledgedAt !== null,
        )
        const backup: Backup = { point: '', contained, failure: null }
        backups.push(backup)
        const { out, err, code } = await runCommand(['backup', folder, '--engine', url, '--json'])
        if (code === 0) backup.point = (JSON.parse(out) as { point: string }).point
        else {
          assert.match(err, /\(away\)|to be had/)
          backup.failure = err
        }
        await next
      }
    }

    /** Asserts that a backup restores, is sound, and has each picture that was acknowledged before it began. */
    async function assertRestores(
      folder: string,
      { point, contained }: Backup,
      board: string,
    ): Promise<void> {
      const into = `sqlite:${join(folder, `restored-${point}`)}`
      const engine = await openEngine(into, { fills: true })
      try {
        await using store = await openStore(folder, false)
        assert.deepEqual((await restore(store, engine, { point })).problems, [])
      } finally {
        await engine.close()
      }
      const restored = await openEngine(into, { inspects: true })
      try {
        const found: unknown[] = []
        await checkStored(restored, {
          mends: false,
          onFinding: (finding) => found.push(finding),
          onProgress() {},
        })
        assert.deepEqual(found, [])
        const { records } = await restored.log.load(board)
        const ids = new Set(records.map(({ id }) => id))
        assert.deepEqual(
          contained.filter(({ picture }) => !ids.has(picture)),
          [],
        )
      } finally {
        await restored.close()
      }
    }
  })

/** A fault by its name; it is over when its promise resolves. */
type Fault = readonly [name: string, happen: (forMs: number) => Promise<void>]

const faultsOfRedis = (redis: Redis): Fault[] => [
  [
    'Redis killed',
    async (ms) => {
      await redis.kill()
      await setTimeout(ms)
      await redis.start()
    },
  ],
  ['Redis paused', (ms) => whileStopped((name) => redis.signal(name), ms)],
]

/** None for a database that isn't ours to kill. */
function faultsOfDatabase({ kill, signal, start }: Database): Fault[] {
  if (!kill || !signal) return []
  return [
    [
      'database killed',
      async (ms) => {
        await kill()
        await setTimeout(ms / 3)
        await start()
      },
    ],
    ['database paused', (ms) => whileStopped(signal, ms)],
  ]
}

async function whileStopped(
  signal: (name: 'SIGSTOP' | 'SIGCONT') => unknown,
  forMs: number,
): Promise<void> {
  await signal('SIGSTOP')
  await setTimeout(forMs)
  await signal('SIGCONT')
}

interface Backup {
  /** Its name; empty while it is made. */
  point: string
  /** The adds that were acknowledged before it began. */
  readonly contained: readonly Operation[]
  /** Why it was given up; null for one that was made. */
  failure: string | null
}

/** A client with storage, behind a connection that may fail. It asks for one thing at a time. */
class Client {
  readonly name: string
  readonly page: Board
  readonly proxy: Proxy
  /** The captions of others. One's own are there before the log has them. */
  readonly observed: Observation[] = []
  readonly #last = new Map<string, string>()
  #count = 0

  private constructor(name: string, board: string, proxy: Proxy) {
    this.name = name
    this.proxy = proxy
    this.page = openBoard({ url: `http://127.0.0.1:${proxy.port}`, board, store: memoryStore() })
    this.page.on('pictures', (ids) => {
      for (const id of ids) this.#see(id)
    })
  }

  #see(id: string): void {
    const caption = this.page.pictures.get(id)?.caption ?? ''
    if (this.#last.get(id) === caption || caption.startsWith(`${this.name} `)) return
    this.#last.set(id, caption)
    this.observed.push({ picture: id, caption })
  }

  static async open(name: string, board: string, port: number): Promise<Client> {
    return new Client(name, board, await Proxy.open(port))
  }

  /** Adds pictures and writes captions, each noted with when it began and was acknowledged. */
  async act(
    operations: Operation[],
    random: () => number,
    isRunning: () => boolean,
  ): Promise<void> {
    while (isRunning()) {
      const stored = [...this.page.pictures.values()].filter(({ blob }) => blob !== null)
      if (random() < 0.2) await this.add(operations, random)
      else await this.#write(operations, stored[Math.floor(random() * stored.length)]!.id)
      await setTimeout(100 * random())
    }
  }

  async add(operations: Operation[], random: () => number): Promise<void> {
    const seed = Math.floor(random() * 1e9)
    const bytes = new Uint8Array(await drawPicture({ width: 40, height: 30, seed }))
    const file = new Blob([bytes])
    const [id] = this.page.addPictures([{ file, name: `${seed}.jpg`, width: 40, height: 30 }])
    const operation = this.#begin(operations, 'add', id!, sha256(bytes))
    await within(this.page.stored(id!))
    operation.acknowledgedAt = performance.now()
  }

  async #write(operations: Operation[], id: string): Promise<void> {
    const caption = `${this.name} ${this.#count++}`
    const operation = this.#begin(operations, 'caption', id, caption)
    this.page.patch(id, { caption })
    await within(this.page.settled())
    operation.acknowledgedAt = performance.now()
  }

  #begin(
    operations: Operation[],
    kind: Operation['kind'],
    picture: string,
    value: string,
  ): Operation {
    const { name: client } = this
    const beganAt = performance.now()
    const operation = { client, kind, picture, value, beganAt, acknowledgedAt: null }
    operations.push(operation)
    return operation
  }

  async close(): Promise<void> {
    await this.page.close()
    await this.proxy.close()
  }
}

/** A reader of one server that asks again and again for the changes since its last ones. */
class Poller {
  readonly #url: string
  readonly #board: string
  readonly observed: Observation[] = []
  readonly #records = new Map<string, ImageRecord>()
  #cursor: Cursor

  constructor(url: string, board: string, start: Cursor) {
    this.#url = url
    this.#board = board
    this.#cursor = start
  }

  get pictures(): ImageRecord[] {
    return [...this.#records.values()]
  }

  async readOn(): Promise<void> {
    const address = `${this.#url}/b/${this.#board}/changes?wait=0&after=${encodeURIComponent(this.#cursor)}`
    const answer = await fetch(address, { signal: AbortSignal.timeout(5_000) })
    if (!answer.ok) throw new Error(`The server answers ${answer.status}`)
    const { changes } = (await answer.json()) as ChangesAnswer
    if (changes) this.#take(changes)
  }

  #take({ from, to, changes }: Batch): void {
    assert.equal(from, this.#cursor, 'the server goes on where it was asked')
    for (const change of changes)
      if ('gone' in change) this.#records.delete(change.gone)
      else if (change.put.kind === 'image') {
        const { id, caption } = change.put
        if (this.#records.get(id)?.caption !== caption) this.observed.push({ picture: id, caption })
        this.#records.set(id, change.put)
      }
    this.#cursor = to
  }
}

/** Reads the log itself, so often that it hardly coalesces what it tells. */
class LogReader {
  readonly batches: Batch[] = []
  readonly #url: string
  readonly #board: string
  #cursor: Cursor
  #engine: Promise<Engine> | null = null

  constructor(url: string, board: string, start: Cursor) {
    this.#url = url
    this.#board = board
    this.#cursor = start
  }

  async readOn(): Promise<void> {
    this.#engine ??= openEngine(this.#url)
    try {
      const { log } = await this.#engine
      const { batches } = (await log.read(this.#board, this.#cursor))!
      this.batches.push(...batches)
      this.#cursor = batches.at(-1)?.to ?? this.#cursor
    } catch (error) {
      await this.close()
      throw error
    }
  }

  async close(): Promise<void> {
    const opened = await this.#engine?.catch(() => null)
    this.#engine = null
    await opened?.close()
  }
}

/** Does the same again and again, whether it fails or not. */
async function repeat(
  act: () => Promise<void>,
  everyMs: number,
  isRunning: () => boolean,
): Promise<void> {
  while (isRunning()) {
    await act().catch(() => {})
    await setTimeout(everyMs)
  }
}

/** Changes a sound history in each way that the checker should find. */
function assertSeededFaultsAreFound(operations: readonly Operation[], sound: Outcome): void {
  const { pictures, replicas, log, observed } = sound
  const [first, ...others] = pictures as [ImageRecord, ...ImageRecord[]]
  const withFirst = (change: Partial<ImageRecord>): Outcome => {
    const changed = [{ ...first, ...change }, ...others]
    return { ...sound, pictures: changed, replicas: replicas.map(() => changed) }
  }
  const beganAt = performance.now()
  const late = { client: 'late', kind: 'caption', picture: first.id, beganAt } as const
  const seeded: Record<string, [readonly Operation[], Outcome]> = {
    'an acknowledged picture is lost': [
      operations,
      { ...sound, pictures: others, replicas: replicas.map(() => others) },
    ],
    'its file is another one': [operations, withFirst({ blob: sha256(new Uint8Array()) })],
    'a picture that nobody added': [
      operations.filter(({ picture }) => picture !== first.id),
      sound,
    ],
    'an acknowledged caption is lost': [
      [...operations, { ...late, value: 'late', acknowledgedAt: beganAt + 1 }],
      sound,
    ],
    'a caption takes effect twice': [
      operations,
      {
        ...sound,
        log: [...log, ...['a', 'b', 'a'].map((caption) => putOf({ ...first, caption }))],
      },
    ],
    'a client sees something else': [operations, { ...sound, replicas: [...replicas, others] }],
    'a client saw two captions in another order': [
      operations,
      {
        ...sound,
        observed: observed.map((all) => all.filter(({ caption }) => caption !== '').toReversed()),
      },
    ],
  }
  for (const [what, [asked, outcome]] of Object.entries(seeded))
    assert.notDeepEqual(faultsOf(asked, outcome), [], what)
}

const putOf = (record: ImageRecord): Batch =>
  ({ from: '', to: '', changes: [{ put: record }] }) as unknown as Batch

function mend(proxy: Proxy): void {
  proxy.up.resume()
  proxy.down.resume()
  proxy.resetConnections()
}

/** Rejects if something takes longer than any fault of a history. */
const within = <T>(wanted: Promise<T>): Promise<T> =>
  Promise.race([
    wanted,
    setTimeout(AGREEMENT_TIMEOUT_MS, null, { ref: false }).then(() => {
      throw new Error('It was not acknowledged in time')
    }),
  ])

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
