import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { openEngine } from '@wirephoto/engine'
import { r } from 'rethinkdb-ts'
import { findPostgres, NO_POSTGRES, Postgres } from '../support/postgres.ts'
import { fixedReplyServer, NO_RETHINKDB, Rethinkdb } from '../support/rethinkdb.ts'
import { BUCKET, S3Server } from '../support/s3.ts'
import { ServerProcess } from '../support/server-process.ts'

const [programs] = await findPostgres()

describe("a server that can't start says why in one sentence, with exit code 2", () => {
  test('an unknown engine, or an invalid address', async () => {
    await assertRefused('postgre://anna:secret@localhost/x', /There is no engine.*; use sqlite:/)
    await assertRefused(
      'postgres://anna:secret@:x/y',
      /is no address of a PostgreSQL; give postgres:/,
    )
    await assertRefused(
      'rethinkdb://anna:secret@localhost',
      /is no address of a RethinkDB; give rethink/,
    )
  })

  test('PostgreSQL', { skip: !programs && NO_POSTGRES }, async (t) => {
    await assertRefused(
      'postgres://anna:secret@127.0.0.1:1/x',
      /127\.0\.0\.1:1 \(ECONNREFUSED\); start it/,
    )
    const postgres = await Postgres.open(programs!)
    t.after(() => postgres.close())
    await assertRefused(postgres.url('postgres', 'anna', 'secret'), /let the user anna in; check/)
    await assertRefused(postgres.url('nowhere'), /has no database nowhere; create it/)
    await postgres.query("CREATE ROLE guest LOGIN PASSWORD 'secret'")
    await assertRefused(
      postgres.url('postgres', 'guest', 'secret'),
      /guest may not create .*; make it/,
    )
  })

  test('E117: an address for other servers that is too long', {
    skip: !programs && NO_POSTGRES,
  }, async (t) => {
    const postgres = await Postgres.open(programs!)
    t.after(() => postgres.close())
    const env = { WIREPHOTO_NODE_URL: `http://a/${'b'.repeat(600)}` }
    await assertRefused(await postgres.newDatabase(), /--node-url has 609 bytes; give one of/, env)
  })

  test('PostgreSQL that is too old, or goes away meanwhile', {
    skip: !programs && NO_POSTGRES,
  }, async (t) => {
    const postgres = await Postgres.open(programs!)
    t.after(() => postgres.close())
    const old = await postgres.newDatabase()
    // The server's first question gets this answer.
    await postgres.query(
      `CREATE FUNCTION current_setting(text) RETURNS text LANGUAGE sql AS $$
         SELECT CASE $1 WHEN 'server_version_num' THEN '140011' ELSE pg_catalog.current_setting($1) END
       $$`,
      old,
    )
    const name = new URL(old).pathname.slice(1)
    await postgres.query(`ALTER DATABASE ${name} SET search_path = public, pg_catalog`)
    await assertRefused(old, /is version 14; use 15 or newer/)

    const full = await postgres.newDatabase()
    await (await openEngine(full)).close()
    for (const [state, sentence] of [
      ['53100', /disk of the database .* is full; make room/],
      ['57P01', /went away during the start; see what it says/],
    ] as const) {
      await postgres.query(
        `CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
           BEGIN RAISE EXCEPTION USING ERRCODE = '${state}'; END
         $$;
         CREATE OR REPLACE TRIGGER refuse BEFORE INSERT ON boards EXECUTE FUNCTION refuse()`,
        full,
      )
      await assertRefused(full, sentence)
    }
  })

  test('RethinkDB that is absent or too old', async (t) => {
    await assertRefused('rethinkdb://127.0.0.1:1/x', /127\.0\.0\.1:1 \(ECONNREFUSED\); start it/)
    const old = await fixedReplyServer('{"server_version":"2.3.7","success":true}\0')
    t.after(() => old.close())
    await assertRefused(
      `rethinkdb://anna:secret@127.0.0.1:${old.port}/x`,
      /version 2\.3\.7; use 2\.4/,
    )
  })

  test('RethinkDB', { skip: NO_RETHINKDB ?? false }, async (t) => {
    const server = new Rethinkdb()
    t.after(() => server.close())
    const url = server.newDatabase()
    const name = new URL(url).pathname.slice(1)
    const users = r.db('rethinkdb').table('users')
    const user = `guest_${name}`
    await server.query(users.insert({ id: user, password: 'secret' }))
    t.after(() => server.query(users.get(user).delete()))
    const as = (password: string) => server.url(name, '', user, password)
    await assertRefused(
      as('a-secret'),
      /let the user guest_\w+ in; check the name and the password/,
    )
    await assertRefused(as('secret'), /guest_\w+ may not make and use tables in \w+ .*; grant it/)
    await assertRefused(`${url}?replicas=9`, /too few servers for replicas=9; give fewer/)
  })

  test('PostgreSQL that may lose what it acknowledged', {
    skip: !programs && NO_POSTGRES,
  }, async (t) => {
    const postgres = await Postgres.open(programs!, ['fsync=off'])
    t.after(() => postgres.close())
    await assertRefused(postgres.url(), /fsync off.*; set fsync = on/)
  })

  test('E41: S3 that takes other keys, has no such bucket, or is away', async (t) => {
    const s3 = await S3Server.open()
    t.after(() => s3.close())
    const folder = await mkdtemp(join(tmpdir(), 'wirephoto-no-s3-'))
    t.after(() => rm(folder, { recursive: true }))
    const engine = `sqlite:${folder}?blobs=`
    await assertRefused(engine + s3.blobs, /doesn't accept the keys; check AWS_ACCESS_KEY_ID/, {
      AWS_SECRET_ACCESS_KEY: 'a-secret',
    })
    await assertRefused(engine + s3.blobs, /keys for S3 are missing; set AWS_ACCESS_KEY_ID/, {
      AWS_ACCESS_KEY_ID: '',
    })
    const elsewhere = s3.blobs.replace(BUCKET, 'elsewhere')
    await assertRefused(engine + elsewhere, /has no bucket elsewhere; create it/)
    const away = s3.blobs.replace(s3.endpoint, 'http://127.0.0.1:1')
    await assertRefused(engine + away, /no S3 to be had at 127\.0\.0\.1:1 \(.+\); start it/)
  })
})

async function assertRefused(
  engine: string,
  sentence: RegExp,
  env: NodeJS.ProcessEnv = {},
): Promise<void> {
  const opening = ServerProcess.open({ args: ['--engine', engine], env })
  await assert.rejects(opening, (error: Error) => {
    const [first, ...lines] = error.message.trimEnd().split('\n')
    assert.match(first!, /code 2/)
    assert.equal(lines.length, 1, error.message)
    assert.match(lines[0]!, sentence)
    assert.match(lines[0]!, /^[^.].*[^.]\.$/)
    assert.doesNotMatch(lines[0]!, /\. |secret/)
    return true
  })
}
