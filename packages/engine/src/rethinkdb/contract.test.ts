import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { NO_RETHINKDB, Rethinkdb } from '../../../../test/support/rethinkdb.ts'
import { sniffTerms, type Term } from '../../../../test/support/rethinkdb-sniffer.ts'
import { storedBytesOf } from '../../../../test/support/stored-bytes.ts'
import { engineContract, sharedEngineContract, sharedFixture } from '../contract.ts'

if (NO_RETHINKDB !== null) test('RethinkDB', { skip: NO_RETHINKDB })
else
  describe('RethinkDB', () => {
    const server = new Rethinkdb()
    const terms = { writes: 0, tables: 0, feeds: 0, wrong: new Set<string>() }
    let wiretap: Awaited<ReturnType<typeof sniffTerms>>
    before(async () => {
      wiretap = await sniffTerms(server.port, hear)
    })
    after(async () => {
      await wiretap.close()
      await server.close()
    })

    const fixture = () => {
      const url = server.newDatabase()
      const wired = url.replace(`:${server.port}/`, `:${wiretap.port}/`)
      return sharedFixture(wired, storedBytesOf(url).damage)
    }
    engineContract('rethinkdb', fixture)
    sharedEngineContract('rethinkdb', fixture)

    test('F1: all its writes were hard, all its reads of a majority, and its feeds on batches alone', (t) => {
      t.diagnostic(`${terms.writes} writes, ${terms.feeds} feeds on ${terms.tables} tables`)
      assert.deepEqual([...terms.wrong], [])
      assert.ok(terms.writes > 1_000 && terms.tables > terms.writes && terms.feeds > 10)
    })

    function hear({ type, args, options, parentType }: Term): void {
      const isWrong = () => terms.wrong.add(JSON.stringify([type, args, options]).slice(0, 300))
      if (WRITES.has(type)) {
        terms.writes++
        if (options['durability'] !== 'hard') isWrong()
      } else if (type === TERM.TABLE) {
        terms.tables++
        if (options['read_mode'] !== 'majority' && !READS_NOTHING.has(parentType)) isWrong()
      } else if (type === TERM.CHANGES) {
        terms.feeds++
        if (!JSON.stringify(args).includes('"batches"')) isWrong()
      }
    }
  })

// Term numbers of the protocol (ql2.proto).
const TERM = { TABLE: 15, UPDATE: 53, DELETE: 54, REPLACE: 55, INSERT: 56, CHANGES: 152 } as const
const WRITES: ReadonlySet<number | null> = new Set([
  TERM.UPDATE,
  TERM.DELETE,
  TERM.REPLACE,
  TERM.INSERT,
])
/** The terms that read no rows of a table: insert, and those on indexes and settings. */
const READS_NOTHING: ReadonlySet<number | null> = new Set([TERM.INSERT, 75, 140, 174])
