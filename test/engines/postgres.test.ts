import { after, before, describe, test } from 'node:test'
import { openEngine } from '@wirephoto/engine'
import { engineContract } from '@wirephoto/engine/contract'
import { findPostgres, NO_POSTGRES, Postgres } from '../support/postgres.ts'

const [programs] = await findPostgres()
if (!programs) test('PostgreSQL', { skip: NO_POSTGRES })
else
  describe(`PostgreSQL ${programs.version}`, () => {
    let postgres: Postgres
    before(async () => {
      postgres = await Postgres.open(programs)
    })
    after(() => postgres.close())

    engineContract('postgres', async () => {
      const url = await postgres.newDatabase()
      const fixture = {
        engine: await openEngine(url),
        async reopen() {
          await fixture.engine.close()
          fixture.engine = await openEngine(url)
          return fixture.engine
        },
        cleanup: () => fixture.engine.close(),
      }
      return fixture
    })
  })
