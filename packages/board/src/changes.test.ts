import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { applyChanges, type Batch, type Change, coalesce, idOf } from './changes.ts'
import { cursor, parseCursor, seqOf } from './cursors.ts'
import type { AnyRecord } from './records.ts'

const at = (seq: number) => cursor('epoch', seq, `stamp${seq}`)
const board = (id: string, title: string) => ({ kind: 'board', id, title }) as unknown as AnyRecord

const change: fc.Arbitrary<Change> = fc
  .tuple(fc.constantFrom('a', 'b', 'c', '__proto__', 'constructor'), fc.option(fc.string()))
  .map(([id, title]) => (title === null ? { gone: id } : { put: board(id, title) }))
const history: fc.Arbitrary<Batch[]> = fc
  .array(fc.uniqueArray(change, { selector: idOf }), { minLength: 1, maxLength: 20 })
  .map((all) => all.map((changes, i) => ({ from: at(i), to: at(i + 1), changes })))

describe('changes', () => {
  test('R1, R10, L4: a coalesced stretch does what its batches do one by one, wherever it is cut', () => {
    fc.assert(
      fc.property(history, fc.nat(), fc.nat(), (batches, a, b) => {
        const [start, end] = [a % batches.length, b % batches.length].sort((x, y) => x - y)
        const one = new Map<string, AnyRecord>()
        const other = new Map<string, AnyRecord>()
        for (const { changes } of batches.slice(0, start)) {
          applyChanges(one, changes)
          applyChanges(other, changes)
        }
        const [first, ...rest] = batches.slice(start, end! + 1)
        const whole = coalesce([first!, ...rest])
        for (const { changes } of [first!, ...rest]) applyChanges(one, changes)
        applyChanges(other, whole.changes)
        assert.deepEqual(other, one)
        assert.deepEqual([whole.from, whole.to], [at(start!), at(end! + 1)])
        const ids = whole.changes.map(idOf)
        assert.equal(new Set(ids).size, ids.length, 'the newest of each, once')
      }),
    )
  })

  test('coalescing is associative', () => {
    fc.assert(
      fc.property(history, fc.nat(), (batches, n) => {
        const cut = 1 + (n % batches.length)
        const [first, ...left] = batches.slice(0, cut)
        const parts: [Batch, ...Batch[]] = [coalesce([first!, ...left]), ...batches.slice(cut)]
        const [, ...rest] = batches
        const states = [coalesce(parts), coalesce([batches[0]!, ...rest])].map(({ changes }) => {
          const records = new Map<string, AnyRecord>()
          applyChanges(records, changes)
          return records
        })
        assert.deepEqual(states[0], states[1])
      }),
    )
  })

  test('L3: a cursor is taken apart as it was put together', () => {
    assert.deepEqual(parseCursor(at(7)), { epoch: 'epoch', seq: 7, stamp: 'stamp7' })
    assert.equal(seqOf(cursor('e-_1', 999_999_999_999_999, 's')), 999_999_999_999_999)
  })

  test('F8: what is no cursor is none', () => {
    const nearly =
      '. .. a.b.c a.1 a.1. .1.a a.-1.b a.1e5.b a.1.b.c a.0x1.b ä.1.b a/../b.1.c __proto__'
    const long = [`${'a'.repeat(65)}.1.b`, 'a.1234567890123456.b']
    for (const text of ['', 'a.1 .b', 'a.1.b\n', ...nearly.split(' '), ...long]) {
      assert.equal(parseCursor(text), null, JSON.stringify(text))
      assert.equal(seqOf(text as never), 0)
    }
  })
})
