import { after, before, describe, test } from 'node:test'
import { EFFORT_FACTOR } from '../../../../test/support/effort.ts'
import { findPostgres, NO_POSTGRES, Postgres } from '../../../../test/support/postgres.ts'
import { storedBytesOf } from '../../../../test/support/stored-bytes.ts'
import { engineContract, sharedEngineContract, sharedFixture } from '../contract.ts'

const found = await findPostgres()
if (found.length === 0) test('PostgreSQL', { skip: NO_POSTGRES })
// Beside the PostgreSQL from npm, long runs test each other major version on the machine.
for (const programs of found)
  describe(`PostgreSQL ${programs.version}`, {
    skip: programs !== found[0] && EFFORT_FACTOR === 1 && 'by npm run test:long',
  }, () => {
    let postgres: Postgres
    before(async () => {
      postgres = await Postgres.open(programs)
    })
    after(() => postgres.close())

    const fixture = async () => {
      const url = await postgres.newDatabase()
      return sharedFixture(url, storedBytesOf(url).damage)
    }
    engineContract('postgres', fixture)
    if (programs === found[0]) sharedEngineContract('postgres', fixture)
  })
