import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import type { Presence as State } from '@wirephoto/board'
import { Emitter } from './events.ts'
import { Presence } from './presence.ts'
import type { BoardEvents } from './types.ts'

/** Presence on a clock that is moved by hand. */
function open(t: TestContext) {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'], now: 1_000_000 })
  const shown: (State & { at: number; isTransient: boolean })[] = []
  const changed: string[][] = []
  const events = new Emitter<BoardEvents>()
  const channel = {
    sendPresence: (state: State, isTransient: boolean) =>
      shown.push({ ...state, at: Date.now() - 1_000_000, isTransient }),
  }
  const presence = new Presence(channel, events)
  events.on('drags', (ids) => changed.push([...ids]))
  return { presence, shown, changed, pass: (ms: number) => t.mock.timers.tick(ms) }
}

const at = (x: number) => ({ x, y: 0 })
const idle = { name: '', cursor: null, selection: [], drag: null }
const seen = { ...idle, colour: 3 }
const dragging = (drag: State['drag']) => ({ them: { visitor: 'them', ...seen, drag } })

describe('presence', () => {
  test('F12: an own drag is shown 30 times a second at the most, and where it ends', (t) => {
    const { presence, shown, pass } = open(t)
    for (let x = 0; x <= 200; x++) {
      presence.drag({ a: at(x) })
      pass(5)
    }
    assert.ok(shown.length > 25 && shown.length <= 32, `${shown.length} in a second`)
    pass(40)
    assert.deepEqual(shown.at(-1)!.drag, { a: at(200) })
    presence.drag({ a: at(201) })
    presence.drag(null)
    assert.equal(shown.at(-1)!.drag, null, 'its end at once')
    const { length } = shown
    pass(5_000)
    assert.equal(shown.length, length, 'and nothing after it')
    presence.drag(null)
    assert.equal(shown.length, length, 'no end without a beginning')
  })

  test('F12: holding still is shown again, so that a lost message costs little', (t) => {
    const { presence, shown, pass } = open(t)
    presence.drag({ a: at(1) })
    for (let ms = 0; ms < 4_000; ms += 100) pass(100)
    assert.ok(shown.length >= 5, `${shown.length} times in four seconds`)
    presence.close()
  })

  test('W14, F12: a pointer that has come to rest is shown once more, reliably', (t) => {
    const { presence, shown, pass } = open(t)
    for (let x = 0; x <= 10; x++) {
      presence.point(at(x))
      pass(5)
    }
    pass(60)
    assert.ok(shown.every(({ isTransient }) => isTransient))
    const { length } = shown
    pass(5_000)
    assert.equal(shown.length, length + 1)
    assert.deepEqual(shown.at(-1)!.cursor, at(10))
    assert.equal(shown.at(-1)!.isTransient, false)
    presence.close()
  })

  test('W12: the roster of a new connection leaves no ghosts', (t) => {
    const { presence } = open(t)
    presence.receive({ ...dragging(null), other: { visitor: 'other', ...seen } }, 'us')
    presence.receive(dragging(null), 'us', true)
    assert.deepEqual([...presence.people.keys()], ['them'])
  })

  test("another's drag is seen until its picture stands elsewhere", (t) => {
    const { presence, changed, pass } = open(t)
    presence.receive(dragging({ a: at(1), b: at(2) }), 'us')
    presence.receive(dragging({ a: at(3), b: at(4) }), 'us')
    assert.deepEqual([presence.drags.get('a')!.x, presence.drags.get('b')!.x], [3, 4])
    presence.moved(['a', 'c'])
    assert.equal(presence.drags.has('a'), false)
    assert.equal(presence.drags.has('b'), true)
    assert.deepEqual(changed, [['a', 'b'], ['a', 'b'], ['a']])
    pass(10_000)
  })

  test("another's drag that ends waits a moment for the change that it leads to", (t) => {
    const { presence, pass } = open(t)
    for (const end of [dragging(null), { them: null }]) {
      presence.receive(dragging({ a: at(1) }), 'us')
      presence.receive(end, 'us')
      pass(300)
      assert.equal(presence.drags.has('a'), true)
      pass(300)
      assert.equal(presence.drags.has('a'), false)
    }
  })

  test("another's drag ends when nothing more is heard of it, and all do when the connection is gone", (t) => {
    const { presence, changed, pass } = open(t)
    presence.receive(dragging({ a: at(1) }), 'us')
    pass(1_500)
    presence.receive(dragging({ a: at(1) }), 'us')
    pass(1_500)
    assert.equal(presence.drags.has('a'), true)
    pass(1_000)
    assert.equal(presence.drags.has('a'), false)
    presence.receive(dragging({ a: at(1) }), 'us')
    presence.clear()
    assert.equal(presence.drags.size, 0)
    assert.deepEqual(changed.at(-1), ['a'])
  })

  test('P16: without a connection there is nobody else, by name or by number', (t) => {
    const { presence } = open(t)
    presence.count(3)
    presence.receive({ them: { visitor: 'them', ...seen } }, 'us')
    presence.clear()
    assert.equal(presence.people.size, 0)
    assert.equal(presence.visitorCount, 1)
  })

  test("one's own drag is no other's", (t) => {
    const { presence, changed } = open(t)
    presence.receive({ us: { visitor: 'us', ...seen, drag: { a: at(1) } } }, 'us')
    assert.equal(presence.drags.size, 0)
    assert.deepEqual(changed, [])
  })
})
