import { after, before, describe, test } from 'node:test'
import { findPostgres, NO_POSTGRES, Postgres } from '../../../../test/support/postgres.ts'
import { engineContract, type SharedFixture, sharedEngineContract } from '../contract.ts'
import type { Engine } from '../engine.ts'
import { openEngine } from '../open.ts'

const found = await findPostgres()
if (found.length === 0) test('PostgreSQL', { skip: NO_POSTGRES })
// The newest that npm brings and, where the machine has another, that too.
for (const programs of found)
  describe(`PostgreSQL ${programs.version}`, () => {
    let postgres: Postgres
    before(async () => {
      postgres = await Postgres.open(programs)
    })
    after(() => postgres.close())

    engineContract('postgres', fixture)
    sharedEngineContract('postgres', fixture)

    async function fixture(): Promise<SharedFixture> {
      const url = await postgres.newDatabase()
      const opened: Engine[] = []
      const another = async () => {
        const engine = await openEngine(url)
        opened.push(engine)
        return engine
      }
      return {
        engine: await another(),
        another,
        async reopen() {
          for (const engine of opened) await engine.close()
          return another()
        },
        async cleanup() {
          for (const engine of opened) await engine.close()
        },
      }
    }
  })
