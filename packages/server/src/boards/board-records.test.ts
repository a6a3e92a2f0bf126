import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import {
  type AnyRecord,
  applyOnServer as apply,
  type Command,
  FreeSpots,
  type ImageRecord,
  picturesOnBoard,
  WireError,
} from '@wirephoto/board'
import fc from 'fast-check'
import { BoardRecords } from './board-records.ts'

const ada = { visitor: 'ada', role: 'server', now: 1 } as const
const newId = (n: number) => `01890000-0000-7000-8000-${String(n).padStart(12, '0')}`
const add = (n: number): Command => ({
  kind: 'image.add',
  id: newId(n),
  name: 'a.jpg',
  x: 0,
  y: 0,
  w: 100,
  width: 100,
  height: 100,
})

/** Applies commands in one draft, and its changes to the records. Returns the pictures that were put. */
function tick(records: BoardRecords, commands: readonly Command[]): ImageRecord[] {
  const draft = records.draft()
  const put: ImageRecord[] = []
  for (const command of commands) {
    const changes = apply(draft, command, ada)
    if (changes instanceof WireError) continue
    draft.add(changes)
    for (const change of changes)
      if ('put' in change && change.put.kind === 'image') put.push(change.put)
  }
  for (const change of draft.changes)
    if ('put' in change) records.set(change.put.id, change.put)
    else records.delete(change.gone)
  return put
}

const countLooks = (t: TestContext, records: BoardRecords) => t.mock.method(records, 'values').mock

test('P24: a picture that has its place is added without a look at all others', (t) => {
  const records = new BoardRecords()
  for (let n = 0; n < 500; n++) tick(records, [add(n)])
  const looks = countLooks(t, records)
  const zs = [500, 501, 502].flatMap((n) => tick(records, [add(n), add(n + 10)])).map(({ z }) => z)
  assert.deepEqual(zs, zs.toSorted())
  assert.equal(looks.callCount(), 0)
  // The one on top goes: then one look finds the next.
  tick(records, [{ kind: 'image.remove', id: newId(512) }])
  tick(records, [add(600)])
  tick(records, [add(601)])
  tick(records, [add(602)])
  assert.ok(looks.callCount() <= 1, `${looks.callCount()} looks`)
})

test('P32: a picture without a place is added without a look at all others', (t) => {
  const placeless = (n: number): Command => {
    const { x: _x, y: _y, w: _w, ...rest } = add(n) as Extract<Command, { kind: 'image.add' }>
    return rest
  }
  const records = new BoardRecords()
  tick(records, [placeless(0)])
  const looks = countLooks(t, records)
  for (let n = 1; n < 1_000; n += 4)
    tick(records, [placeless(n), placeless(n + 1), placeless(n + 2), placeless(n + 3)])
  assert.equal(looks.callCount(), 0)
})

test('P31: a tick that is evaluated again finds other spots, and what stands stays where it is', () => {
  const picture = fc.nat({ max: 9 })
  const place = fc.record({
    x: fc.integer({ min: -400, max: 400 }),
    w: fc.integer({ min: 1, max: 900 }),
  })
  const command = fc.oneof(
    picture.map(
      (n): Command => ({ kind: 'image.add', id: newId(n), name: 'a', width: 4, height: 3 }),
    ),
    picture.map((n): Command => ({ kind: 'image.remove', id: newId(n) })),
    picture.map((n): Command => ({ kind: 'image.restore', id: newId(n) })),
    picture.map((n): Command => ({ kind: 'image.erase', id: newId(n) })),
    fc
      .tuple(picture, place)
      .map(([n, set]): Command => ({ kind: 'image.patch', id: newId(n), set })),
  )
  fc.assert(
    fc.property(
      fc.array(fc.array(command, { maxLength: 4 })),
      fc.array(command),
      (ticks, others) => {
        const records = new BoardRecords()
        const evaluate = (commands: readonly Command[], draft = records.draft()) => {
          for (const each of commands) {
            const spots = new FreeSpots(draft.values())
            const wanted = { width: 4, height: 3 }
            assert.deepEqual(draft.freeSpots.find(wanted), spots.find(wanted))
            const changes = apply(draft, each, ada)
            if (!(changes instanceof WireError)) draft.add(changes)
          }
          return draft
        }
        for (const commands of ticks) {
          // It loses against another server's tick.
          const lost = evaluate(commands)
          tick(records, others)
          evaluate(commands)
          evaluate([...commands], lost)
          tick(records, commands)
        }
      },
    ),
  )
})

const countMarked = (records: { values(): Iterable<AnyRecord> }) =>
  [...records.values()].filter((record) => record.kind === 'image' && record.purgeAt !== null)
    .length

test('Y80: marks are counted, and an added picture is on top, whatever was moved, trashed, put back or removed before', () => {
  const picture = fc.nat({ max: 5 })
  const command = fc.oneof(
    picture.map(add),
    picture.map((n): Command => ({ kind: 'image.remove', id: newId(n) })),
    picture.map((n): Command => ({ kind: 'image.restore', id: newId(n) })),
    picture.map((n): Command => ({ kind: 'image.erase', id: newId(n) })),
    picture.map((n): Command => ({ kind: 'image.purge', id: newId(n) })),
    picture.map((n): Command => ({ kind: 'image.keep', id: newId(n) })),
    fc
      .tuple(picture, fc.constantFrom('a0', 'a1', 'a3', 'b00'))
      .map(([n, z]): Command => ({ kind: 'image.patch', id: newId(n), set: { z } })),
  )
  fc.assert(
    fc.property(fc.array(fc.array(command, { maxLength: 4 })), (ticks) => {
      const records = new BoardRecords()
      for (const commands of ticks) {
        tick(records, commands)
        const zs = picturesOnBoard(new Map<string, AnyRecord>(records)).map(({ z }) => z)
        assert.equal(records.topmost, zs.toSorted().at(-1) ?? null)
        assert.equal(records.markedCount, countMarked(records))
        const draft = records.draft()
        for (const each of commands) {
          const changes = apply(draft, each, ada)
          if (!(changes instanceof WireError)) draft.add(changes)
          const shown = picturesOnBoard(draft).map(({ z }) => z)
          assert.equal(draft.topmost, shown.toSorted().at(-1) ?? null)
          assert.equal(draft.markedCount, countMarked(draft))
        }
      }
    }),
  )
})
