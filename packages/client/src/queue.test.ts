import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  type AnyRecord,
  apply,
  applyChanges,
  type Command,
  type CommandAnswer,
  type CommandMessage,
  cursor,
  limits,
  type Refusal,
  serverLimits,
  WireError,
} from '@wirephoto/board'
import { ServerClock } from './clock.ts'
import { until } from './events.ts'
import { newId } from './ids.ts'
import { memoryStore } from './memory-store.ts'
import { Queue } from './queue.ts'
import { Replica } from './replica.ts'
import type { Store } from './store.ts'
import type { Problem } from './types.ts'

/** A server in memory: numbers, refusals, and a connection that may break. */
class Peer {
  readonly records = new Map<string, AnyRecord>()
  readonly done: string[] = []
  readonly messages: CommandMessage[] = []
  readonly #clients = new Map<string, { n: number; seq: number }>()
  seq = 0
  /** The most pictures that it takes. */
  room = Number.POSITIVE_INFINITY
  /** Faults of the next messages. */
  readonly faults: (Problem | 'lose the question' | 'lose the answer')[] = []

  /** Forgets what it knows of clients from number `n` on, as a restart may. */
  forget(n: number): void {
    for (const state of this.#clients.values()) state.n = n - 1
  }

  async receive(message: CommandMessage): Promise<CommandAnswer | { error: Problem }> {
    this.messages.push(structuredClone(message))
    const fault = this.faults.shift()
    if (fault === 'lose the question') throw new Error(fault)
    if (typeof fault === 'object') return { error: fault }
    const { client, n, commands } = message
    const state = this.#clients.get(client) ?? { n: 0, seq: 0 }
    if (n > state.n + 1) return { error: new WireError('gap', { expected: state.n + 1 }).toJSON() }
    const refused: Refusal[] = []
    for (const [i, command] of commands.entries()) {
      if (n + i <= state.n) continue
      if (command.kind === 'image.add' && this.records.size >= this.room) {
        if (state.n < n) return { error: new WireError('too-many').toJSON() }
        break
      }
      const result = apply(this.records, command, { visitor: 'me', role: 'edit', now: 1 })
      if (result instanceof WireError) refused.push({ n: n + i, error: result.toJSON() })
      else applyChanges(this.records, result)
      this.done.push(JSON.stringify(command))
      state.n = n + i
      state.seq = ++this.seq
    }
    this.#clients.set(client, state)
    if (fault === 'lose the answer') throw new Error(fault)
    return { n: state.n, seq: state.seq, refused }
  }
}

/** A page: its queue, its records, and the refusals that it heard of. */
function open({ peer = new Peer(), store = memoryStore(), hasServerTime = true } = {}) {
  const refused: { commands: readonly Command[]; why: Problem }[] = []
  const replica = new Replica()
  replica.visitor = 'me'
  replica.load({ cursor: cursor('e', 0, 's'), records: [...peer.records.values()] })
  const clock = new ServerClock()
  if (hasServerTime) clock.set(Date.now())
  const queue = new Queue({
    board: 'main',
    store: Promise.resolve(store),
    replica,
    channel: { send: (message) => peer.receive(message) },
    clock,
  })
  queue.on('refused', (refusal) => refused.push(refusal))
  const settled = () => queue.whenIdle()
  return { peer, store, replica, queue, refused, settled }
}

const add = (id = newId(1)) =>
  ({ kind: 'image.add', id, x: 0, y: 0, width: 40, height: 30, name: 'a.jpg' }) as const
const move = (id: string, x: number): Command => ({ kind: 'image.patch', id, set: { x } })
const turn = () => new Promise(setImmediate)

/** Breaks the connection once the message under way has failed, and restores it. */
async function reconnect(queue: Queue): Promise<void> {
  await turn()
  queue.online = false
  queue.online = true
}

describe('queue', () => {
  test('Y57: pictures that come too fast wait as long as the server says; all else goes on', async () => {
    const { peer, queue, settled } = open()
    const slowed: string[] = []
    queue.on('slowed', ({ message }) => slowed.push(message))
    queue.online = true
    const [first, second] = [add(), add()]
    queue.push([first])
    await settled()
    const why = { code: 'too-fast', message: 'Yours go on in 1 second.', retryAfterS: 1 } as const
    peer.faults.push(why)
    queue.push([second])
    await until(queue, ['changed'], () => slowed.length > 0 || null)
    const slowedAt = performance.now()
    queue.push([move(first.id, 9), move(second.id, 9)])
    queue.push([{ kind: 'image.copy', id: newId(2), sourceId: first.id, x: 0, y: 0 }])
    // Files that arrive make no room in a minute.
    queue.resume()
    await until(queue, ['changed'], () => peer.done.length >= 2 || null)
    assert.deepEqual(peer.done.slice(1), [JSON.stringify(move(first.id, 9))])
    assert.equal(queue.isAdding(second.id), true)
    await settled()
    assert.ok(performance.now() - slowedAt >= 990)
    assert.deepEqual(slowed, [why.message])
    assert.equal(peer.records.has(second.id), true)
    assert.equal(peer.done.length, 5)
  })

  test('Q1: the commands of one turn go as one message, in order and numbered', async () => {
    const { peer, queue, settled } = open()
    queue.online = true
    const picture = add()
    queue.push([picture])
    queue.push([{ kind: 'image.remove', id: picture.id }])
    await settled()
    assert.equal(peer.messages.length, 1)
    assert.deepEqual(
      peer.messages[0]!.commands.map(({ kind }) => kind),
      ['image.add', 'image.remove'],
    )
    queue.push([{ kind: 'image.restore', id: picture.id }])
    await settled()
    assert.deepEqual(
      peer.messages.map(({ n }) => n),
      [1, 3],
    )
    assert.equal(new Set(peer.messages.map(({ client }) => client)).size, 1)
  })

  test('patches of the same picture become one while they wait, and others keep their order', async () => {
    const { peer, queue, replica, settled } = open()
    const [a, b] = [add(), add()]
    queue.push([a, b])
    queue.flush()
    for (let x = 1; x <= 50; x++) queue.push([move(a.id, x), move(b.id, -x)])
    queue.push([{ kind: 'image.patch', id: a.id, set: { caption: 'c' } }])
    assert.equal(replica.pictures.get(a.id)!.x, 50)
    assert.equal(queue.size, 4)
    queue.push([{ kind: 'image.remove', id: a.id }, move(a.id, 51)])
    assert.equal(queue.size, 6, 'a patch after a removal is one of its own')
    queue.online = true
    await settled()
    assert.deepEqual(peer.messages.flatMap(({ commands }) => commands).slice(2), [
      { kind: 'image.patch', id: a.id, set: { x: 50, caption: 'c' } },
      move(b.id, -50),
      { kind: 'image.remove', id: a.id },
      move(a.id, 51),
    ])
  })

  test('F3, Q2: a message is sent again until it is answered, and takes effect once', async () => {
    const { peer, queue, settled } = open()
    peer.faults.push('lose the question', 'lose the answer')
    queue.online = true
    const picture = add()
    queue.push([picture])
    await reconnect(queue)
    queue.push([move(picture.id, 5)])
    await reconnect(queue)
    await settled()
    assert.ok(peer.messages.length >= 3)
    assert.equal(peer.done.length, 2)
    assert.equal(new Set(peer.done).size, 2)
  })

  test('an answer settles its own commands and no more', async () => {
    const { peer, queue, replica, settled } = open()
    const [a, b] = [add(), add()]
    const first = Promise.withResolvers<void>()
    const second = Promise.withResolvers<void>()
    const receive = peer.receive.bind(peer)
    peer.receive = async (message) => {
      await (message.n === 1 ? first : second).promise
      return receive(message)
    }
    queue.online = true
    queue.push([a])
    await turn()
    queue.push([b])
    queue.flush()
    first.resolve()
    await turn()
    assert.equal(queue.size, 1)
    const [put] = peer.records.values()
    replica.apply({ from: cursor('e', 0, 's'), to: cursor('e', 1, 's'), changes: [{ put: put! }] })
    assert.equal(replica.pictures.has(b.id), true, 'not answered, so still our guess')
    second.resolve()
    await settled()
  })

  test('Q10: after a gap the unanswered commands go under a new id, once', async () => {
    const { peer, queue, settled } = open()
    queue.online = true
    const picture = add()
    queue.push([picture])
    await settled()
    queue.push([{ kind: 'image.restore', id: picture.id }])
    await settled()
    peer.forget(2)
    queue.push([move(picture.id, 5)])
    await settled()
    queue.push([move(picture.id, 6)])
    await settled()
    assert.equal(peer.done.filter((done) => done === JSON.stringify(move(picture.id, 5))).length, 1)
    const [, , third, moved, last] = peer.messages
    assert.equal(third!.n, 3)
    assert.notEqual(moved!.client, third!.client)
    assert.deepEqual([moved!.n, last!.n], [1, 1])
  })

  test('F3, Q6: two pages that adopt the same queue do it once', async () => {
    const store = memoryStore()
    const peer = new Peer()
    const gone = open({ peer, store })
    const picture = add()
    gone.queue.push([picture, { kind: 'image.remove', id: picture.id }])
    await gone.queue.close()
    const pages = [open({ peer, store }), open({ peer, store })]
    for (const { queue } of pages) queue.adopt(await store.commands('main'))
    for (const { queue, replica } of pages) {
      assert.equal(queue.size, 2)
      assert.notEqual(replica.pictures.get(picture.id)!.deletedAt, null, 'seen before it is sent')
    }
    for (const { queue } of pages) queue.online = true
    await Promise.all(pages.map(({ settled }) => settled()))
    assert.equal(peer.done.length, 2)
    assert.deepEqual(await store.commands('main'), [])
  })

  test('F3: of two pages that must reissue an adopted queue, one does', async () => {
    const store = memoryStore()
    const peer = new Peer()
    const first = open({ peer, store })
    const picture = add()
    first.queue.online = true
    first.queue.push([picture])
    await first.settled()
    first.queue.online = false
    first.queue.push([move(picture.id, 1), { kind: 'image.remove', id: picture.id }])
    await first.queue.close()
    peer.forget(1)
    const pages = [open({ peer, store }), open({ peer, store })]
    for (const { queue } of pages) queue.adopt(await store.commands('main'))
    for (const { queue } of pages) queue.online = true
    await Promise.all(pages.map(({ settled }) => settled()))
    assert.equal(peer.done.length, 3)
    assert.equal(new Set(peer.done).size, 3)
    assert.deepEqual(await store.commands('main'), [])
  })

  test('an adopted queue comes before new commands', async () => {
    const store = memoryStore()
    const peer = new Peer()
    const gone = open({ peer, store })
    const picture = add()
    gone.queue.push([picture, move(picture.id, 1)])
    await gone.queue.close()
    const page = open({ peer, store })
    page.queue.push([move(picture.id, 2)])
    page.queue.adopt(await store.commands('main'))
    page.queue.online = true
    await page.settled()
    assert.equal((peer.records.get(picture.id) as { x: number }).x, 2)
    assert.equal(page.replica.pictures.get(picture.id)!.x, 2)
  })

  test('a refusal is reported once for all its commands, and they are taken back', async () => {
    const { peer, queue, replica, refused, settled } = open()
    queue.online = true
    const missing = [newId(1), newId(2), newId(3)]
    const picture = add()
    queue.push([picture, ...missing.map((id) => move(id, 1)), move(picture.id, 9)])
    await settled()
    assert.equal(refused.length, 1)
    assert.equal(refused[0]!.why.code, 'unknown-picture')
    assert.equal(refused[0]!.commands.length, 3)
    assert.equal(replica.pictures.get(picture.id)!.x, 9)
    assert.equal((peer.records.get(picture.id) as { x: number }).x, 9)
  })

  test('Q5, Q11: a queue that is too old is dropped and reported; one made by a wrong clock is not', async () => {
    const stale = new WireError('stale-client').toJSON()
    for (const hasServerTime of [true, false]) {
      const { peer, queue, replica, refused, settled } = open({ hasServerTime })
      peer.faults.push(stale)
      queue.online = true
      const picture = add()
      queue.push([picture])
      await settled()
      assert.equal(refused.length, hasServerTime ? 1 : 0)
      assert.equal(replica.pictures.has(picture.id), !hasServerTime)
      assert.equal(peer.records.has(picture.id), !hasServerTime)
    }
  })

  test('Q11: a queue that an earlier page began by a clock that is ahead drops no command', async () => {
    const { store, peer, queue, refused, settled } = open()
    const client = newId(Date.now() + 3_600_000)
    const picture = add()
    await store.putCommands([{ board: 'main', client, n: 1, command: picture }])
    queue.adopt(await store.commands('main'))
    peer.faults.push(new WireError('stale-client').toJSON())
    queue.online = true
    await settled()
    assert.deepEqual(refused, [])
    assert.ok(peer.records.has(picture.id))
    assert.deepEqual(await store.commands('main'), [])
  })

  test('F3: a message that fails after the connection is back is sent again at once', async () => {
    const { peer, queue, settled } = open()
    const { promise, reject } = Promise.withResolvers<never>()
    const receive = peer.receive.bind(peer)
    peer.receive = (message) => {
      peer.receive = receive
      peer.messages.push(message)
      return promise
    }
    queue.online = true
    queue.push([add()])
    while (peer.messages.length === 0) await turn()
    queue.online = false
    queue.online = true
    reject(new Error('the old connection'))
    await settled()
    assert.equal(peer.done.length, 1)
    assert.equal(peer.messages.length, 2)
  })

  test('F7, W17: a server whose database is away is tried again, and says why meanwhile', async () => {
    const { peer, queue, refused, settled } = open()
    peer.faults.push(new WireError('away').toJSON())
    queue.online = true
    queue.push([add()])
    await until(queue, ['changed'], () => queue.trouble)
    assert.equal(queue.trouble?.code, 'away')
    assert.equal(queue.online, true)
    await settled()
    assert.equal(queue.trouble, null)
    assert.equal(peer.done.length, 1)
    assert.deepEqual(refused, [])
  })

  test('F7: a busy server is tried again', async () => {
    const { peer, queue, refused, settled } = open()
    peer.faults.push(new WireError('busy').toJSON())
    queue.online = true
    queue.push([add()])
    await settled()
    assert.equal(peer.done.length, 1)
    assert.equal(peer.messages.length, 2)
    assert.deepEqual(refused, [])
  })

  test('one command that is not understood holds no others up', async () => {
    const { peer, queue, refused, settled } = open()
    const [a, b] = [add(), add()]
    const poison = { kind: 'image.patch', id: 'poison', set: {} } as const
    const receive = peer.receive.bind(peer)
    peer.receive = async (message) =>
      message.commands.some((command) => 'id' in command && command.id === 'poison')
        ? { error: new WireError('bad-request').toJSON() }
        : receive(message)
    queue.online = true
    queue.push([a, poison, b, ...Array.from({ length: 20 }, () => add())])
    await settled()
    assert.deepEqual(
      refused.map(({ commands }) => commands),
      [[poison]],
    )
    assert.equal(peer.done.length, 22)
    assert.equal(new Set(peer.done).size, 22)
  })

  test('Q12: a message has at most as many commands as the server takes', async () => {
    const { peer, queue, settled } = open()
    queue.push(Array.from({ length: limits.commandsPerMessage * 2 + 1 }, () => add()))
    queue.online = true
    await settled()
    assert.deepEqual(
      peer.messages.map(({ n, commands }) => [n, commands.length]),
      [
        [1, limits.commandsPerMessage],
        [limits.commandsPerMessage + 1, limits.commandsPerMessage],
        [limits.commandsPerMessage * 2 + 1, 1],
      ],
    )
  })

  test('Q12: long captions go in several messages, none too long for the server', async () => {
    const { peer, queue, settled } = open()
    const caption = '\u0001'.repeat(limits.captionLength)
    queue.push(Array.from({ length: 60 }, () => ({ ...add(), caption })))
    queue.online = true
    await settled()
    assert.equal(peer.done.length, 60)
    assert.ok(peer.messages.length > 1)
    for (const message of peer.messages)
      assert.ok(JSON.stringify(message).length < serverLimits.socketFrameBytes)
  })

  test('a closed queue has given every command to the store, not only the last ones', async () => {
    const store = memoryStore()
    const gate = Promise.withResolvers<void>()
    let puts = 0
    const slow: Store = {
      ...store,
      async putCommands(commands) {
        if (puts++ === 0) await gate.promise
        await store.putCommands(commands)
      },
    }
    const { queue } = open({ store: slow })
    for (const command of [add(), add()]) {
      queue.push([command])
      queue.flush()
    }
    let isClosed = false
    const closed = queue.close().then(() => {
      isClosed = true
    })
    await turn()
    assert.equal(isClosed, false)
    gate.resolve()
    await closed
    assert.equal((await store.commands('main')).length, 2)
  })

  test('P20: many commands are saved after the page has drawn, or when it goes', async () => {
    const { queue, store } = open()
    const many = Array.from({ length: limits.commandsPerMessage }, () => add())
    queue.push(many)
    queue.flush()
    await turn()
    assert.equal((await store.commands('main')).length, 0)
    queue.saveNow()
    await turn()
    assert.equal((await store.commands('main')).length, many.length)
    await queue.close()
  })

  test('P20: a command that is answered before it was saved is never saved', async () => {
    const { queue, store, settled } = open()
    queue.online = true
    queue.push(Array.from({ length: limits.commandsPerMessage }, () => add()))
    await settled()
    await queue.close()
    assert.deepEqual(await store.commands('main'), [])
  })

  test('a store that fails costs nothing but the memory of it', async () => {
    const fail = () => Promise.reject(new Error('QuotaExceededError'))
    const store: Store = { ...memoryStore(), putCommands: fail, settle: fail, take: fail }
    const { peer, queue, settled } = open({ store })
    queue.push([add()])
    queue.flush()
    await turn()
    assert.ok(queue.hasUnkept, 'U28: the page knows that they would go with it')
    queue.online = true
    await settled()
    assert.ok(!queue.hasUnkept)
    peer.forget(1)
    queue.push([add()])
    await settled()
    assert.equal(peer.done.length, 2)
  })

  test('Y23: adds that the server has no room for wait with what follows them, and nothing else does', async () => {
    const peer = new Peer()
    peer.room = 2
    const { queue, refused, replica, settled } = open({ peer })
    queue.online = true
    const pictures = Array.from({ length: 5 }, () => add())
    const [first, , third, fourth] = pictures
    queue.push([...pictures, move(third!.id, 7), move(first!.id, 8)])
    await queue.whenSent()
    assert.equal(queue.isAnnouncing, false)
    assert.equal(queue.size, 4)
    assert.equal(peer.records.size, 2)
    assert.equal((peer.records.get(first!.id) as { x?: number }).x, 8)
    assert.equal(replica.pictures.get(third!.id)!.x, 7, 'its guess stays')

    queue.push([move(fourth!.id, 9), move(first!.id, 10)])
    const later = add()
    queue.push([later])
    await queue.whenSent()
    assert.equal((peer.records.get(first!.id) as { x?: number }).x, 10)
    assert.equal(queue.trouble, null)
    for (let room = 3; room <= 6; room++) {
      peer.room = room
      queue.resume()
      await until(queue, ['changed'], () => peer.records.size === room || null)
    }
    await settled()
    assert.deepEqual(refused, [])
    assert.equal((peer.records.get(third!.id) as { x?: number }).x, 7)
    assert.equal((peer.records.get(fourth!.id) as { x?: number }).x, 9)
    assert.deepEqual(
      new Set(peer.records.keys()),
      new Set([...pictures, later].map(({ id }) => id)),
    )
  })

  test('Y23: adds that wait are kept for later pages', async () => {
    const peer = new Peer()
    peer.room = 1
    const store = memoryStore()
    const page = open({ peer, store })
    page.queue.online = true
    const pictures = Array.from({ length: 3 }, () => add())
    page.queue.push(pictures)
    await page.queue.whenSent()
    await page.queue.close()
    peer.room = 3
    const next = open({ peer, store })
    next.queue.adopt(await store.commands('main'))
    next.queue.online = true
    await next.settled()
    assert.deepEqual(new Set(peer.records.keys()), new Set(pictures.map(({ id }) => id)))
  })
})
