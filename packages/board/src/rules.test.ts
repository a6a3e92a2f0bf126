import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { generateKeyBetween } from 'fractional-indexing'
import { applyChanges, type Change } from './changes.ts'
import type { Command, ImageAdd, ImageSettle } from './commands.ts'
import { Draft } from './draft.ts'
import { WireError } from './errors.ts'
import { FreeSpots } from './free-spots.ts'
import { uuidv7 } from './ids.ts'
import { limits } from './limits.ts'
import {
  type AnyRecord,
  type BoardRecord,
  emptyBoard,
  type ImageRecord,
  type Records,
} from './records.ts'
import type { Actor } from './rights.ts'
import { applyOnServer as apply } from './server-rules.ts'

const anna: Actor = { visitor: 'anna', role: 'own', now: 1_000 }
const owner: Actor = { visitor: 'olga', role: 'own', now: 5_000 }
const server: Actor = { visitor: 'server', role: 'server', now: 2_000 }
const uuid = (n: number) => uuidv7(n, new Uint8Array(10).fill(n))
const A = uuid(1)

const add = (fields: Partial<ImageAdd> = {}): ImageAdd => ({
  kind: 'image.add',
  id: A,
  x: 10,
  y: 20,
  width: 400,
  height: 300,
  name: 'a.jpg',
  ...fields,
})
const settle = (fields: Partial<ImageSettle> = {}): ImageSettle => ({
  kind: 'image.settle',
  id: A,
  blob: 'b'.repeat(64),
  type: 'image/png',
  bytes: 9,
  width: 40,
  height: 30,
  thumbhash: 'hash',
  animated: false,
  ...fields,
})

/** Returns records that know where there is room, as a board's do. */
const withFreeSpots = (records: Records): Records => ({
  size: records.size,
  get: (id) => records.get(id),
  values: () => records.values(),
  freeSpots: new FreeSpots(records.values()),
})

/** A board on which things are done. */
function open() {
  const records = new Map<string, AnyRecord>()
  const act = (command: Command, who = anna): Change[] | string => {
    const result = apply(withFreeSpots(records), command, who)
    if (result instanceof WireError) return result.code
    applyChanges(records, result)
    return result
  }
  const picture = (id = A) => records.get(id) as ImageRecord
  return { records, act, picture }
}

describe('rules', () => {
  test("R10, R17: an added picture is a whole record, arriving, on top, its author's", () => {
    const { act, picture } = open()
    act(add({ caption: 'c', thumbhash: 't' }))
    assert.deepEqual(picture(), {
      kind: 'image',
      id: A,
      x: 10,
      y: 20,
      w: 320,
      z: 'a0',
      caption: 'c',
      name: 'a.jpg',
      type: null,
      width: 400,
      height: 300,
      bytes: null,
      thumbhash: 't',
      blob: null,
      animated: false,
      variants: null,
      source: null,
      author: 'anna',
      by: '',
      createdAt: 1_000,
      original: null,
      storedAt: null,
      deletedAt: null,
      deletedBy: null,
      replacedAt: null,
      slot: null,
      purgeAt: null,
      purgeBy: null,
      link: null,
    })
  })

  test('R27, R28: a picture keeps the name that its author gave, and the author alone changes it', () => {
    const { act, picture } = open()
    const ben: Actor = { ...anna, visitor: 'ben', role: 'own' }
    act(add({ by: 'An\nna\u0007' }))
    assert.equal(picture().by, 'An na')
    act({ kind: 'image.patch', id: A, set: { by: 'Anne' } })
    assert.equal(picture().by, 'Anne')
    const forged: Command = { kind: 'image.patch', id: A, set: { by: 'Ben', x: 99 } }
    assert.equal(act(forged, ben), 'not-allowed')
    assert.deepEqual([picture().by, picture().x], ['Anne', 10])
    act(settle(), server)
    const copied = { kind: 'image.copy', sourceId: A, x: 0, y: 0 } as const
    act({ ...copied, id: uuid(2), by: 'Ben' }, ben)
    act({ ...copied, id: uuid(3) }, ben)
    assert.deepEqual([picture(uuid(2)).by, picture(uuid(3)).by], ['Ben', ''])
  })

  test('R2: an id is taken once, for ever', () => {
    const { act, records } = open()
    act(add())
    assert.equal(act(add()), 'conflict')
    act({ kind: 'image.remove', id: A })
    assert.equal(act(add()), 'conflict')
    assert.equal(records.size, 1)
  })

  test('R6: a picture without a place goes to the next free spot, and keeps the width that it has', () => {
    const { act, picture } = open()
    const placeless = { kind: 'image.add', width: 400, height: 300, name: 'a.jpg' } as const
    act({ ...placeless, id: A })
    act({ ...placeless, id: uuid(2) })
    act({ ...placeless, id: uuid(3), w: 77 })
    assert.deepEqual([picture().x, picture().y, picture().w], [-160, -120, 320])
    assert.deepEqual([picture(uuid(2)).x, picture(uuid(2)).y], [176, -120])
    assert.equal(picture(uuid(3)).w, 77)
  })

  test('R6: where nobody knows of room, a picture goes below all others', () => {
    const records = new Map<string, AnyRecord>()
    for (const n of [1, 2, 3]) {
      const placeless = { kind: 'image.add', id: uuid(n), width: 40, height: 30, name: '' } as const
      const changes = apply(records, placeless, anna)
      assert.ok(!(changes instanceof WireError))
      applyChanges(records, changes)
    }
    const ys = [...records.values()].map((record) => Math.round((record as ImageRecord).y))
    assert.deepEqual(ys, [0, 116, 232])
  })

  test('P37: a picture whose shape turns out to be another one stays within its box', () => {
    const { act, picture } = open()
    act(add({ width: 800, height: 600, w: 320 }))
    act(settle({ width: 300, height: 400 }), server)
    const { x, y, w } = picture()
    assert.deepEqual([x, y, w], [10, 20, 180])
    const { act: actThere, picture: there } = open()
    actThere(add({ width: 800, height: 600, w: 320 }))
    actThere(settle({ width: 4_000, height: 1_000 }), server)
    assert.equal(there().w, 320)
  })

  test('R6, R12: no place lies out of reach, however far out the others stand', () => {
    const { act, picture } = open()
    act(
      add({
        y: limits.maxCoordinate,
        w: limits.maxPictureWidth,
        width: 1,
        height: limits.maxSidePixels,
      }),
    )
    act({ kind: 'image.add', id: uuid(2), width: 400, height: 300, name: 'b.jpg' })
    assert.ok(Math.abs(picture(uuid(2)).y) <= limits.maxCoordinate)
    act(add({ id: uuid(3), x: -limits.maxCoordinate - 1 }), server)
    assert.equal(picture(uuid(3)).x, -limits.maxCoordinate)
  })

  test('R3, R13: a patch changes the fields it names and no others, trashed or not', () => {
    const { act, picture } = open()
    act(add())
    const before = picture()
    act({ kind: 'image.patch', id: A, set: { x: 1, caption: undefined } })
    assert.deepEqual(picture(), { ...before, x: 1 })
    act({ kind: 'image.remove', id: A })
    act({ kind: 'image.patch', id: A, set: { y: 2, w: 3, z: 'a5', caption: 'c' } })
    const patched = { ...before, x: 1, y: 2, w: 3, z: 'a5', caption: 'c' }
    assert.deepEqual(picture(), { ...patched, deletedAt: 1_000, deletedBy: 'anna' })
  })

  test('R4: trash and back leave a picture as it was; done twice, nothing happens', () => {
    const { act, picture } = open()
    act(add())
    const before = picture()
    act({ kind: 'image.remove', id: A })
    assert.equal(picture().deletedAt, 1_000)
    assert.deepEqual(act({ kind: 'image.remove', id: A }, { ...anna, now: 5_000 }), [])
    assert.equal(picture().deletedAt, 1_000)
    act({ kind: 'image.restore', id: A })
    assert.deepEqual(picture(), before)
    assert.deepEqual(act({ kind: 'image.restore', id: A }), [])
  })

  test('P60: a picture that is put back lies over one that came meanwhile, and else where it lay', () => {
    const { act, picture } = open()
    const [B, C, D] = [uuid(2), uuid(3), uuid(4)]
    act(add({ id: A, w: 100 }), { ...anna, now: 1 })
    act(add({ id: B, w: 100, x: 50 }), { ...anna, now: 2 })
    // Neither one that covered it before nor one beside it matters.
    act({ kind: 'image.remove', id: A }, { ...anna, now: 3 })
    act(add({ id: C, w: 100, x: 500 }), { ...anna, now: 4 })
    const { z } = picture()
    act({ kind: 'image.restore', id: A }, { ...anna, now: 5 })
    assert.equal(picture().z, z)
    act({ kind: 'image.remove', id: A }, { ...anna, now: 6 })
    act(add({ id: D, w: 100, x: 0 }), { ...anna, now: 7 })
    act({ kind: 'image.restore', id: A }, { ...anna, now: 8 })
    for (const id of [B, C, D]) assert.ok(picture().z > picture(id).z)
  })

  test('F1, R24: a picture is settled once, with what its bytes turned out to be', () => {
    const { act, picture } = open()
    act(add())
    const before = picture()
    act(settle(), server)
    const { kind: _, ...truth } = settle()
    assert.deepEqual(picture(), { ...before, ...truth, storedAt: 2_000 })
    assert.deepEqual(act(settle(), server), [], 'settled again after a crash')
    assert.equal(act(settle({ blob: 'c'.repeat(64) }), server), 'conflict')
    assert.equal(act({ kind: 'image.fail', id: A }, server), 'conflict', 'what is stored stays')
  })

  test('V3, V9: a stored picture has the variants that were made of its blob, trashed or not', () => {
    const { act, picture } = open()
    const vary = { kind: 'image.vary', id: A, blob: settle().blob, variants: [64, 320] } as const
    act(add())
    assert.equal(act(vary, server), 'conflict', 'still arriving')
    act(settle({ animated: true }), server)
    assert.deepEqual([picture().animated, picture().variants], [true, null])
    act({ kind: 'image.remove', id: A })
    const before = picture()
    act(vary, server)
    assert.deepEqual(picture(), { ...before, variants: [64, 320] })
    assert.deepEqual(act(vary, server), [], 'made by two servers')
    assert.equal(act({ ...vary, blob: 'c'.repeat(64) }, server), 'conflict', 'of other bytes')
    assert.equal(act(vary), 'not-allowed')
  })

  test('R10, R15: an arrival that failed, and an erased picture, leave a tombstone', () => {
    const { act, records } = open()
    act(add())
    assert.deepEqual(act({ kind: 'image.fail', id: A }, server), [{ gone: A }])
    act(add())
    assert.equal(act({ kind: 'image.erase', id: A }, server), 'conflict', 'not in the trash')
    act({ kind: 'image.remove', id: A })
    assert.equal(act({ kind: 'image.erase', id: A }), 'not-allowed')
    assert.deepEqual(act({ kind: 'image.erase', id: A }, server), [{ gone: A }])
    assert.equal(records.size, 0)
  })

  test('G23: a purge marks a picture in the trash once, with the time at which it is due', () => {
    const { act, picture } = open()
    act(add())
    assert.equal(act({ kind: 'image.purge', id: A }, owner), 'conflict', 'not in the trash')
    act({ kind: 'image.remove', id: A })
    act({ kind: 'image.purge', id: A }, owner)
    const { purgeAt, purgeBy } = picture()
    assert.deepEqual([purgeAt, purgeBy], [5_000 + limits.purgeGraceMs, 'olga'])
    const later = { ...owner, visitor: 'other', now: 9_000 }
    assert.deepEqual(act({ kind: 'image.purge', id: A }, later), [])
    act({ kind: 'image.patch', id: A, set: { x: 7 } })
    assert.deepEqual([picture().purgeAt, picture().x], [purgeAt, 7])
  })

  test('G24: a purge is called off by putting back, or the picture stays in the trash', () => {
    const { act, picture } = open()
    const mark = (now: number) => act({ kind: 'image.purge', id: A }, { ...owner, now })
    act(add())
    act({ kind: 'image.remove', id: A })
    assert.deepEqual(act({ kind: 'image.keep', id: A }, owner), [], 'not marked')
    mark(1)
    const first = picture().purgeAt!
    act({ kind: 'image.keep', id: A }, owner)
    assert.notEqual(picture().deletedAt, null)
    assert.deepEqual([picture().purgeAt, picture().purgeBy], [null, null])
    const due = { kind: 'image.erase', id: A, purgeAt: first } as const
    assert.equal(act(due, server), 'conflict', 'it was called off')
    mark(2)
    assert.equal(act(due, server), 'conflict', 'another mark')
    act({ kind: 'image.restore', id: A })
    const { deletedAt, purgeAt, purgeBy } = picture()
    assert.deepEqual([deletedAt, purgeAt, purgeBy], [null, null, null])
  })

  test('G24: a copy of a marked picture is not marked', () => {
    const { act, picture } = open()
    act(add())
    act(settle(), server)
    act({ kind: 'image.remove', id: A })
    act({ kind: 'image.purge', id: A }, owner)
    act({ kind: 'image.copy', id: uuid(2), sourceId: A, x: 0, y: 0 })
    assert.deepEqual([picture(uuid(2)).purgeAt, picture(uuid(2)).purgeBy], [null, null])
  })

  test('Y80: on a full board marked pictures make room, and so many of them', () => {
    const isTaken = (size: number, markedCount: number) => {
      const records = { size, markedCount, get: () => undefined, values: () => [] }
      return !(apply(records, add(), anna) instanceof WireError)
    }
    const { recordsPerBoard: full, markedBeyondFullCount: most } = limits
    assert.deepEqual([isTaken(full, 0), isTaken(full, 1)], [false, true])
    assert.deepEqual([isTaken(full + most - 1, full), isTaken(full + most, full)], [true, false])
  })

  test("what is about no picture is refused, be the id unknown or the settings' own", () => {
    const { act, records } = open()
    act({ kind: 'board.patch', set: { title: 'T' } })
    for (const id of [A, 'board', '__proto__', ''])
      for (const command of [
        { kind: 'image.patch', id, set: { x: 1 } },
        { kind: 'image.remove', id },
        { kind: 'image.restore', id },
        settle({ id }),
        { kind: 'image.vary', id, blob: settle().blob, variants: [] },
        { kind: 'image.fail', id },
        { kind: 'image.purge', id },
        { kind: 'image.keep', id },
        { kind: 'image.erase', id },
      ] as const)
        assert.equal(act(command, server), 'unknown-picture', `${command.kind} ${id}`)
    assert.equal(records.size, 1)
  })

  test('a title is kept until another is given', () => {
    const { act, records } = open()
    act({ kind: 'board.patch', set: { title: 'T' } })
    act({ kind: 'board.patch', set: {} })
    act({ kind: 'board.patch', set: { trashDays: 7 } })
    assert.deepEqual(records.get('board'), { ...emptyBoard, title: 'T', trashDays: 7 })
  })

  test('Y20: a title is kept as one line without control characters', () => {
    const { act, records } = open()
    act({ kind: 'board.patch', set: { title: 'Par\0ty\u001b of\nmay' } })
    assert.equal((records.get('board') as BoardRecord).title, 'Party of may')
  })

  test('F9: captions and titles are kept without controls of direction', () => {
    const { act, picture, records } = open()
    act(add({ caption: 'a\u202eb' }))
    assert.equal(picture().caption, 'ab')
    act({ kind: 'image.patch', id: A, set: { caption: 'c\u2067d' } })
    act({ kind: 'board.patch', set: { title: 'e\u202df' } })
    assert.deepEqual([picture().caption, (records.get('board') as BoardRecord).title], ['cd', 'ef'])
  })

  test('R9, R17: a copy is another picture with the same file, on top', () => {
    const { act, records, picture } = open()
    act(add())
    const original = picture()
    const copy = { kind: 'image.copy', id: uuid(2), sourceId: original.id, x: 7, y: 8 } as const
    assert.equal(act(copy), 'not-found', 'nobody would send its file')
    records.set(original.id, { ...original, blob: 'b'.repeat(64), caption: 'Harbour' })
    assert.equal(act({ ...copy, sourceId: uuid(9) }), 'unknown-picture')
    act(copy)
    const made = picture(uuid(2))
    assert.deepEqual([made.blob, made.caption, made.x, made.y], ['b'.repeat(64), 'Harbour', 7, 8])
    assert.ok(made.z > original.z)
    assert.equal(act(copy), 'conflict')
  })

  test('B148: a copy brings back no deleted picture that one may not put back', () => {
    const { act, picture } = open()
    act(add())
    act(settle(), server)
    act({ kind: 'image.remove', id: A })
    const copy = { kind: 'image.copy', sourceId: A, x: 7, y: 8 } as const
    const guest: Actor = { ...anna, visitor: 'gwen', role: 'add' }
    assert.equal(act({ ...copy, id: uuid(2) }, guest), 'not-allowed')
    assert.equal(picture(uuid(2)), undefined)
    act({ ...copy, id: uuid(3) }, { ...guest, role: 'edit' })
    act({ ...copy, id: uuid(4) }, { ...anna, role: 'add' })
    assert.deepEqual([picture(uuid(3)).deletedAt, picture(uuid(4)).deletedAt], [null, null])
  })

  test('R8: a full board takes no more', () => {
    const { act, records, picture } = open()
    act(add())
    for (let n = records.size; n < limits.recordsPerBoard; n++)
      records.set(`${n}`, { ...picture(), id: `${n}` })
    assert.equal(act(add({ id: uuid(2) })), 'board-full')
    records.delete('9')
    assert.notEqual(act(add({ id: uuid(2) })), 'board-full')
  })

  test('R17: a new picture is topmost, whatever was put in front before', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(5), { maxLength: 40 }), (moves) => {
        const { act, picture, records } = open()
        moves.forEach((from, n) => {
          act(add({ id: uuid(n) }))
          const tops = [...records.values()].map((record) => (record as ImageRecord).z)
          assert.ok(tops.every((z) => z <= picture(uuid(n)).z))
          const z = generateKeyBetween(tops.sort().at(-1)!, null)
          act({ kind: 'image.patch', id: uuid(Math.min(from, n)), set: { z } })
        })
      }),
    )
  })
})

const id = fc.constantFrom(...[1, 2, 3].map(uuid))
const place = fc.integer({ min: -1_000, max: 1_000 })
const anyCommand: fc.Arbitrary<Command> = fc.oneof(
  fc.record({
    kind: fc.constant('image.add' as const),
    id,
    width: fc.integer({ min: 1, max: 50 }),
    height: fc.integer({ min: 1, max: 50 }),
    name: fc.constant('a.jpg'),
    x: fc.option(place, { nil: undefined }),
    y: fc.option(place, { nil: undefined }),
  }),
  fc.record({
    kind: fc.constant('image.patch' as const),
    id,
    set: fc.record({ x: place, y: place, caption: fc.string() }, { requiredKeys: [] }),
  }),
  fc.record({ kind: fc.constant('image.remove' as const), id }),
  fc.record({ kind: fc.constant('image.restore' as const), id }),
  fc.record({ kind: fc.constant('board.patch' as const), set: fc.record({ title: fc.string() }) }),
  id.map((each) => settle({ id: each })),
  fc.record({
    kind: fc.constantFrom(
      'image.fail' as const,
      'image.purge' as const,
      'image.keep' as const,
      'image.erase' as const,
    ),
    id,
  }),
)

describe('F4: rules, whatever is asked for', () => {
  const commands = fc.array(anyCommand, { maxLength: 30 })

  test('a draft shows what the board would be', () => {
    fc.assert(
      fc.property(commands, commands, (before, after) => {
        const { act, records } = open()
        for (const command of before) act(command, server)
        const base = new Map(records)
        const draft = new Draft(base)
        for (const command of after) {
          const drafted = apply(withFreeSpots(draft), command, server)
          if (!(drafted instanceof WireError)) draft.add(drafted)
          const done = act(command, server)
          assert.deepEqual(drafted instanceof WireError ? drafted.code : drafted, done)
          const sorted = (all: Iterable<AnyRecord>) =>
            [...all].sort((a, b) => (a.id < b.id ? -1 : 1))
          assert.deepEqual(sorted(draft.values()), sorted(records.values()))
          assert.deepEqual(draft.get(uuid(1)), records.get(uuid(1)))
          assert.equal(draft.size, records.size)
        }
        applyChanges(base, draft.changes)
        assert.deepEqual(base, records)
      }),
    )
  })

  test('R18: what is deleted stays deleted until it is restored', () => {
    fc.assert(
      fc.property(commands, commands, (before, after) => {
        const { act, picture } = open()
        for (const command of before) act(command, server)
        if (act({ kind: 'image.remove', id: A }, server) === 'unknown-picture') return
        for (const command of after) {
          if (command.kind === 'image.restore' || command.kind === 'image.add') continue
          act(command, server)
          assert.notEqual(picture()?.deletedAt, null)
        }
      }),
    )
  })

  test('R3: patches of different fields hold in whatever order they come', () => {
    const set = fc.record({ x: place, y: place, w: fc.nat(99), caption: fc.string() })
    fc.assert(
      fc.property(set, fc.shuffledSubarray(['x', 'y', 'w', 'caption'] as const), (all, order) => {
        const { act, picture } = open()
        act(add())
        for (const field of order) act({ kind: 'image.patch', id: A, set: { [field]: all[field] } })
        for (const field of order) assert.equal(picture()[field], all[field])
      }),
    )
  })

  test('records are replaced, never changed: what somebody holds stays as it was', () => {
    fc.assert(
      fc.property(commands, (all) => {
        const { act, records } = open()
        for (const command of all) {
          const held = [...records.values()]
          const copies = structuredClone(held)
          act(command, server)
          assert.deepEqual(held, copies)
        }
      }),
    )
  })
})

describe('pictures of guests', () => {
  const guest: Actor = { visitor: 'gus', role: 'add', now: 1_000 }
  const editor: Actor = { visitor: 'eva', role: 'edit', now: 1_000 }
  const set = (adding: BoardRecord['adding']) => ({ kind: 'board.patch', set: { adding } }) as const
  const copy = { kind: 'image.copy', id: uuid(2), sourceId: A, x: 0, y: 0 } as const

  test('B100, B101: a paused board takes no pictures of guests, and those of editors', () => {
    const { act } = open()
    act(add(), guest)
    act(settle(), server)
    assert.equal(act(set('paused'), editor), 'not-allowed')
    act(set('paused'), owner)
    assert.equal(act(add({ id: uuid(3) }), guest), 'adding-paused')
    assert.equal(act(copy, guest), 'adding-paused')
    assert.ok(Array.isArray(act({ kind: 'image.patch', id: A, set: { x: 1 } }, guest)))
    for (const who of [editor, owner, server]) {
      const id = uuid(who.visitor.charCodeAt(0))
      assert.ok(Array.isArray(act(add({ id }), who)), who.visitor)
    }
  })

  test('B102: a held board itself takes no picture of a guest', () => {
    const { act } = open()
    act(add(), guest)
    act(settle(), server)
    act(set('held'), owner)
    assert.equal(act(add({ id: uuid(3) }), guest), 'too-many', 'it is sent again')
    assert.equal(act(copy, guest), 'not-allowed')
  })

  test('B107, B108: a picture is let in once, on top, where nothing stands', () => {
    const beside = open()
    beside.act(add({ caption: 'c', by: 'Gus' }), guest)
    beside.act(settle(), server)
    const image = beside.picture()
    const { act, picture } = open()
    act(add({ id: uuid(2), x: 10, y: 20 }), owner)
    const admit = { kind: 'image.admit', id: A, image } as const
    for (const who of [guest, owner]) assert.equal(act(admit, who), 'not-allowed')
    act(admit, { ...server, now: 9_000 })
    const { x: _x, y, w: _w, z, storedAt, ...kept } = picture()
    assert.deepEqual({ ...image, ...kept }, image)
    const standing = picture(uuid(2))
    assert.deepEqual([y > standing.y, z > standing.z, storedAt], [true, true, 9_000])
    assert.deepEqual(act(admit, server), [])
    assert.deepEqual(beside.act({ kind: 'image.release', id: A }, server), [{ gone: A }])
    assert.equal(beside.act({ kind: 'image.release', id: A }, server), 'unknown-picture')
  })
})
