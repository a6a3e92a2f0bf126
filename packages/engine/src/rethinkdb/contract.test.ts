import { after, describe, test } from 'node:test'
import { NO_RETHINKDB, Rethinkdb } from '../../../../test/support/rethinkdb.ts'
import { engineContract, sharedEngineContract, sharedFixture } from '../contract.ts'

if (NO_RETHINKDB !== null) test('RethinkDB', { skip: NO_RETHINKDB })
else
  describe('RethinkDB', () => {
    const server = new Rethinkdb()
    after(() => server.close())

    const fixture = () => sharedFixture(server.newDatabase())
    engineContract('rethinkdb', fixture)
    sharedEngineContract('rethinkdb', fixture)
  })
