import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, type TestContext, test } from 'node:test'
import { type Cursor, parseCursor } from '@wirephoto/board'
import pg from 'pg'
import { findPostgres, NO_POSTGRES, Postgres } from '../../../../test/support/postgres.ts'
import { Proxy } from '../../../../test/support/proxy.ts'
import { surviveKills, whenRecovered } from '../contract/kills.ts'
import { largeBlobContract, randomFile } from '../contract/large.ts'
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
import { EngineError } from '../errors.ts'
import { openEngine } from '../open.ts'
import { checkServer, Database, type ServerSettings } from './database.ts'
import { Hosts } from './hosts.ts'
import { APPEND } from './log.ts'
import { migrations } from './migrations.ts'

const settings: ServerSettings = {
  version: 150_018,
  fsync: 'on',
  encoding: 'UTF8',
  readonly: 'off',
}
const location = { host: 'db:5432', database: 'boards', user: 'anna' }

test('PostgreSQL before 15 is refused', () => {
  for (const version of [150_000, 150_018, 180_004, 190_000])
    checkServer({ ...settings, version }, location)
  for (const version of [140_020, 90_624, 100_000])
    assert.throws(() => checkServer({ ...settings, version }, location), { code: 'too-old' })
})

test('F1: a server that would lose acknowledged writes, or refuse all, is refused', () => {
  for (const lack of [{ fsync: 'off' }, { encoding: 'SQL_ASCII' }, { readonly: 'on' }])
    assert.throws(() => checkServer({ ...settings, ...lack }, location), { code: 'unusable' })
})

test('an invalid URL is refused, without its password', async () => {
  for (const url of ['postgres://', 'postgres:somewhere', 'postgresql://anna:secret@:5432/x'])
    await assert.rejects(openEngine(url), (error) => {
      assert.ok(error instanceof EngineError)
      assert.equal(error.code, 'unknown-engine')
      assert.ok(!error.message.includes('secret'), error.message)
      return true
    })
})

const [programs] = await findPostgres()
if (!programs) test('PostgreSQL', { skip: NO_POSTGRES })
else
  describe(`PostgreSQL ${programs.version}`, () => {
    let postgres: Postgres
    before(async () => {
      postgres = await Postgres.open(programs)
    })
    after(() => postgres.close())

    async function opened(t: TestContext, url?: string): Promise<{ engine: Engine; url: string }> {
      const at = url ?? (await postgres.newDatabase())
      const engine = await openEngine(at)
      t.after(() => engine.close())
      return { engine, url: at }
    }

    test('a failure to start is explained in a sentence', async () => {
      const database = await postgres.newDatabase()
      const name = new URL(database).pathname.slice(1)
      const refused = (url: string, code: EngineError['code'], named: string) =>
        assert.rejects(openEngine(url), (error) => {
          assert.ok(error instanceof EngineError, String(error))
          assert.equal(error.code, code, error.message)
          assert.ok(error.message.includes(named), error.message)
          assert.match(error.message, /^[A-Z][^\n]+\. [A-Z][^\n]+\.$/)
          return true
        })
      const { port } = postgres
      await refused(postgres.url(name, 'postgres', 'wrong'), 'not-allowed', 'postgres')
      await refused(`postgres://postgres@127.0.0.1:${port}/${name}`, 'not-allowed', 'postgres')
      await refused(postgres.url('nowhere'), 'unreachable', 'nowhere')
      await refused('postgres://x:y@127.0.0.1:1/z', 'unreachable', 'ECONNREFUSED')
      await refused('postgres://x:y@nowhere.invalid/z', 'unreachable', 'nowhere.invalid')
      await refused(`${database}?sslmode=verify-full`, 'unreachable', 'SSL')

      await postgres.query("CREATE ROLE guest LOGIN PASSWORD 'guest'")
      await refused(postgres.url(name, 'guest', 'guest'), 'not-allowed', 'guest')

      await postgres.query('CREATE TABLE records (shoe_size int)', database)
      await refused(database, 'unusable', name)
      const latin = await postgres.newDatabase("ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
      await refused(latin, 'unusable', 'LATIN1')
      const standby = await postgres.newDatabase()
      const standbyName = new URL(standby).pathname.slice(1)
      await postgres.query(`ALTER DATABASE ${standbyName} SET default_transaction_read_only = on`)
      await refused(standby, 'unusable', 'read-only')

      const newer = await postgres.newDatabase()
      await (await openEngine(newer)).close()
      await postgres.query(`UPDATE wirephoto SET version = ${migrations.length + 1}`, newer)
      await refused(newer, 'too-new', 'newer')
      const newerRecords = await postgres.newDatabase()
      await (await openEngine(newerRecords)).close()
      await postgres.query('UPDATE wirephoto SET record_version = record_version + 1', newerRecords)
      await refused(newerRecords, 'too-new', 'newer')
    })

    test('servers that start on an empty database at once make its tables once', async (t) => {
      const url = await postgres.newDatabase()
      const engines = await Promise.all(Array.from({ length: 6 }, () => openEngine(url)))
      t.after(() => Promise.all(engines.map((engine) => engine.close())))
      const { board, cursor } = await newBoard(engines[0]!)
      assert.equal((await engines[5]!.log.load(board)).cursor, cursor)
      const versions = await postgres.query('SELECT version FROM wirephoto', url)
      assert.deepEqual(versions, [{ version: migrations.length }])
    })

    test('F1: a database that commits without waiting for its disk is made to wait', async (t) => {
      const url = await postgres.newDatabase()
      const name = new URL(url).pathname.slice(1)
      for (const [habit, ours] of [
        ['off', 'on'],
        ['remote_apply', 'remote_apply'],
      ] as const) {
        // biome-ignore format: a table
        await postgres.query(`ALTER DATABASE ${name} SET synchronous_commit = ${habit}`)
        const database = new Database(new Hosts(url), 1)
        t.after(() => database.close())
        const show = { name: 'show', text: 'SHOW synchronous_commit' }
        assert.deepEqual(await database.query(show), [{ synchronous_commit: ours }])
      }
    })

    test('F2: a reader of numbers from a sequence loses a row; a reader of the log never', async (t) => {
      const { engine, url } = await opened(t)
      const [slow, quick] = await Promise.all([connected(t, url), connected(t, url)])

      // Number 1 is given out first and commits last, so it is lost.
      await quick.query('CREATE TABLE tutorial (id bigserial, name text)')
      const since = async (id: number) =>
        (await quick.query<{ id: string }>(`SELECT id FROM tutorial WHERE id > ${id}`)).rows
      await slow.query('BEGIN')
      await slow.query(`INSERT INTO tutorial (name) VALUES ('first')`)
      await quick.query(`INSERT INTO tutorial (name) VALUES ('second')`)
      assert.deepEqual(await since(0), [{ id: '2' }])
      await slow.query('COMMIT')
      assert.deepEqual(await since(2), [], 'the first row is never seen')

      // The same interleaving in our log: the second append waits for the first, and is then too late.
      const { board, cursor } = await newBoard(engine)
      const [first, second] = [newId(), newId()]
      const { epoch, seq, stamp } = parseCursor(cursor)!
      const record = JSON.stringify((put(first) as { put: unknown }).put)
      const at = [board, epoch, seq, stamp, 'slowly', 1, [first], [record], [], [], [], [], []]
      await slow.query('BEGIN')
      await slow.query(APPEND.text, at)
      let settled = false
      const appending = engine.log
        .append(board, { expected: cursor, changes: [put(second)], clients: noClients })
        .finally(() => {
          settled = true
        })
      while ((await blocked(quick)) === 0) await new Promise(setImmediate)
      assert.equal(settled, false)
      assert.deepEqual(await engine.log.read(board, cursor), { batches: [], clients: new Map() })
      await slow.query('COMMIT')
      assert.equal(await appending, null)
      const missed = (await engine.log.read(board, cursor))!.batches.at(-1)!
      assert.deepEqual(missed.changes, [put(first)])
      const to = await append(engine, board, missed.to, [put(second)])
      assert.deepEqual(await engine.log.read(board, missed.to).then((m) => m?.batches), [
        { from: missed.to, to, changes: [put(second)] },
      ])
    })

    test('the doorbell rings again after its connection was cut, and is polled when nobody pulls it', async (t) => {
      const { engine, url } = await opened(t)
      const { engine: other } = await opened(t, url)
      const { board, cursor } = await newBoard(engine)
      const bell = listener()
      t.after(other.log.watch(board, bell.ring))
      const cut = await postgres.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND query LIKE 'LISTEN%'`,
        url,
      )
      assert.equal(cut.length, 2)
      const first = await append(engine, board, cursor, [put(newId())])
      await bell.rung(first)
      // NOTIFY works again once both listen again.
      const listening = `SELECT 1 FROM pg_stat_activity
        WHERE datname = current_database() AND query LIKE 'LISTEN%'`
      while ((await postgres.query(listening, url)).length < 2);
      const second = await append(engine, board, first, [])
      await bell.rung(second)

      // This append is of a server that died before its NOTIFY.
      const { epoch, seq, stamp } = parseCursor(second)!
      const silent = await connected(t, url)
      await silent.query(APPEND.text, [
        board,
        epoch,
        seq,
        stamp,
        'silent',
        1,
        [],
        [],
        [],
        [],
        [],
        [],
        [],
      ])
      await bell.rung(`${epoch}.${seq + 1}.silent` as Cursor)
    })

    test('F1, L2: an append whose connection breaks before its answer is in doubt, and found by reading', async (t) => {
      const { url } = await opened(t)
      const proxy = await Proxy.open(postgres.port)
      t.after(() => proxy.close())
      const { engine } = await opened(t, url.replace(`:${postgres.port}`, `:${proxy.port}`))
      const { board, cursor } = await newBoard(engine)
      const id = newId()
      proxy.down.stall()
      const appending = engine.log.append(board, {
        expected: cursor,
        changes: [put(id)],
        clients: noClients,
      })
      appending.catch(() => {})
      while ((await postgres.query(`SELECT 1 FROM records WHERE id = '${id}'`, url)).length === 0);
      proxy.disconnect()
      proxy.down.resume()
      await rejectsWith(appending, 'away')
      await rejectsWith(engine.log.load(board), 'away')
      proxy.reconnect()
      const missed = await engine.log.read(board, cursor)
      assert.deepEqual(missed?.batches.at(-1)?.changes, [put(id)])
      await append(engine, board, missed!.batches.at(-1)!.to, [])
    })

    test('F2: a standby that lacks the last batches is a history that lost its tail', async (t) => {
      const url = await postgres.newDatabase()
      const name = new URL(url).pathname.slice(1)
      const first = await openEngine(url)
      const { board, cursor } = await newBoard(first)
      const kept = await append(first, board, cursor, [put(newId())])
      await first.close()
      await postgres.query(`CREATE DATABASE ${name}_standby TEMPLATE ${name}`)

      const { engine } = await opened(t, url)
      const lost = await append(engine, board, kept, [put(newId())])
      // The standby takes over: the same address, an older state, every connection broken.
      await postgres.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS false`)
      await terminate(postgres, name)
      await postgres.query(`ALTER DATABASE ${name} RENAME TO ${name}_dead`)
      await postgres.query(`ALTER DATABASE ${name}_standby RENAME TO ${name}`)
      await whenRecovered(engine)
      assert.equal(await engine.log.read(board, lost), null)
      const batch = { expected: lost, changes: [], clients: noClients }
      assert.equal(await engine.log.append(board, batch), null)
      const other = await append(engine, board, kept, [put(newId())])
      assert.notEqual(other, lost)
      assert.equal(await engine.log.read(board, lost), null)
      assert.equal((await engine.log.read(board, kept))?.batches.at(-1)?.to, other)
    })

    test('F7: a database that may only be read takes nothing, and is read', async (t) => {
      const { engine, url } = await opened(t)
      const name = new URL(url).pathname.slice(1)
      const { board, cursor } = await newBoard(engine)
      await postgres.query(`ALTER DATABASE ${name} SET default_transaction_read_only = on`)
      await terminate(postgres, name)
      await whenRecovered(engine)
      const batch = { expected: cursor, changes: [put(newId())], clients: noClients }
      await rejectsWith(engine.log.append(board, batch), 'away')
      await rejectsWith(engine.boards.create('another'), 'away')
      assert.deepEqual((await engine.log.load(board)).records, [])
      await postgres.query(`ALTER DATABASE ${name} RESET default_transaction_read_only`)
      await terminate(postgres, name)
      await whenRecovered(engine)
      await append(engine, board, cursor, [put(newId())])
    })

    test('F1, F7: what was acknowledged survives a database that is killed again and again', async (t) => {
      const url = await postgres.newDatabase()
      const { engine } = await opened(t, url)
      const { engine: other } = await opened(t, url)
      const kill = async () => {
        await postgres.kill()
        await postgres.start()
      }
      await surviveKills(t, [engine, other], [kill, kill, kill])
    })

    test('F1: a full disk turns down what has no room, and nothing else', async (t) => {
      const folder = await mkdtemp(join(postgres.folder, 'full-'))
      const mounted = await shell(
        `mount -t tmpfs -o size=24m,mode=777 wirephoto-full '${folder}' && chown --reference='${postgres.folder}' '${folder}'`,
      )
      if (mounted !== 0) return t.skip('needs the right to mount a small tmpfs')
      await postgres.query(`CREATE TABLESPACE small LOCATION '${folder}'`)
      const url = await postgres.newDatabase('TABLESPACE small')
      const name = new URL(url).pathname.slice(1)
      const engine = await openEngine(url)
      t.after(async () => {
        await engine.close()
        await shell(`mount -o remount,size=90m '${folder}'`)
        await postgres.query(`DROP DATABASE ${name}`)
        await postgres.query('DROP TABLESPACE small')
        await shell(`umount '${folder}'`)
      })
      const { board, cursor } = await newBoard(engine)
      const large = Array.from({ length: 40 }, () =>
        put(newId(), { caption: randomBytes(500_000).toString('base64') }),
      )
      await rejectsWith(
        engine.log.append(board, { expected: cursor, changes: large, clients: noClients }),
        'disk-full',
      )
      assert.deepEqual((await engine.log.load(board)).records, [])
      const { path, sha256 } = await randomFile(t, 40)
      await rejectsWith(engine.blobs.put(path, sha256), 'disk-full')
      assert.equal(await engine.blobs.has(sha256), false)
      // The operator makes room.
      await shell(`mount -o remount,size=90m '${folder}'`)
      await append(engine, board, cursor, [put(newId())])
    })

    largeBlobContract(() => postgres.newDatabase())
  })

/** Breaks all connections to a database. */
const terminate = (postgres: Postgres, name: string) =>
  postgres.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}'`)

/** Connects to a database until the test ends. */
async function connected(t: TestContext, url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  t.after(() => client.end())
  return client
}

/** Counts the connections that wait for a lock. */
async function blocked(client: pg.Client): Promise<number> {
  const { rows } = await client.query(
    `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
  )
  return rows.length
}

/** Runs a shell command. Resolves to its exit code. */
async function shell(command: string): Promise<number | null> {
  const child = spawn('sh', ['-c', command], { stdio: 'ignore' })
  await once(child, 'close')
  return child.exitCode
}
