import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { FEED_EXITS, FEED_STATES } from './feed-states.ts'
import { QUEUE_EXITS, QUEUE_STATES } from './queue.ts'
import { StateMachine, type StateTable } from './state-machine.ts'
import { UPLOAD_EXITS, UPLOAD_STATES } from './upload-job.ts'

/** Returns the states that can be reached from one, itself included. */
function reachable<State extends string>(
  table: StateTable<State, readonly string[]>,
  start: State,
): Set<State> {
  const found = new Set([start])
  for (const state of found) for (const next of table[state]) if (next) found.add(next)
  return found
}

describe('state tables', () => {
  const tables = {
    feed: [FEED_STATES, 'opening', 'closed'],
    queue: [QUEUE_STATES, 'offline', 'closed'],
    upload: [UPLOAD_STATES, 'waiting', 'dropped'],
  } as const
  for (const [name, [table, start, end]] of Object.entries(tables))
    test(`${name}: every state can be reached, and ends`, () => {
      const states = Object.keys(table)
      assert.deepEqual([...reachable<string>(table, start)].sort(), states.toSorted())
      for (const state of states) assert.ok(reachable<string>(table, state).has(end), state)
      assert.deepEqual([...reachable<string>(table, end)], [end], 'nothing comes after it')
    })

  test('an exit that a state does not have changes nothing', () => {
    const feed = new StateMachine(FEED_EXITS, FEED_STATES, 'opening')
    assert.equal(feed.take('followed'), false)
    assert.equal(feed.current, 'opening')
    for (const [exit, state] of [
      ['connected', 'resuming'],
      ['followed', 'live'],
      ['behind', 'resuming'],
      ['lost', 'waiting'],
      ['woken', 'opening'],
      ['refused', 'refused'],
      ['closed', 'closed'],
    ] as const) {
      assert.equal(feed.take(exit), true, exit)
      assert.equal(feed.current, state)
    }
  })

  test('a message under way outlives its connection until it is settled', () => {
    const queue = new StateMachine(QUEUE_EXITS, QUEUE_STATES, 'offline')
    const way = (['online', 'send', 'offline', 'settled'] as const).map((exit) => {
      queue.take(exit)
      return queue.current
    })
    assert.deepEqual(way, ['idle', 'sending', 'stranded', 'offline'])
  })

  test('a failed upload goes on only when it is tried again', () => {
    const upload = new StateMachine(UPLOAD_EXITS, UPLOAD_STATES, 'waiting')
    upload.take('started')
    upload.take('refused')
    for (const exit of ['started', 'requeued', 'paused', 'finished'] as const)
      assert.equal(upload.take(exit), false, exit)
    upload.take('retried')
    assert.equal(upload.current, 'waiting')
  })
})
