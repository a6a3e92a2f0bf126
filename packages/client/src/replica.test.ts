import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  type AnyRecord,
  apply,
  applyChanges,
  type Batch,
  type Change,
  type Command,
  type Cursor,
  coalesce,
  cursor,
  emptyBoard,
  FreeSpots,
  type ImageRecord,
} from '@wirephoto/board'
import fc from 'fast-check'
import { newId } from './ids.ts'
import { type Pending, Replica } from './replica.ts'

const at = (seq: number, epoch = 'e'): Cursor => cursor(epoch, seq, `s${seq}`)

function picture(fields: Partial<ImageRecord> = {}): ImageRecord {
  return {
    kind: 'image',
    id: newId(1),
    x: 0,
    y: 0,
    w: 100,
    z: 'a0',
    caption: '',
    name: 'a.jpg',
    type: 'image/jpeg',
    width: 400,
    height: 300,
    bytes: 9,
    thumbhash: null,
    blob: 'b'.repeat(64),
    animated: false,
    variants: null,
    source: null,
    author: 'anna',
    by: '',
    createdAt: 1,
    original: null,
    storedAt: null,
    deletedAt: null,
    deletedBy: null,
    replacedAt: null,
    slot: null,
    purgeAt: null,
    purgeBy: null,
    link: null,
    ...fields,
  }
}

/** A replica, and every set of ids that it has emitted. */
function open(records: readonly AnyRecord[] = [], seq = 1) {
  const emitted: string[][] = []
  const replica = new Replica()
  replica.visitor = 'me'
  replica.on('records', (ids) => emitted.push([...ids]))
  replica.load({ cursor: at(seq), records })
  emitted.length = 0
  const push = (command: Command): Pending => {
    const pending = { command, at: 7, answered: null }
    replica.addPending([pending])
    return pending
  }
  const batch = (to: number, ...puts: AnyRecord[]): Batch => ({
    from: at(to - 1),
    to: at(to),
    changes: puts.map((put) => ({ put })),
  })
  return { replica, emitted, push, batch }
}

describe('replica', () => {
  test('F4: an own patch is seen at once, and stays, whether the answer or the feed comes first', () => {
    for (const order of ['answer first', 'feed first']) {
      const before = picture({ x: 1 })
      const { replica, emitted, push, batch } = open([before])
      const seen: number[] = []
      const look = () => seen.push(replica.pictures.get(before.id)!.x)
      const pending = push({ kind: 'image.patch', id: before.id, set: { x: 2 } })
      look()
      const steps = [
        () => replica.acknowledge([pending], 3),
        () => replica.apply(batch(2, picture())),
        () => replica.apply(batch(3, { ...before, x: 2 })),
      ]
      if (order === 'feed first') steps.push(steps.shift()!)
      for (const step of steps) {
        step()
        look()
      }
      assert.deepEqual(seen, [2, 2, 2, 2], order)
      const own = emitted.filter((ids) => ids.includes(before.id))
      assert.equal(own.length, 1, `${order}: emitted once, when it was made`)
      replica.apply(batch(4, { ...before, x: 5 }))
      assert.equal(replica.pictures.get(before.id)!.x, 5, `${order}: others are seen again`)
    }
  })

  test("F4: others' patches of other fields show through one's own", () => {
    const before = picture()
    const { replica, push, batch } = open([before])
    push({ kind: 'image.patch', id: before.id, set: { x: 50 } })
    replica.apply(batch(2, { ...before, caption: 'theirs' }))
    const { x, caption } = replica.pictures.get(before.id)!
    assert.deepEqual({ x, caption }, { x: 50, caption: 'theirs' })
  })

  test('a refused command is taken back', () => {
    const before = picture({ x: 1 })
    const { replica, emitted, push } = open([before])
    const first = push({ kind: 'image.patch', id: before.id, set: { x: 2 } })
    push({ kind: 'image.patch', id: before.id, set: { y: 3 } })
    replica.dropPending([first])
    const { x, y } = replica.pictures.get(before.id)!
    assert.deepEqual({ x, y }, { x: 1, y: 3 })
    assert.equal(emitted.length, 3)
  })

  test('an added picture stands where it was put until the server says otherwise, and never twice', () => {
    const { replica, emitted, push, batch } = open([picture({ z: 'a5' })])
    const id = newId(2)
    const pending = push({ kind: 'image.add', id, width: 40, height: 30, name: 'b.jpg' })
    const guess = replica.pictures.get(id)!
    assert.equal(guess.author, 'me')
    assert.ok(guess.z > 'a5', 'on top')
    replica.apply(batch(2, picture({ x: guess.x, y: guess.y })))
    assert.equal(replica.pictures.get(id), guess, 'a neighbour in the same spot moves nothing')
    replica.acknowledge([pending], 3)
    assert.equal(replica.pictures.get(id), guess)
    replica.apply(batch(3, { ...guess, author: 'anna', createdAt: 99 }))
    assert.equal(replica.pictures.get(id)!.createdAt, 99)
    assert.deepEqual(emitted.filter((ids) => ids.includes(id)).length, 2)
  })

  test('P31: a picture without a place is guessed where its server will put it', async (t) => {
    const first = picture({ x: -160, y: -120, w: 320 })
    const { replica, push } = open([first])
    const add = (width: number, height: number) => {
      const id = newId(2)
      return { id, pending: push({ kind: 'image.add', id, width, height, name: 'b.jpg' }) }
    }
    const early = add(400, 300)
    const place = (id: string) => {
      const { x, y, w } = replica.pictures.get(id)!
      return { x, y, w }
    }
    await new Promise<void>((resolve) => {
      t.after(replica.on('records', () => resolve()))
    })
    assert.deepEqual(place(early.id), { x: 176, y: -120, w: 320 })
    const assertNext = () => {
      const spots = new FreeSpots(replica.pictures.values())
      assert.deepEqual(place(add(300, 400).id), spots.find({ width: 300, height: 400 }))
    }
    assertNext()
    push({ kind: 'image.remove', id: first.id })
    assertNext()
    push({ kind: 'image.patch', id: early.id, set: { y: -600, w: 900 } })
    assertNext()
    replica.dropPending([early.pending])
    assertNext()
    replica.load({ cursor: at(5), records: [first, picture({ id: newId(9), x: 176, w: 320 })] })
    assertNext()
  })

  test('removed and restored pictures show as such, and purged ones are gone', () => {
    const here = picture()
    const { replica, push, batch } = open([here])
    push({ kind: 'image.remove', id: here.id })
    assert.equal(replica.pictures.get(here.id)!.deletedAt, 7)
    push({ kind: 'image.restore', id: here.id })
    assert.equal(replica.pictures.get(here.id)!.deletedAt, null)
    replica.apply({ ...batch(2), changes: [{ gone: here.id }] })
    assert.equal(replica.pictures.has(here.id), false)
  })

  test('R1: the title is a record like the others', () => {
    const { replica, emitted, push, batch } = open()
    const pending = push({ kind: 'board.patch', set: { title: 'Mine' } })
    assert.equal(replica.settings.title, 'Mine')
    replica.acknowledge([pending], 2)
    replica.apply(batch(2, { ...emptyBoard, title: 'Mine' }))
    assert.equal(replica.settings.title, 'Mine')
    assert.deepEqual(emitted, [['board']])
  })

  test('a snapshot emits the ids that differ, and keeps unanswered commands', () => {
    const [same, other, gone] = [picture({ variants: [64, 320] }), picture(), picture()]
    const { replica, emitted, push } = open([same, other, gone])
    push({ kind: 'image.patch', id: same.id, set: { x: 50 } })
    emitted.length = 0
    const fresh = picture()
    const again = { ...same, variants: [64, 320] }
    replica.load({ cursor: at(9), records: [again, { ...other, y: 4 }, fresh] })
    assert.deepEqual(
      emitted.map((ids) => ids.toSorted()),
      [[other.id, gone.id, fresh.id].toSorted()],
    )
    assert.equal(replica.pictures.get(same.id)!.x, 50)
  })

  test('a snapshot of another history ends the wait for numbers of the old one', () => {
    const here = picture()
    const { replica, push } = open([here], 40)
    const pending = push({ kind: 'image.patch', id: here.id, set: { x: 50 } })
    replica.acknowledge([pending], 41)
    replica.load({ cursor: at(3, 'restored'), records: [{ ...here, x: 6 }] })
    assert.equal(replica.pictures.get(here.id)!.x, 6)
  })

  test('a batch looks only at what it changes, however many pictures there are', () => {
    let reads = 0
    const counted = (record: ImageRecord): ImageRecord =>
      new Proxy(record, {
        get(target, key) {
          reads++
          return Reflect.get(target, key)
        },
      })
    const records = Array.from({ length: 10_000 }, () => counted(picture()))
    const { replica, emitted, push, batch } = open(records)
    const [first, second] = records as [ImageRecord, ImageRecord]
    const pending = push({ kind: 'image.patch', id: first.id, set: { x: 5 } })
    reads = 0
    replica.apply(batch(2, picture({ id: second.id, x: 8 })))
    replica.acknowledge([pending], 3)
    replica.apply(batch(3, picture({ id: first.id, x: 5 })))
    assert.ok(reads < 200, `${reads} fields were read`)
    assert.deepEqual(emitted, [[first.id], [second.id]])
  })

  test('F4: in whatever order answers and batches come, guesses push until then, and all end equal', () => {
    const ids = [1, 2, 3].map(newId)
    const page = fc.nat(2)
    const step = fc.oneof(
      fc.record({ does: fc.constant('patch' as const), page, id: fc.nat(2), x: fc.nat(999) }),
      fc.record({ does: fc.constant('remove' as const), page, id: fc.nat(2) }),
      fc.record({ does: fc.constant('restore' as const), page, id: fc.nat(2) }),
      fc.record({ does: fc.constant('serve' as const), page }),
      fc.record({ does: fc.constant('answer' as const), page }),
      fc.record({
        does: fc.constant('feed' as const),
        page,
        batches: fc.integer({ min: 1, max: 3 }),
      }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const start = ids.map((id) => picture({ id }))
        const truth = new Map<string, AnyRecord>(start.map((record) => [record.id, record]))
        const log: Batch[] = []
        const pages = [0, 1, 2].map(() => ({
          ...open(start, 0),
          seen: 0,
          unserved: [] as Pending[],
          answers: [] as (() => void)[],
          /** Own patches of x that must show, by picture. */
          own: [] as Pending[],
        }))
        const push = (self: (typeof pages)[number], command: Command) => {
          const pending = self.push(command)
          self.unserved.push(pending)
          self.own.push(pending)
        }
        const serve = (self: (typeof pages)[number]) => {
          const pending = self.unserved.shift()
          if (!pending) return
          const who = { visitor: 'me', role: 'own', now: 7 } as const
          const changes = apply(truth, pending.command, who) as Change[]
          applyChanges(truth, changes)
          const seq = log.length + 1
          log.push({ from: at(seq - 1), to: at(seq), changes })
          self.answers.push(() => self.replica.acknowledge([pending], seq))
        }
        const feed = (self: (typeof pages)[number], count: number) => {
          const [first, ...rest] = log.slice(self.seen, self.seen + count)
          if (!first) return
          self.seen += rest.length + 1
          self.replica.apply(coalesce([first, ...rest]))
        }
        const check = (self: (typeof pages)[number]) => {
          self.own = self.own.filter(({ answered }) => answered === null || answered > self.seen)
          const latest = new Map<string, number>()
          for (const { command } of self.own)
            if (command.kind === 'image.patch') latest.set(command.id, command.set.x!)
          for (const [id, x] of latest) assert.equal(self.replica.pictures.get(id)!.x, x)
        }
        for (const each of steps) {
          const self = pages[each.page]!
          if (each.does === 'patch')
            push(self, { kind: 'image.patch', id: ids[each.id]!, set: { x: each.x } })
          else if (each.does === 'serve') serve(self)
          else if (each.does === 'answer') self.answers.shift()?.()
          else if (each.does === 'feed') feed(self, each.batches)
          else push(self, { kind: `image.${each.does}`, id: ids[each.id]! })
          check(self)
        }
        for (const self of pages) while (self.unserved.length > 0) serve(self)
        for (const self of pages) {
          for (const answer of self.answers) answer()
          feed(self, log.length)
          assert.deepEqual(self.replica.pictures, truth)
        }
      }),
    )
  })
})
