import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { LoopTurns } from './loop-turns.ts'
import { OWN_PARTY, type Party } from './party.ts'
import { RecentUse } from './recent-use.ts'

const party = (address: string): Party => ({ address, board: 'main', visitor: address })
const abuser = party('192.0.2.1')
const honest = party('192.0.2.2')

/** Turns in which the abuser has used much, and what has begun and ended in them. */
function open() {
  const use = new RecentUse()
  use.add(abuser.address, 1)
  const turns = new LoopTurns(use)
  const begun: string[] = []
  const ends: (() => void)[] = []
  const began = new EventTarget()
  const take = (of: Party, name: string) =>
    turns.take(
      of,
      1,
      (work) => {
        begun.push(name)
        ends.push(() => work[Symbol.dispose]())
        began.dispatchEvent(new Event(name))
      },
      () => begun.push(`${name} gives way`),
    )
  return { use, begun, ends, began, take }
}

test('N9: an address over its share begins one after the other, and others at once', async () => {
  const { use, begun, ends, began, take } = open()
  use.add(honest.address, 0)
  for (const name of ['a', 'b', 'c']) take(abuser, name)
  take(honest, 'honest')
  assert.deepEqual(begun, ['honest'])
  ends[0]!()
  for (const name of ['a', 'b', 'c']) {
    await once(began as never, name)
    assert.equal(begun.at(-1), name, 'no two begin in one turn of the loop')
  }
})

test('N9: an address over its share waits while others have work under way, and yet gets on', async () => {
  const { use, begun, ends, began, take } = open()
  use.add(honest.address, 0)
  take(honest, 'honest')
  take(abuser, 'a')
  take(abuser, 'b')
  await once(began as never, 'a')
  await once(began as never, 'b')
  assert.deepEqual(begun, ['honest', 'a', 'b'])
  ends[0]!()
})

test('N10: nobody waits beside nobody, however much an address uses', () => {
  const { use, begun, take } = open()
  // The server itself is nobody.
  use.add(OWN_PARTY.address, 0)
  const names = Array.from({ length: 100 }, (_, i) => `${i}`)
  for (const name of names) take(abuser, name)
  assert.deepEqual(begun, names)
})

test('N10: what an address does keeps its order, also when it is no longer over its share', async () => {
  const { use, begun, began, take } = open()
  use.add(honest.address, 0)
  take(abuser, 'first')
  use.add(honest.address, 10)
  take(abuser, 'second')
  assert.deepEqual(begun, [])
  await once(began as never, 'second')
  assert.deepEqual(begun, ['first', 'second'])
})

test('N9: the thread’s time is charged to those whose work it was', async () => {
  const use = new RecentUse()
  const turns = new LoopTurns(use)
  use.add(honest.address, 0)
  const share = { littleSeconds: 0.01, presenceMs: 60_000 }
  const begin = (work: Disposable) => {
    const until = performance.now() + 200
    while (performance.now() < until);
    work[Symbol.dispose]()
  }
  // The loop measures nothing in its first turn.
  await setTimeout(1)
  turns.take(abuser, 1, begin, () => {})
  for (let i = 0; i < 400 && !use.isOverShare(abuser.address, share); i++) await setTimeout(5)
  assert.ok(use.isOverShare(abuser.address, share))
  assert.ok(!use.isOverShare(honest.address, share))
})

test('N9: bytes that an address sends are its work, and not that of others', async () => {
  const use = new RecentUse()
  const turns = new LoopTurns(use)
  const share = { littleSeconds: 0.01, presenceMs: 60_000 }
  let bytes = 0
  const unwatch = turns.watchBody(abuser, () => bytes)
  await setTimeout(1)
  turns.note(abuser.address, 0.1)
  turns.note(honest.address, 0.1)
  bytes = 10_000_000
  const until = performance.now() + 200
  while (performance.now() < until);
  for (let i = 0; i < 400 && !use.isOverShare(abuser.address, share); i++) await setTimeout(5)
  unwatch()
  assert.ok(use.isOverShare(abuser.address, share))
  assert.ok(!use.isOverShare(honest.address, share))
})
