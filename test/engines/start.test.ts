import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { findPostgres, NO_POSTGRES, Postgres } from '../support/postgres.ts'
import { ServerProcess } from '../support/server.ts'

const [programs] = await findPostgres()

describe('what keeps a server from starting is one sentence, and exit code 2', () => {
  test('an engine that there is none of, or at an address that is none', async () => {
    await refused('postgre://anna:secret@localhost/x', /There is no engine.*; use sqlite:/)
    await refused('postgres://anna:secret@:x/y', /is no address of a PostgreSQL; give postgres:/)
  })

  test('PostgreSQL', { skip: !programs && NO_POSTGRES }, async (t) => {
    await refused(
      'postgres://anna:secret@127.0.0.1:1/x',
      /127\.0\.0\.1:1 \(ECONNREFUSED\); start it/,
    )
    const postgres = await Postgres.open(programs!)
    t.after(() => postgres.close())
    await refused(postgres.url('postgres', 'anna', 'secret'), /let the user anna in; check/)
    await refused(postgres.url('nowhere'), /has no database nowhere; create it/)
    await postgres.query("CREATE ROLE guest LOGIN PASSWORD 'secret'")
    await refused(postgres.url('postgres', 'guest', 'secret'), /guest may not create .*; make it/)
  })

  test('PostgreSQL that may lose what it acknowledged', {
    skip: !programs && NO_POSTGRES,
  }, async (t) => {
    const postgres = await Postgres.open(programs!, ['fsync=off'])
    t.after(() => postgres.close())
    await refused(postgres.url(), /fsync off.*; set fsync = on/)
  })
})

async function refused(engine: string, sentence: RegExp): Promise<void> {
  const opening = ServerProcess.open({ args: ['--engine', engine] })
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
