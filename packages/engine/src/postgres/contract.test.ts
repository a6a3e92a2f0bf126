import { after, before, describe, test } from 'node:test'
import pg from 'pg'
import { findPostgres, NO_POSTGRES, Postgres } from '../../../../test/support/postgres.ts'
import { type Damage, engineContract, sharedEngineContract, sharedFixture } from '../contract.ts'

const CHUNK_BYTES = 256 * 1024
const found = await findPostgres()
if (found.length === 0) test('PostgreSQL', { skip: NO_POSTGRES })
// Beside the PostgreSQL from npm, each other major version on the machine is tested.
for (const programs of found)
  describe(`PostgreSQL ${programs.version}`, () => {
    let postgres: Postgres
    before(async () => {
      postgres = await Postgres.open(programs)
    })
    after(() => postgres.close())

    const fixture = async () => {
      const url = await postgres.newDatabase()
      return sharedFixture(url, (sha256, change) => damage(url, sha256, change))
    }
    engineContract('postgres', fixture)
    if (programs === found[0]) sharedEngineContract('postgres', fixture)
  })

/** Overwrites the chunks of a stored blob. */
async function damage(url: string, sha256: string, change: Damage): Promise<void> {
  const client = new pg.Client(url)
  await client.connect()
  try {
    const key = Buffer.from(sha256, 'hex')
    const removed = 'DELETE FROM chunks WHERE sha256 = $1 RETURNING n, data'
    const { rows } = await client.query<{ n: number; data: Buffer }>(removed, [key])
    const stored = Buffer.concat(rows.sort((a, b) => a.n - b.n).map(({ data }) => data))
    const bytes = change(stored)
    for (let n = 0; n * CHUNK_BYTES < bytes.length; n++)
      await client.query('INSERT INTO chunks (sha256, n, data) VALUES ($1, $2, $3)', [
        key,
        n,
        bytes.subarray(n * CHUNK_BYTES, (n + 1) * CHUNK_BYTES),
      ])
  } finally {
    await client.end()
  }
}
