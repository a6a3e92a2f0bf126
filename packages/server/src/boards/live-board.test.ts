import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setImmediate, setTimeout } from 'node:timers/promises'
import {
  type AnyRecord,
  applyChanges,
  type Batch,
  type Command,
  type Cursor,
  cursor,
  parseCursor,
  seqOf,
  serverLimits,
  uuidv7,
  WireError,
} from '@wirephoto/board'
import { type Engine, openEngine } from '@wirephoto/engine'
import { boundsWith } from '../bounds.ts'
import { TrustedClock } from '../trusted-clock.ts'
import { LiveBoard } from './live-board.ts'
import type { Sender } from './sender.ts'

const anna: Sender = { visitor: 'anna', role: 'edit' }
const owner: Sender = { visitor: 'anna', role: 'own' }
/** The time by which a server's calls come late to the log. */
const LATE_MS = 10
const uuid = (now = Date.now()) => uuidv7(now, randomBytes(10))
const add = (id = uuid()): Command & { id: string } => ({
  kind: 'image.add',
  id,
  width: 400,
  height: 300,
  name: 'a.jpg',
})

describe('live board', () => {
  let folder: string
  let engine: Engine
  /** Opens a new board, on which one visitor may announce many pictures. */
  const open = async (): Promise<LiveBoard> => {
    const id = uuid()
    await engine.boards.create(id)
    const bounds = boundsWith({ 'arriving-per-visitor': 20_000, 'arriving-per-board': 20_000 })
    return LiveBoard.open(engine, id, new TrustedClock(), bounds)
  }

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'wirephoto-live-'))
    engine = await openEngine(`sqlite:${folder}`)
  })
  after(async () => {
    await engine.close()
    await rm(folder, { recursive: true })
  })

  test('F3, Q3, Q7: a message sent again is answered as it was and takes effect once', async () => {
    const board = await open()
    const client = uuid()
    const message = {
      client,
      n: 1,
      commands: [add(), { kind: 'image.remove', id: uuid() } as const],
    }
    const first = await board.submit(message, anna)
    assert.equal(first.n, 2)
    assert.deepEqual(
      first.refused.map(({ n, error }) => [n, error.code]),
      [[2, 'unknown-picture']],
    )
    const { cursor } = board
    assert.deepEqual(await board.submit(message, anna), first)
    assert.equal(board.cursor, cursor)

    const again = await LiveBoard.open(engine, board.id, new TrustedClock())
    assert.deepEqual(await again.submit(message, anna), first, 'also after a restart')
    assert.equal(again.cursor, cursor)

    const longer = { client, n: 1, commands: [...message.commands, add()] }
    assert.equal((await again.submit(longer, anna)).n, 3, 'what is new in it is done')
    assert.equal(again.records.size, 2)
    await board.close()
    await again.close()
  })

  test('E123: a server that always comes late to the log gets its turn', async () => {
    const near = await open()
    const { id } = add()
    await near.submit({ client: uuid(), n: 1, commands: [{ ...add(id) }] }, anna)
    // Two calls of this one take as long as several of the other.
    const { log } = engine
    const late = async <T>(call: () => Promise<T>): Promise<T> => {
      await setTimeout(LATE_MS)
      return call()
    }
    const farLog = {
      ...log,
      append: (...args: Parameters<typeof log.append>) => late(() => log.append(...args)),
      read: (...args: Parameters<typeof log.read>) => late(() => log.read(...args)),
    }
    const farEngine = Object.create(engine, { log: { value: farLog } }) as Engine
    const far = await LiveBoard.open(farEngine, near.id, new TrustedClock())
    let isBusy = true
    const writers = Array.from({ length: 8 }, async () => {
      const client = uuid()
      for (let n = 1; isBusy; n++) {
        const patch = { kind: 'image.patch', id, set: { x: n } } as const
        await near.submit({ client, n, commands: [patch] }, anna)
      }
    })
    const message = () => ({ client: uuid(), n: 1, commands: [add()] })
    await assert.rejects(far.submit(message(), anna), { code: 'busy' })

    far.onOvertaken = () => near.giveWay()
    for (let i = 0; i < 3; i++) assert.equal((await far.submit(message(), anna)).n, 1)
    isBusy = false
    await Promise.all(writers)
    await near.close()
    await far.close()
  })

  test('E124: a board that another server changes while it is loaded is loaded once', async () => {
    const near = await open()
    const loading = Promise.withResolvers<void>()
    const changed = Promise.withResolvers<void>()
    const { log } = engine
    let loadCount = 0
    const farLog = {
      ...log,
      load: async (id: string) => {
        loadCount++
        const state = await log.load(id)
        loading.resolve()
        await changed.promise
        return state
      },
    }
    const farEngine = Object.create(engine, { log: { value: farLog } }) as Engine
    const opening = LiveBoard.open(farEngine, near.id, new TrustedClock())
    await loading.promise
    const rung = Promise.withResolvers<void>()
    const unwatch = log.watch(near.id, () => rung.resolve())
    await near.submit({ client: uuid(), n: 1, commands: [add()] }, anna)
    await rung.promise
    // A tick begins in the turn after its doorbell.
    await setImmediate()
    await setImmediate()
    changed.resolve()

    const far = await opening
    const batches: (Batch | null)[] = []
    far.listen((batch) => batches.push(batch))
    await far.refresh()
    assert.deepEqual(
      batches.map((batch) => batch?.to),
      [near.cursor],
      'nobody is told to take a snapshot',
    )
    assert.equal(loadCount, 1)
    unwatch()
    await near.close()
    await far.close()
  })

  test('Q4: a gap is refused with the number that is expected', async () => {
    const board = await open()
    const client = uuid()
    await board.submit({ client, n: 1, commands: [add()] }, anna)
    await assert.rejects(board.submit({ client, n: 3, commands: [add()] }, anna), {
      code: 'gap',
      facts: { expected: 2 },
    })
    assert.equal(board.records.size, 1)
    await board.close()
  })

  test('Q5: what comes from a forgotten queue is stale', async () => {
    const board = await open()
    const client = uuid(Date.now() - serverLimits.tombstoneRetentionMs - 1000)
    await assert.rejects(board.submit({ client, n: 1, commands: [add()] }, anna), {
      code: 'stale-client',
    })
    await board.close()
  })

  test('L5: the commands of one tick are one batch, and a refused one spoils no other', async () => {
    const board = await open()
    const batches: Batch[] = []
    board.listen((batch) => batch && batches.push(batch))
    const answers = await Promise.allSettled(
      Array.from({ length: 100 }, (_, i) =>
        board.submit(
          {
            client: uuid(),
            n: i === 50 ? 9 : 1,
            commands: [add(), { kind: 'image.restore', id: uuid() }],
          },
          anna,
        ),
      ),
    )
    assert.equal(batches.length, 1)
    assert.equal(batches[0]?.changes.length, 99)
    assert.equal(answers.filter(({ status }) => status === 'rejected').length, 1)
    for (const answer of answers)
      if (answer.status === 'fulfilled') assert.equal(answer.value.seq, seqOf(board.cursor))
    await board.close()
  })

  test('Q8: a command that changes nothing takes its number and makes no batch', async () => {
    const board = await open()
    const { cursor } = board
    const client = uuid()
    const refusal = { client, n: 1, commands: [{ kind: 'image.remove', id: uuid() } as const] }
    assert.equal((await board.submit(refusal, anna)).n, 1)
    assert.equal(board.cursor, cursor)
    assert.equal((await board.submit({ client, n: 2, commands: [add()] }, anna)).n, 2)
    await board.close()
  })

  test('F4: two writers of one board converge, and each command takes effect once', async () => {
    const one = await open()
    const two = await LiveBoard.open(engine, one.id, new TrustedClock())
    const ids = Array.from({ length: 200 }, () => uuid())
    await Promise.all(
      ids.map((id, i) =>
        (i % 2 ? one : two).submit({ client: uuid(), n: 1, commands: [add(id)] }, anna),
      ),
    )
    // Whatever one has missed it reads with its next append at the latest.
    for (const board of [one, two, one])
      await board.act([{ kind: 'board.patch', set: { title: uuid() } }], owner)
    await two.act([{ kind: 'board.patch', set: { title: 'the end' } }], owner)
    const fresh = await LiveBoard.open(engine, one.id, new TrustedClock())
    assert.equal(fresh.records.size, ids.length + 1)
    const pictures = (board: LiveBoard) => ids.map((id) => board.records.get(id))
    assert.deepEqual(pictures(one), pictures(fresh))
    assert.deepEqual(pictures(two), pictures(fresh))
    for (const board of [one, two, fresh]) await board.close()
  })

  /** A board on a server that hears no bell: it knows only what it has looked up. */
  const deaf = async (id: string): Promise<LiveBoard> => {
    const log = { ...bound(engine.log), watch: () => () => {} }
    return LiveBoard.open({ ...engine, log }, id, new TrustedClock())
  }

  test('F2, L7: a reader who comes from a server that is ahead goes on from its cursor', async () => {
    const ahead = await open()
    const behind = await deaf(ahead.id)
    await ahead.act([add()], anna)
    const { cursor } = ahead
    const replicas = new Map([[cursor, new Map(ahead.records)]])
    assert.deepEqual(await behind.changesSince(cursor), { from: cursor, to: cursor, changes: [] })
    // Readers from all cursors, while one server appends and the other reads ahead in leaps.
    const cursors = [cursor]
    for (let i = 0; i < 30; i++) {
      const appending = ahead.act([add(), add()], anna)
      if (i % 4 === 0) await behind.refresh()
      const from = cursors[i % cursors.length]!
      const missed = await behind.changesSince(from)
      assert.deepEqual([missed?.from, missed?.to], [from, behind.cursor], `round ${i}`)
      const records = new Map(replicas.get(from))
      const again = missed!.changes.filter(
        (change) => 'put' in change && records.has(change.put.id),
      )
      assert.deepEqual(again, [], 'each was put once')
      applyChanges(records, missed!.changes)
      assert.deepEqual(records, new Map(behind.records))
      await appending
      cursors.push(ahead.cursor)
      replicas.set(ahead.cursor, new Map(ahead.records))
    }
    for (const board of [ahead, behind]) await board.close()
  })

  test('N7: a message waits for one turn of an address that sends hundreds', async () => {
    const board = await open()
    const from = (address: string) => ({ visitor: address, address, role: 'edit' }) as const
    const seqs: number[] = []
    const many = Array.from({ length: 18 }, async () => {
      const commands = Array.from({ length: 50 }, () => add())
      const { seq } = await board.submit({ client: uuid(), n: 1, commands }, from('abuser'))
      seqs.push(seq)
    })
    const message = { client: uuid(), n: 1, commands: [add()] }
    const { seq } = await board.submit(message, from('honest'))
    await Promise.all(many)
    assert.equal(seq, Math.min(...seqs))
    assert.ok(Math.max(...seqs) > seq)
    await board.close()
  })

  test('F3, Q3, L6: a server that is behind turns nobody down for what it has not seen', async () => {
    const ahead = await open()
    const behind = await deaf(ahead.id)
    const [client, id] = [uuid(), uuid()]
    await ahead.submit({ client, n: 1, commands: [add(id)] }, anna)
    const remove = { kind: 'image.remove', id } as const
    const { refused } = await behind.submit({ client, n: 2, commands: [remove] }, anna)
    assert.deepEqual(refused, [])
    await ahead.refresh()
    await ahead.submit({ client, n: 3, commands: [add()] }, anna)
    // Number 4 would be a gap to a server that has seen 2 only.
    const { n } = await behind.submit({ client, n: 4, commands: [{ ...remove, id: uuid() }] }, anna)
    assert.equal(n, 4)
    for (const board of [ahead, behind]) await board.close()
  })

  test('L2, F3: an append that fails in doubt is looked up: done once if it held, refused if not', async () => {
    const id = uuid()
    await engine.boards.create(id)
    let fault: 'before' | 'after' | null = null
    const log = {
      ...bound(engine.log),
      append: async (...args: Parameters<typeof engine.log.append>) => {
        const now = fault
        fault = null
        if (now === 'before') throw new Error('the line broke before the append')
        const to = await engine.log.append(...args)
        if (now === 'after') throw new Error('the line broke after the append')
        return to
      },
    }
    const board = await LiveBoard.open({ ...engine, log }, id, new TrustedClock())

    fault = 'after'
    const held = await board.act([add()], anna)
    assert.equal(held.refused.length, 0)
    assert.equal(board.records.size, 1)
    assert.equal(seqOf(board.cursor), held.seq)

    fault = 'before'
    await assert.rejects(board.act([add()], anna), /before the append/)
    assert.equal(board.records.size, 1)

    await board.act([add()], anna)
    assert.equal(board.records.size, 2, 'one that failed has left no gap')
    await board.close()
  })

  test('L2: an engine that fails is asked again until it answers, and not in a whirl', async () => {
    const id = uuid()
    await engine.boards.create(id)
    let reads = 0
    let broken = false
    const check = () => {
      if (broken) throw new Error('the engine is away')
    }
    const log = {
      ...bound(engine.log),
      append: async (...args: Parameters<typeof engine.log.append>) => {
        check()
        return engine.log.append(...args)
      },
      read: async (...args: Parameters<typeof engine.log.read>) => {
        reads++
        check()
        return engine.log.read(...args)
      },
    }
    const board = await LiveBoard.open({ ...engine, log }, id, new TrustedClock())
    broken = true
    await assert.rejects(board.act([add()], anna), /the engine is away/)
    await assert.rejects(board.act([add()], anna), /the engine is away/)
    assert.ok(reads < 10, `${reads} reads`)
    broken = false
    await board.act([add()], anna)
    assert.equal(board.records.size, 1)
    await board.close()
  })

  test('F2, L8: a reader resumes from memory and from the log; a foreign or future cursor takes a snapshot', async () => {
    const board = await open()
    const start = board.cursor
    const replica = new Map<string, AnyRecord>()
    const ids = Array.from({ length: 20 }, () => uuid())
    for (const id of ids) await board.act([add(id)], anna)
    await board.act([{ kind: 'image.fail', id: ids[0]! }], { visitor: 'server', role: 'server' })

    for (const reader of [board, await LiveBoard.open(engine, board.id, new TrustedClock())]) {
      const missed = await reader.changesSince(start)
      assert.ok(missed)
      assert.equal(missed.from, start)
      assert.equal(missed.to, board.cursor)
      applyChanges(replica, missed.changes)
      assert.deepEqual([...replica.keys()].sort(), ids.slice(1).sort())
      if (reader !== board) await reader.close()
    }
    const { epoch, seq, stamp } = parseCursor(board.cursor)!
    for (const bad of [
      cursor(epoch, seq + 1, stamp),
      cursor('elsewhere', seq, stamp),
      cursor(epoch, seq, 'lost-tail'),
      'nonsense' as Cursor,
    ])
      assert.equal(await board.changesSince(bad), null, bad)
    await board.close()
  })

  test('F7: a board with too long a queue says that it is busy, and keeps what it took', async () => {
    const board = await open()
    const results = await Promise.allSettled(
      Array.from({ length: 3000 }, () =>
        board.submit({ client: uuid(), n: 1, commands: [add()] }, anna),
      ),
    )
    const taken = results.filter(({ status }) => status === 'fulfilled').length
    const busy = results.filter(
      (result) => result.status === 'rejected' && (result.reason as WireError).code === 'busy',
    ).length
    assert.equal(taken, 2000)
    assert.equal(busy, 1000)
    assert.equal(board.records.size, taken)
    await board.close()
  })

  test('F7: everything else has its turn while a board works through many commands', async () => {
    const board = await open()
    const fill = (n: number) => Array.from({ length: n }, () => add())
    await board.act(fill(2_000), anna)
    let longest = 0
    let at = performance.now()
    const watch = setInterval(() => {
      longest = Math.max(longest, performance.now() - at)
      at = performance.now()
    })
    const start = performance.now()
    await board.submit({ client: uuid(), n: 1, commands: fill(1_000) }, anna)
    const all = performance.now() - start
    clearInterval(watch)
    assert.ok(longest < all / 2, `${longest} of ${all} ms in one go`)
    await board.close()
  })

  test('F7, Q9: what is turned down is remembered for the newest queues only', async () => {
    const board = await open()
    const nothing = { kind: 'image.remove', id: uuid() } as const
    const [idle, busy] = [uuid(), uuid()]
    await board.submit({ client: idle, n: 1, commands: [nothing] }, anna)
    const message = { client: busy, n: 1, commands: [add(), nothing] }
    const answer = await board.submit(message, anna)
    assert.deepEqual(await board.submit(message, anna), answer)
    for (let i = 0; i < 1_000; i++)
      await board.submit({ client: uuid(), n: 1, commands: [nothing] }, anna)
    const next = board.submit({ client: idle, n: 2, commands: [add()] }, anna)
    await assert.rejects(next, { code: 'gap', facts: { expected: 1 } })
    assert.deepEqual(await board.submit(message, anna), { ...answer, refused: [] })
    assert.equal(board.records.size, 1)
    await board.close()
  })

  test('F1: closing answers what waits first', async () => {
    const board = await open()
    const answers = Array.from({ length: 10 }, () =>
      board.submit({ client: uuid(), n: 1, commands: [add()] }, anna),
    )
    await board.close()
    assert.equal((await Promise.all(answers)).length, 10)
    await assert.rejects(board.act([add()], anna), { code: 'stopping' })
    const fresh = await LiveBoard.open(engine, board.id, new TrustedClock())
    assert.equal(fresh.records.size, 10)
    await fresh.close()
  })
})

/** An object whose methods can be spread. */
function bound<T extends object>(target: T): T {
  const methods = Object.getOwnPropertyNames(Object.getPrototypeOf(target)).concat(
    Object.keys(target),
  )
  return Object.fromEntries(
    methods.map((name) => {
      const value = target[name as keyof T]
      return [name, typeof value === 'function' ? value.bind(target) : value]
    }),
  ) as T
}
