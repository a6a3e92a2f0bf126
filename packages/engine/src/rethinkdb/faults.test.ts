import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { type Connection, r, type TableConfig } from 'rethinkdb-ts'
import {
  findRethinkdbProgram,
  NO_RETHINKDB,
  NO_RETHINKDB_PROGRAM,
  Rethinkdb,
  RethinkdbCluster,
  RethinkdbProcess,
} from '../../../../test/support/rethinkdb.ts'
import { surviveKills, whenRecovered } from '../contract/kills.ts'
import {
  append,
  listener,
  newBoard,
  newId,
  noClients,
  put,
  rejectsWith,
} from '../contract/samples.ts'
import type { Engine } from '../engine.ts'
import { openEngine } from '../open.ts'
import { parseAddress } from './address.ts'
import { Doorbell } from './doorbell.ts'

/** A command takes effect once within 5 s of the cluster taking writes again. */
const MAX_LATER_MS = 5_000
const RETRY_INTERVAL_MS = 10

const program = await findRethinkdbProgram()
const missing = NO_RETHINKDB ?? (program ? null : NO_RETHINKDB_PROGRAM)

if (missing !== null) test('RethinkDB that dies', { skip: missing })
else
  describe('RethinkDB that dies', () => {
    test('F1, F7: what was acknowledged survives a database that is killed again and again', {
      timeout: 120_000,
    }, async (t) => {
      const process = await RethinkdbProcess.open(program!)
      t.after(() => process.close())
      const url = new Rethinkdb(process.url).newDatabase()
      const engines = [await openEngine(url), await openEngine(url)] as const
      t.after(() => Promise.all(engines.map((engine) => engine.close())))
      const kill = async () => {
        await process.kill()
        await process.start()
      }
      await surviveKills(t, engines, [kill, kill, kill])
    })

    test('a server that starts together with its database waits for all tables', async (t) => {
      const process = await RethinkdbProcess.open(program!)
      t.after(() => process.close())
      const url = new Rethinkdb(process.url).newDatabase()
      await (await openEngine(url)).close()
      for (let start = 0; start < 4; start++) {
        await process.kill()
        await process.start()
        const engine = await openEngine(url)
        const { board, cursor } = await newBoard(engine)
        const results = await Promise.all([
          append(engine, board, cursor, [put(newId())]),
          engine.blobs.has('0'.repeat(64)),
          engine.secrets.list(board),
          engine.history.list(board, { kind: 'audit', limit: 1 }),
        ])
        assert.deepEqual(results.slice(1), [false, [], []])
        await engine.close()
      }
    })

    test('F1, F7: of three servers one may die, and with two gone nothing is taken', {
      timeout: 240_000,
    }, async (t) => {
      const { processes, engines, urls, names } = await cluster(t)
      const engine = engines[0]!
      const { board, cursor } = await newBoard(engine)
      // Without a poll, only the feeds can ring.
      const bells = await Promise.all(
        urls.map(async (url) => {
          const bell = listener()
          const doorbell = await Doorbell.open(await parseAddress(url), 3_600_000)
          t.after(() => doorbell.close())
          doorbell.watch(board, bell.ring)
          return bell
        }),
      )
      let at = await append(engine, board, cursor, [put(newId())])
      await Promise.all(bells.map((bell) => bell.rung(at)))

      // The primary of the batches goes; engines at the other servers carry on.
      const primary = await names.primaryOf('batches')
      const [gone] = processes.filter(({ name }) => name === primary)
      const there = engines.filter((_, i) => processes[i] !== gone)
      await gone!.kill()
      for (const one of there) await whenRecovered(one, board)
      assert.equal((await there[0]!.log.load(board)).cursor, at)
      at = await appended(there[0]!, board, at)
      for (const one of there) {
        assert.equal((await one.log.load(board)).cursor, at)
        await bells[engines.indexOf(one)]!.rung(at)
      }

      // With two of three gone, the last one has no majority.
      const [second, last] = processes.filter((process) => process !== gone)
      const alone = engines[processes.indexOf(last!)]!
      await second!.kill()
      const batch = { expected: at, changes: [put(newId())], clients: noClients }
      await rejectsWith(alone.log.append(board, batch), 'away')
      await rejectsWith(alone.log.load(board), 'away')
      await rejectsWith(alone.boards.create('another'), 'away')

      await second!.start()
      await gone!.start()
      for (const one of engines) await whenRecovered(one, board)
      const found = await engine.log.load(board)
      // The append in doubt may have succeeded or not, but all engines agree.
      for (const one of engines) assert.deepEqual(await one.log.load(board), found)
      at = await appended(engine, board, found.cursor)
      await Promise.all(bells.map((bell) => bell.rung(at)))
    })

    test('E96: an engine whose URL names all servers goes on, whichever of them dies', {
      timeout: 240_000,
    }, async (t) => {
      const { processes, engine } = await clusterOfOneUrl(t)
      const { board, cursor } = await newBoard(engine)
      let at = await append(engine, board, cursor, [put(newId())])
      for (const process of processes) {
        await process.kill()
        at = await appended(engine, board, at)
        await process.start()
        await whenRecovered(engine, board)
      }
    })

    test('E107: after the death of a primary a command is taken about when the bare driver writes', {
      timeout: 240_000,
    }, async (t) => {
      const { processes, urls, names, engine } = await clusterOfOneUrl(t)
      const { board, cursor } = await newBoard(engine)
      let at = await append(engine, board, cursor, [put(newId())])
      const database = new URL(urls[0]!).pathname.slice(1)
      const bare = r.db(database).table('bare')
      await new Rethinkdb(processes[0]!.url).query(
        r.db(database).tableCreate('bare', { replicas: 3 }),
      )
      const configs = r.db('rethinkdb').table('table_config')
      const configOfBare = configs.filter({ db: database, name: 'bare' })
      const gaps: { engineMs: number; driverMs: number }[] = []
      for (let round = 0; round < 3; round++) {
        const primary = await names.primaryOf('batches')
        const process = processes.find(({ name }) => name === primary)!
        const other = new Rethinkdb(processes.find((each) => each !== process)!.url)
        const layout = { primary_replica: primary, replicas: processes.map(({ name }) => name) }
        await other.query(configOfBare.update({ shards: [layout] }))
        await other.query(bare.wait({ waitFor: 'all_replicas_ready' }))
        const connection = await other.connect()
        await process.kill()
        const killedAt = performance.now()
        const ofEngine = appended(engine, board, at).then((to) => {
          at = to
          return performance.now() - killedAt
        })
        const ofDriver = inserted(bare, connection).then(() => performance.now() - killedAt)
        const [engineMs, driverMs] = await Promise.all([ofEngine, ofDriver])
        gaps.push({ engineMs, driverMs })
        await connection.close()
        await process.start()
        await whenRecovered(engine, board)
      }
      for (const { engineMs, driverMs } of gaps)
        t.diagnostic(`engine ${engineMs.toFixed(0)} ms, bare driver ${driverMs.toFixed(0)} ms`)
      for (const { engineMs, driverMs } of gaps) assert.ok(engineMs < driverMs + MAX_LATER_MS)
    })

    test('F1, F4: what was acknowledged survives primaries that die in turn', {
      timeout: 240_000,
    }, async (t) => {
      const { processes, engines, names } = await cluster(t)
      const kill = async () => {
        const primary = await names.primaryOf('batches')
        const process = processes.find(({ name }) => name === primary)!
        await process.kill()
        await process.start()
      }
      await surviveKills(t, [engines[0]!, engines[1]!], [kill, kill, kill])
    })
  })

/** Starts three servers with three replicas of everything, and an engine at each. */
async function cluster(t: TestContext) {
  const machines = await RethinkdbCluster.open(program!)
  t.after(() => machines.close())
  const { processes } = machines
  const url = machines.newDatabase()
  const database = new URL(url).pathname.slice(1)
  const urls = processes.map((process) => machines.at(url, [process]))
  const engines: Engine[] = []
  for (const each of urls) engines.push(await openEngine(each))
  t.after(() => Promise.all(engines.map((engine) => engine.close())))
  const names = {
    /** Returns the name of the server that is a table's primary. */
    async primaryOf(table: string): Promise<string> {
      const config = r.db(database).table(table).config()
      const { shards } = await new Rethinkdb(processes[0]!.url).query<TableConfig>(config)
      assert.equal(shards[0]!.replicas.length, 3)
      return shards[0]!.primary_replica
    },
  }
  return { processes, engines, urls, names, ofAll: machines.at(url) }
}

/** A cluster as above, with one engine more, whose URL names all servers. */
async function clusterOfOneUrl(t: TestContext) {
  const found = await cluster(t)
  const engine = await openEngine(found.ofAll)
  t.after(() => engine.close())
  return { ...found, engine }
}

/** Inserts one document durably by the bare driver, retrying until the table has its primary again. */
async function inserted(table: ReturnType<typeof r.table>, connection: Connection): Promise<void> {
  for (;;)
    try {
      const { errors } = await table.insert({}, { durability: 'hard' }).run(connection)
      if (errors === 0) return
    } catch {
      await setTimeout(RETRY_INTERVAL_MS)
    }
}

/** Appends one batch, retrying until the table has its primary again. */
async function appended(engine: Engine, board: string, from: Parameters<typeof append>[2]) {
  for (;;)
    try {
      return await append(engine, board, from, [put(newId())])
    } catch (error) {
      assert.equal((error as { code?: string }).code, 'away', String(error))
      // An append in doubt is found if it has succeeded.
      const missed = await engine.log.read(board, from).catch(() => null)
      if (missed?.batches.length) return missed.batches.at(-1)!.to
    }
}
