import assert from 'node:assert/strict'
import { buffer } from 'node:stream/consumers'
import { after, describe, type TestContext, test } from 'node:test'
import type { RTable } from 'rethinkdb-ts'
import { NO_RETHINKDB, Rethinkdb } from '../../../../test/support/rethinkdb.ts'
import { DyingDatabase } from '../../support/dying-database.ts'
import { largeBlobContract, randomFile } from '../contract/large.ts'
import { nextMillisecond, rejectsWith } from '../contract/samples.ts'
import { InFlight } from '../in-flight.ts'
import { openEngine } from '../open.ts'
import { parseAddress } from './address.ts'
import { openBlobs } from './blobs.ts'
import { tablesOf } from './tables.ts'

if (NO_RETHINKDB !== null) test('RethinkDB', { skip: NO_RETHINKDB })
else
  describe('RethinkDB, blobs', () => {
    const server = new Rethinkdb()
    after(() => server.close())

    async function opened(t: TestContext) {
      const url = server.newDatabase()
      const engine = await openEngine(url)
      t.after(() => engine.close())
      const address = await parseAddress(url)
      const tables = tablesOf(address.database)
      /** Uses the blobs of a server that dies after `left` queries. Resolves to whether it was done before. */
      const dying = async (left: number, act: (blobs: typeof engine.blobs) => Promise<unknown>) => {
        const database = new DyingDatabase(address, left)
        try {
          await act(openBlobs(database, tables, new InFlight()))
          return true
        } catch (error) {
          assert.equal((error as Error).message, 'died')
          return false
        } finally {
          await database.close()
        }
      }
      const count = (table: RTable) => server.query<number>(table.count())
      const left = async () => (await count(tables.blobs)) + (await count(tables.chunks))
      return { blobs: engine.blobs, dying, left }
    }

    test('F1: a put that dies anywhere leaves no blob, and nothing that does not go', async (t) => {
      const { blobs, dying, left } = await opened(t)
      const { path, sha256 } = await randomFile(t, 2)
      for (let n = 0; ; n++) {
        if (await dying(n, ({ put }) => put(path, sha256))) {
          assert.equal(n, 7, 'renew, begin, four chunks, commit')
          break
        }
        assert.equal(await blobs.has(sha256), false)
        await rejectsWith(blobs.get(sha256), 'not-found')
        assert.deepEqual(await Array.fromAsync(blobs.list()), n < 2 ? [] : [sha256])
        // Another server puts the blob meanwhile.
        if (n % 2) {
          await blobs.put(path, sha256)
          assert.equal((await buffer(await blobs.get(sha256))).length, 2e6)
        }
        const removed = await blobs.remove(sha256, { unlessTouchedSince: await nextMillisecond() })
        assert.equal(removed, n % 2 === 1)
        assert.equal(await left(), 0, `after ${n} queries`)
      }
      assert.equal(await blobs.has(sha256), true)
    })

    test('F1: a removal that dies anywhere leaves a whole blob or none, and is done again', async (t) => {
      const { blobs, dying, left } = await opened(t)
      const { path, sha256 } = await randomFile(t, 2)
      for (let n = 0; ; n++) {
        await blobs.put(path, sha256)
        const unlessTouchedSince = await nextMillisecond()
        const done = await dying(n, ({ remove }) => remove(sha256, { unlessTouchedSince }))
        assert.equal(await blobs.has(sha256), n === 0)
        if (n === 0) assert.equal((await buffer(await blobs.get(sha256))).length, 2e6)
        else await rejectsWith(blobs.get(sha256), 'not-found')
        // A put doesn't suffer from the remains of the removal.
        await blobs.put(path, sha256)
        assert.equal(await blobs.remove(sha256, { unlessTouchedSince }), false)
        assert.equal((await buffer(await blobs.get(sha256))).length, 2e6)
        assert.equal(await left(), 5, `after ${n} queries`)
        if (done) break
        assert.equal(
          await blobs.remove(sha256, { unlessTouchedSince: await nextMillisecond() }),
          true,
        )
      }
    })

    test('a blob that is removed while it is read ends with an error', async (t) => {
      const { blobs } = await opened(t)
      const { path, sha256 } = await randomFile(t, 4)
      await blobs.put(path, sha256)
      const reading = (await blobs.get(sha256))[Symbol.asyncIterator]()
      await reading.next()
      await blobs.remove(sha256, { unlessTouchedSince: await nextMillisecond() })
      await rejectsWith(
        (async () => {
          while (!(await reading.next()).done);
        })(),
        'not-found',
      )
    })

    largeBlobContract(() => server.newDatabase())
  })
