import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { FairQueue } from './fair-queue.ts'
import { FairSlots } from './fair-slots.ts'
import type { Party } from './party.ts'

const party = (address: string, board = 'main', visitor = address): Party => ({
  address,
  board,
  visitor,
})
const abuser = party('192.0.2.1')
const honest = party('192.0.2.2')

/** Takes every turn in order, each at its item's cost. */
function drain(queue: FairQueue<{ party: Party; cost: number }>): Party[] {
  const order: Party[] = []
  for (let turn = queue.shift(); turn; turn = queue.shift()) {
    order.push(turn.item.party)
    turn.end(turn.item.cost)
  }
  return order
}

test('N1: an item waits for one turn of another address, however many that one has', () => {
  const queue = new FairQueue<{ party: Party; cost: number }>({ maxCount: 500 })
  for (let i = 0; i < 400; i++) queue.push(abuser, { party: abuser, cost: 1 })
  queue.shift()
  queue.push(honest, { party: honest, cost: 1 })
  assert.equal(queue.shift()!.party, honest)
})

test('N1: boards of one address and visitors of one board take turns too', () => {
  const queue = new FairQueue<string>({ maxCount: 500 })
  for (let i = 0; i < 100; i++) {
    queue.push(party('a', 'crowded', `crowd-${i % 10}`), 'crowd')
    queue.push(party('a', 'shared', 'greedy'), 'greedy')
  }
  queue.push(party('a', 'shared', 'modest'), 'modest')
  queue.push(party('a', 'own', 'alone'), 'alone')
  const first = Array.from({ length: 6 }, () => queue.shift()!.item)
  assert.ok(first.includes('alone'), String(first))
  assert.ok(first.includes('modest'), String(first))
})

test('N2: addresses that always wait get the same cost, whatever their turns cost', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 2, maxLength: 6 }),
      fc.integer({ min: 1, max: 10 }),
      (costs, estimate) => {
        const queue = new FairQueue<number>({ maxCount: 1_000, estimate })
        const used = costs.map(() => 0)
        const push = (i: number) => queue.push(party(`address-${i}`), i)
        for (const i of costs.keys()) push(i)
        for (let turns = 0; turns < 400; turns++) {
          const turn = queue.shift()!
          push(turn.item)
          turn.end(costs[turn.item]!)
          used[turn.item]! += costs[turn.item]!
        }
        const difference = Math.max(...used) - Math.min(...used)
        assert.ok(difference <= 2 * (Math.max(...costs) + estimate), String(used))
      },
    ),
  )
})

test('N2: nobody starves and nothing is lost, whatever comes, gives way and costs', () => {
  const one = fc.record({
    address: fc.constantFrom('a', 'b', 'c'),
    board: fc.constantFrom('main', 'other'),
    visitor: fc.constantFrom('x', 'y'),
    cost: fc.integer({ min: 0, max: 20 }),
    isTurn: fc.boolean(),
  })
  fc.assert(
    fc.property(fc.array(one, { maxLength: 200 }), (steps) => {
      const queue = new FairQueue<{ party: Party; cost: number; n: number }>({ maxCount: 20 })
      let [pushed, ended, displaced] = [0, 0, 0]
      const lastOf = new Map<string, number>()
      const take = () => {
        const turn = queue.shift()
        if (!turn) return
        turn.end(turn.item.cost)
        const key = JSON.stringify(turn.party)
        assert.ok((lastOf.get(key) ?? -1) < turn.item.n, 'one visitor keeps its order')
        lastOf.set(key, turn.item.n)
        ended++
      }
      for (const [n, { cost, isTurn, ...of }] of steps.entries()) {
        pushed++
        if (queue.push(of, { party: of, cost, n })) displaced++
        assert.ok(queue.size <= 20)
        if (isTurn) take()
      }
      while (queue.size > 0) take()
      assert.equal(ended + displaced, pushed)
    }),
  )
})

test('N3: in a full queue the newest of the greediest party gives way', () => {
  const queue = new FairQueue<string>({ maxCount: 4 })
  for (const name of ['1', '2', '3']) assert.equal(queue.push(abuser, name), undefined)
  queue.push(honest, 'first')
  assert.equal(queue.push(honest, 'second'), '3')
  assert.equal(queue.push(abuser, '4'), '4')
  // Nothing is gained by taking from one who would hold no more than the newcomer.
  assert.equal(queue.push(honest, 'third'), 'third')
  assert.equal(queue.push(party('192.0.2.3'), 'newcomer'), '2')
})

test('N3: where everybody holds one, a newcomer is turned away', () => {
  const queue = new FairQueue<string>({ maxCount: 3 })
  const slots = new FairSlots(3)
  for (const name of ['a', 'b', 'c']) {
    assert.equal(queue.push(party(name), name), undefined)
    slots.take(party(name), () => assert.fail('gave way'))
  }
  assert.equal(queue.push(party('d'), 'd'), 'd')
  assert.equal(queue.push(party('a', 'other', 'new'), 'e'), 'e')
  assert.throws(() => slots.take(party('d'), () => {}), { code: 'busy' })
  assert.equal(queue.size, 3)
})

test('N3: who gives way is found without a look at every item', () => {
  let looks = 0
  const looked = (who: Party): Party => ({
    ...who,
    get visitor() {
      looks++
      return who.visitor
    },
  })
  const queue = new FairQueue<number>({ maxCount: 2_000 })
  for (let i = 0; i < 2_000; i++) queue.push(looked(abuser), i)
  looks = 0
  for (let i = 0; i < 100; i++) assert.equal(queue.push(looked(abuser), i), i)
  assert.ok(looks < 1_000, `${looks} looks`)
})

test('N2: a costly turn is followed by a wait, and forgotten when nothing is left to do', () => {
  const queue = new FairQueue<{ party: Party; cost: number }>({ maxCount: 50 })
  for (let i = 0; i < 3; i++) queue.push(abuser, { party: abuser, cost: 10 })
  for (let i = 0; i < 12; i++) queue.push(honest, { party: honest, cost: 1 })
  const order = drain(queue)
  assert.equal(order.indexOf(abuser), 0)
  assert.equal(order.indexOf(abuser, 1), 11)
  queue.push(abuser, { party: abuser, cost: 1 })
  queue.push(honest, { party: honest, cost: 1 })
  assert.equal(queue.shift()!.party, abuser)
})

test('N3: of the greediest party the slot without progress for longest gives way', () => {
  const slots = new FairSlots(3)
  const gone: string[] = []
  const take = (who: Party, name: string) => slots.take(who, () => gone.push(name))
  const first = take(abuser, 'first')
  take(abuser, 'stalled')
  const third = take(abuser, 'third')
  first.progress()
  third.progress()
  take(honest, 'honest')
  assert.deepEqual(gone, ['stalled'])
  assert.throws(() => take(abuser, 'fourth'), { code: 'busy' })
  third[Symbol.dispose]()
  assert.equal(slots.count, 2)
  take(abuser, 'fifth')
  assert.deepEqual(gone, ['stalled'])
})
