import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, type TestContext, test } from 'node:test'
import { RECORD_VERSION } from '@wirephoto/board'
import { type RDatum, type RSingleSelection, r, type TableConfig } from 'rethinkdb-ts'
import { makeCertificate } from '../../../../test/support/certificate.ts'
import {
  findRethinkdbProgram,
  fixedReplyServer,
  NO_RETHINKDB,
  NO_RETHINKDB_PROGRAM,
  Rethinkdb,
  RethinkdbProcess,
} from '../../../../test/support/rethinkdb.ts'
import { append, newBoard, newId, put } from '../contract/samples.ts'
import { EngineError } from '../errors.ts'
import { openEngine } from '../open.ts'
import { INDEXES } from './tables.ts'

test('an invalid URL is refused, without its password', async () => {
  for (const url of [
    'rethinkdb://',
    'rethinkdb:somewhere',
    'rethinkdb://anna:secret@localhost',
    'rethinkdb://anna:secret@localhost:x/boards',
    'rethinkdb://anna:secret@localhost/a/b',
    'rethinkdb://anna:secret@localhost/boards?shards=0',
    'rethinkdb://anna:secret@localhost/boards?replica=3',
  ])
    await refused(url, 'unknown-engine', /^"rethinkdb:[^]*"/)
  await refused('rethinkdb://localhost/x?tls=/nowhere.pem', 'unusable', /nowhere\.pem/)
})

test('a RethinkDB older than 2.4, or another server, is refused', async (t) => {
  const greeting = (version: string) =>
    `{"max_protocol_version":0,"min_protocol_version":0,"server_version":"${version}","success":true}\0`
  for (const version of ['2.3.7', '1.16.0-1~0trusty'])
    await refused(await says(t, greeting(version)), 'too-old', new RegExp(`${version}.*2\\.4`))
  for (const words of [
    '',
    'HTTP/1.1 400 Bad Request\r\n\r\n',
    // RethinkDB said this before version 2.3.
    'ERROR: Received an unsupported protocol version.\n\0',
  ])
    await refused(await says(t, words), 'unreachable', /no RethinkDB/)
})

if (NO_RETHINKDB !== null) test('RethinkDB', { skip: NO_RETHINKDB })
else
  describe('RethinkDB, how it starts', async () => {
    const server = new Rethinkdb()
    after(() => server.close())
    const program = await findRethinkdbProgram()
    const ours = { skip: !program && NO_RETHINKDB_PROGRAM }

    test('a failure to start is explained in a sentence', async (t) => {
      await refused('rethinkdb://127.0.0.1:1/x', 'unreachable', /127\.0\.0\.1:1 \(ECONNREFUSED\)/)
      await refused('rethinkdb://nowhere.invalid/x', 'unreachable', /nowhere\.invalid/)
      const url = server.newDatabase()
      await refused(`${url}?replicas=9`, 'unusable', /replicas=9/)
      const name = nameOf(url)
      const as = (user: string, password: string) => server.url(name, '', user, password)

      const user = `guest_${name}`
      const users = r.db('rethinkdb').table('users')
      await server.query(users.insert({ id: user, password: 'secret' }))
      t.after(() => server.query(users.get(user).delete()))
      await refused(as(user, 'wrong'), 'not-allowed', new RegExp(`user ${user} in`))
      await refused(as('nobody', 'secret'), 'not-allowed', /user nobody in/)
      const nowhere = server.url(`${name}_nowhere`, '', user, 'secret')
      await refused(nowhere, 'not-allowed', new RegExp(`${user} may not make`))
      await refused(as(user, 'secret'), 'not-allowed', new RegExp(`${user} may not make`))
      await server.query(r.db(name).grant(user, { read: true }))
      await refused(as(user, 'secret'), 'not-allowed', /Grant it read, write and config/)
      // These rights are enough: the user needn't be an admin.
      const rights = { read: true, write: true, config: true }
      await server.query(r.db(name).grant(user, rights))
      const engine = await openEngine(as(user, 'secret'))
      const { board, cursor } = await newBoard(engine)
      await append(engine, board, cursor, [put(newId())])
      await engine.close()
      // Once the tables exist, the user needn't be allowed to change them.
      await server.query(r.db(name).grant(user, { ...rights, config: false }))
      await (await openEngine(as(user, 'secret'))).close()
    })

    test('tables that it must not use are refused with a sentence', async () => {
      const taken = server.newDatabase()
      const others = r.db(nameOf(taken))
      await server.query(r.dbCreate(nameOf(taken)).do(() => others.tableCreate('records')))
      await refused(taken, 'unusable', /other tables of the same names/)

      const url = server.newDatabase()
      await (await openEngine(url)).close()
      const db = r.db(nameOf(url))
      const acks = (write_acks: string) =>
        server.query((db.table('records').config() as RSingleSelection).update({ write_acks }))
      await acks('single')
      await refused(url, 'unusable', /table records .* fail-over can lose/)
      await acks('majority')
      await server.query(db.table('wirephoto').get('tables').update({ version: 1000 }))
      await refused(url, 'too-new', /newer Wirephoto/)
      const newerRecords = { version: 1, recordVersion: RECORD_VERSION + 1 }
      await server.query(db.table('wirephoto').get('tables').update(newerRecords))
      await refused(url, 'too-new', /newer Wirephoto/)
    })

    test('servers that start on nothing at once make one of each table', async (t) => {
      const url = server.newDatabase()
      const engines = await Promise.all(Array.from({ length: 6 }, () => openEngine(url)))
      t.after(() => Promise.all(engines.map((engine) => engine.close())))
      const tables = await server.query<string[]>(r.db(nameOf(url)).tableList())
      assert.deepEqual(tables.sort(), Object.keys(INDEXES).sort())
      const { board, cursor } = await newBoard(engines[0]!)
      assert.equal((await engines[5]!.log.load(board)).cursor, cursor)
    })

    test('a start that died half-way is completed', async (t) => {
      const url = server.newDatabase()
      const db = r.db(nameOf(url))
      await server.query(r.dbCreate(nameOf(url)))
      for (const table of ['wirephoto', 'boards', 'records', 'starting_1700000000_dead'])
        await server.query(db.tableCreate(table))
      await server.query(
        db.table('records').indexCreate('seq', (row: RDatum) => [row('id')(0), row('seq')]),
      )
      const engine = await openEngine(url)
      t.after(() => engine.close())
      const tables = await server.query<string[]>(db.tableList())
      assert.deepEqual(tables.sort(), Object.keys(INDEXES).sort())
      await newBoard(engine)
    })

    test('shards and replicas are as the URL says', async () => {
      const url = server.newDatabase('shards=2&replicas=1')
      await (await openEngine(url)).close()
      for (const table of Object.keys(INDEXES)) {
        const config = r.db(nameOf(url)).table(table).config()
        assert.equal((await server.query<TableConfig>(config)).shards.length, 2)
      }
    })

    test('a connection may use TLS, and then verifies the server', ours, async (t) => {
      const folder = await mkdtemp(join(tmpdir(), 'wirephoto-tls-'))
      t.after(() => rm(folder, { recursive: true }))
      const made = await makeCertificate(folder)
      if (!made) return t.skip('openssl is not on the PATH')
      const { key, cert } = made
      const tls = ['--driver-tls-key', key, '--driver-tls-cert', cert]
      const secure = await RethinkdbProcess.open(program!, tls)
      t.after(() => secure.close())
      const url = `rethinkdb://localhost:${secure.port}/boards`
      const engine = await openEngine(`${url}?tls=${cert}`)
      const { board, cursor } = await newBoard(engine)
      await append(engine, board, cursor, [put(newId())])
      await engine.close()
      await refused(`${url}?tls=true`, 'unreachable', /DEPTH_ZERO_SELF_SIGNED_CERT/)
      await refused(url, 'unreachable', /localhost/)
      const wrongName = `rethinkdb://127.0.0.1:${secure.port}/boards?tls=${cert}`
      await refused(wrongName, 'unreachable', /ERR_TLS_CERT_ALTNAME_INVALID/)
    })
  })

const nameOf = (url: string): string => new URL(url).pathname.slice(1)

const refused = (url: string, code: EngineError['code'], sentence: RegExp): Promise<void> =>
  assert.rejects(openEngine(url), (error) => {
    assert.ok(error instanceof EngineError, String(error))
    assert.equal(error.code, code, error.message)
    assert.match(error.message, sentence)
    assert.match(error.message, /^["A-Z][^\n]+\. [A-Z][^\n]+\.$/)
    assert.doesNotMatch(error.message, /secret/)
    return true
  })

/** Starts a server that answers with these words. Returns its URL. */
async function says(t: TestContext, words: string): Promise<string> {
  const { port, close } = await fixedReplyServer(words)
  t.after(close)
  return `rethinkdb://127.0.0.1:${port}/boards`
}
