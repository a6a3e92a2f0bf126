import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Command, type ImageRecord, uuidv7 } from '@wirephoto/board'
import { openEngine } from '@wirephoto/engine'
import { pino } from 'pino'
import { type Bounds, boundsWith } from '../bounds.ts'
import { TrustedClock } from '../trusted-clock.ts'
import { bytesOf } from './board-tally.ts'
import { Boards, SERVER } from './boards.ts'
import { LiveBoard } from './live-board.ts'
import type { Sender } from './sender.ts'
import { QUEUE_AHEAD_MS } from './tick-evaluator.ts'

const anna: Sender = { visitor: 'anna', address: '192.0.2.1', role: 'own' }
const uuid = () => uuidv7(Date.now(), randomBytes(10))
const add = (id = uuid(), caption = ''): Command & { id: string } => ({
  kind: 'image.add',
  id,
  width: 400,
  height: 300,
  name: 'a.jpg',
  caption,
})
const patch = (id: string, caption: string): Command => ({
  kind: 'image.patch',
  id,
  set: { caption },
})
const stored = (id: string): Command => ({
  kind: 'image.settle',
  id,
  blob: 'ab'.repeat(32),
  type: 'image/jpeg',
  bytes: 5,
  width: 4,
  height: 3,
  thumbhash: 'AAAA',
  animated: false,
})

/** Opens an engine. Its users are closed first, since a board retries an engine that fails. */
async function openFolder(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'wirephoto-bounds-'))
  const engine = await openEngine(`sqlite:${folder}`)
  const users: { close(): Promise<void> }[] = []
  t.after(async () => {
    for (const user of users) await user.close()
    await engine.close()
    await rm(folder, { recursive: true })
  })
  return { engine, users }
}

async function open(t: TestContext, settings: Partial<Bounds> = {}) {
  const { engine, users } = await openFolder(t)
  await engine.boards.create('main')
  const reopen = async (bounds: Partial<Bounds>) => {
    const all = boundsWith({ ...settings, ...bounds })
    const board = await LiveBoard.open(engine, 'main', new TrustedClock(), all)
    users.push(board)
    return board
  }
  return { board: await reopen({}), reopen }
}

const sizeOf = ({ records }: LiveBoard) =>
  records.values().reduce((sum, record) => sum + bytesOf(record), 0)

test('Y22: a board that is full in bytes takes what makes it smaller, and nothing else', async (t) => {
  const { board, reopen } = await open(t, { 'board-bytes': 5_000 })
  const [one, other] = [add(), add()]
  await board.act([one, other, patch(one.id, 'é'.repeat(1_500))], anna)
  const refusal = { code: 'board-full', message: /Empty its trash.*start a new one/ }
  await assert.rejects(board.act([patch(other.id, 'é'.repeat(1_000))], anna), refusal)
  assert.equal(board.bytes, sizeOf(board))
  await board.act([{ kind: 'image.patch', id: other.id, set: { x: 40 } }], anna)

  // An older board may be larger than the bound of today.
  const full = await reopen({ 'board-bytes': 2_000 })
  assert.equal(full.bytes, board.bytes)
  await assert.rejects(full.act([add()], anna), refusal)
  await full.act([patch(one.id, 'é'.repeat(1_000))], anna)
  await full.act([patch(one.id, '')], anna)
  await full.act([patch(one.id, 'a caption')], anna)
  assert.equal(full.bytes, sizeOf(full))
})

test('Y80: on a board that is full in bytes marked pictures make room, a tenth of it at most', async (t) => {
  const { board, reopen } = await open(t, { 'board-bytes': 20_000 })
  const pictures = Array.from({ length: 8 }, () => add(uuid(), 'c'.repeat(1_950)))
  await board.act(pictures, anna)
  const full = { code: 'board-full' }
  await assert.rejects(board.act([add()], anna), full)
  const [one, two] = pictures
  const each = (kind: 'image.remove' | 'image.purge' | 'image.keep') =>
    [one!, two!].map(({ id }): Command => ({ kind, id }))
  await board.act(each('image.remove'), anna)
  await assert.rejects(board.act([add()], anna), full)
  await board.act(each('image.purge'), anna)
  // The room of a tenth is there at once, also after a restart, though two pictures have more.
  await board.act([add(), add()], anna)
  const again = await reopen({})
  await again.act([add(), add()], anna)
  await assert.rejects(again.act([add()], anna), full)
  await again.act(each('image.keep'), anna)
  assert.equal(again.bytes, sizeOf(again))
})

test('Y22: the bytes are counted through every command of a message', async (t) => {
  const { board } = await open(t, { 'board-bytes': 300_000 })
  const pictures = Array.from({ length: 100 }, () => add(uuid(), '"'.repeat(2_000)))
  const message = { client: uuid(), n: 1, commands: pictures }
  const { refused, n } = await board.submit(message, anna)
  assert.equal(n, 100)
  assert.deepEqual(new Set(refused.map(({ error }) => error.code)), new Set(['board-full']))
  assert.ok(board.bytes <= 300_000)
  const json = JSON.stringify([...board.records.values()])
  assert.ok(json.length < 330_000, `${json.length}`)
  await board.act([{ kind: 'image.remove', id: pictures[0]!.id }], SERVER)
  await board.act([{ kind: 'image.erase', id: pictures[0]!.id }], SERVER)
  assert.equal(board.bytes, sizeOf(board))
})

test('Y23: a visitor announces so many pictures, and more as those are stored', async (t) => {
  const { board } = await open(t, { 'arriving-per-visitor': 3 })
  const pictures = Array.from({ length: 5 }, () => add())
  const client = uuid()
  const answer = await board.submit({ client, n: 1, commands: pictures }, anna)
  // Nothing is refused for good: the queue sends the others again.
  assert.deepEqual([answer.n, answer.refused], [3, []])
  const rest = { client, n: 4, commands: pictures.slice(3) }
  await assert.rejects(board.submit(rest, anna), { code: 'too-many' })
  await board.act([stored(pictures[0]!.id)], SERVER)
  assert.equal((await board.submit(rest, anna)).n, 4)
  await board.act([{ kind: 'image.fail', id: pictures[1]!.id }], SERVER)
  assert.equal((await board.submit({ ...rest, n: 5, commands: rest.commands.slice(1) }, anna)).n, 5)
  const blobs = pictures.map(({ id }) => (board.records.get(id) as ImageRecord | undefined)?.blob)
  assert.deepEqual(blobs, ['ab'.repeat(32), undefined, null, null, null])
})

test('Y46: who announces many pictures leaves as many places to others of the address', async (t) => {
  const { board } = await open(t, { 'arriving-per-visitor': 60, 'arriving-per-address': 100 })
  const announced = async (visitor: string) => {
    const commands = Array.from({ length: 100 }, () => add())
    const sender = { visitor, address: '192.0.2.1', role: 'edit' } as const
    const answer = board.submit({ client: uuid(), n: 1, commands }, sender)
    return (await answer.catch(() => ({ n: 0 }))).n
  }
  const counts: number[] = []
  for (const visitor of 'abcdefghij') counts.push(await announced(visitor))
  assert.deepEqual(counts, [50, 25, 13, 6, 3, 2, 1, 0, 0, 0])
})

test('Y23: an address under many visitors, and a board, have such a bound too', async (t) => {
  const { board, reopen } = await open(t, {
    'arriving-per-address': 4,
    'arriving-per-board': 6,
  })
  const one = (visitor: string, address: string, on = board) =>
    on.submit({ client: uuid(), n: 1, commands: [add()] }, { visitor, address, role: 'edit' })
  for (const visitor of ['a', 'b', 'c', 'd']) await one(visitor, '192.0.2.1')
  await assert.rejects(one('e', '192.0.2.1'), { code: 'too-many' })
  for (const visitor of ['f', 'g']) await one(visitor, '192.0.2.2')
  await assert.rejects(one('h', '192.0.2.3'), { code: 'too-many' })
  const again = await reopen({})
  await assert.rejects(one('i', '192.0.2.4', again), { code: 'too-many' })
})

test('Y29: of the boards that nobody holds the latest stay, within a number and bytes', async (t) => {
  const { engine, users } = await openFolder(t)
  const bounds = boundsWith({ 'idle-boards': 3, 'idle-board-bytes': 10_000 })
  const boards = await Boards.open(engine, new TrustedClock(), pino({ level: 'silent' }), bounds)
  users.push(boards)
  const opened: string[] = []
  boards.onOpen(({ id }) => opened.push(id))
  const ids = await Promise.all(Array.from({ length: 5 }, () => boards.create()))
  const use = async (id: string, commands: readonly Command[] = []) => {
    using held = await boards.hold(id)
    if (commands.length > 0) await held.board.act(commands, anna)
  }
  /** Resolves to those that had to be loaded again. */
  const reloaded = async (again: readonly string[]) => {
    opened.length = 0
    for (const id of again) await use(id)
    return [...opened]
  }
  for (const id of ids) await use(id)
  assert.deepEqual(await reloaded(ids.slice(2)), [])
  assert.deepEqual(await reloaded(ids.slice(0, 1)), ids.slice(0, 1))
  // A large one takes the place of another.
  const [small, large] = ids
  await use(small!, [add(), add(), add()])
  await use(large!, [add(uuid(), 'c'.repeat(2_000)), ...Array.from({ length: 14 }, () => add())])
  assert.deepEqual(await reloaded([large!]), [])
  assert.deepEqual(await reloaded([small!]), [small])
  // A board that somebody holds stays, whatever it has.
  using held = await boards.hold(large!)
  for (const id of ids) await use(id)
  assert.deepEqual(await reloaded([large!]), [])
  assert.equal(held.board.records.size, 15)
})

test('Y30: a few boards are loaded at a time, each once, and one that fails makes room', async (t) => {
  const { engine, users } = await openFolder(t)
  const ids = Array.from({ length: 6 }, uuid)
  for (const id of ids) await engine.boards.create(id)
  let [loading, most, loads] = [0, 0, 0]
  const load = async (id: string) => {
    loads++
    most = Math.max(most, ++loading)
    try {
      return await engine.log.load(id)
    } finally {
      loading--
    }
  }
  const slow = { ...engine, log: { ...engine.log, load } }
  const boards = await Boards.open(
    slow,
    new TrustedClock(),
    pino({ level: 'silent' }),
    boundsWith({ 'board-loads': 2 }),
  )
  users.push(boards)
  const asked = ['elsewhere', ...ids, 'nowhere', ...ids].map((id) => boards.hold(id))
  const held = await Promise.allSettled(asked)
  assert.equal(held.filter(({ status }) => status === 'fulfilled').length, 12)
  assert.deepEqual([most, loads, loading], [2, 8, 0])
})

/** Makes the id of a queue that begins after what a board has just forgotten. */
const laterQueue = () => uuidv7(Date.now() + QUEUE_AHEAD_MS, randomBytes(10))

/** Submits one command under a queue of its own. */
const first = (board: LiveBoard, client: string, command: Command, sender = anna) =>
  board.submit({ client, n: 1, commands: [command] }, sender)

test('F3, Y41: what a board has forgotten takes no effect a second time, on no server', async (t) => {
  const { board, reopen } = await open(t)
  const behind = await reopen({})
  const [old, used] = [uuid(), uuid()]
  const [one, other] = [add(), add()]
  await first(board, old, one)
  await first(board, used, other)
  await board.act([{ kind: 'image.fail', id: one.id }], SERVER)
  await behind.refresh()
  await sleep(2)
  const time = Date.now()
  await sleep(2)
  await board.submit({ client: used, n: 2, commands: [patch(other.id, 'once')] }, anna)
  await board.forgetBefore(time)
  await board.act([patch(other.id, 'twice')], SERVER)

  for (const each of [board, await reopen({}), behind]) {
    const again = await first(each, old, add()).catch((error: { code: string }) => error.code)
    // One that remembers all the same answers as it did then.
    if (each !== behind) assert.equal(again, 'stale-client')
    const resent = { client: used, n: 2, commands: [patch(other.id, 'once')] }
    assert.deepEqual((await each.submit(resent, anna)).refused, [])
    const [left] = [...each.records.values()].filter(({ kind }) => kind === 'image')
    assert.equal((left as ImageRecord).caption, 'twice')
    assert.equal(each.records.has(one.id), false)
    await first(each, laterQueue(), patch(other.id, 'twice'))
  }
  assert.equal(behind.records.size, board.records.size)
})

test('Y42: a board that remembers too many queues takes no new one until some are forgotten', async (t) => {
  const { board, reopen } = await open(t, { 'queues-per-board': 2 })
  const queues = [uuid(), uuid()]
  const picture = add()
  await first(board, queues[0]!, picture)
  await first(board, queues[1]!, patch(picture.id, 'a'))
  for (const each of [board, await reopen({})]) {
    let askedCount = 0
    each.onOverfull = () => askedCount++
    for (let i = 0; i < 3; i++)
      await assert.rejects(first(each, uuid(), patch(picture.id, 'b')), { code: 'too-many' })
    assert.equal(askedCount, 1)
  }
  await board.submit({ client: queues[0]!, n: 2, commands: [patch(picture.id, 'c')] }, anna)
  await sleep(2)
  await board.forgetBefore(Date.now())
  await first(board, laterQueue(), patch(picture.id, 'd'))
})

test('Y42: a board that remembers too many tombstones takes no new pictures, and all else', async (t) => {
  const { board, reopen } = await open(t, { 'tombstones-per-board': 1 })
  const [stays, goes] = [add(), add()]
  await board.act([stays, goes], anna)
  await board.act([{ kind: 'image.fail', id: goes.id }], SERVER)
  for (const each of [board, await reopen({})]) {
    await assert.rejects(first(each, uuid(), add()), { code: 'too-many' })
    await first(each, uuid(), patch(stays.id, String(Math.random())))
  }
  await sleep(2)
  await board.forgetBefore(Date.now())
  await first(board, laterQueue(), add())
})

test('Y43: a visitor and an address begin so many queues, and those that began go on', async (t) => {
  const { engine, users } = await openFolder(t)
  const bounds = boundsWith({ 'queues-per-visitor': 2, 'queues-per-address': 3 })
  const boards = await Boards.open(engine, new TrustedClock(), pino({ level: 'silent' }), bounds)
  users.push(boards)
  using held = await boards.hold('main')
  const { board } = held
  const client = uuid()
  const picture = add()
  await first(board, client, picture)
  await first(board, uuid(), patch(picture.id, 'a'))
  await assert.rejects(first(board, uuid(), patch(picture.id, 'b')), { code: 'too-many' })
  await board.submit({ client, n: 2, commands: [patch(picture.id, 'c')] }, anna)
  const others = ['bert', 'carl'].map((visitor) => ({ ...anna, visitor }))
  await first(board, uuid(), patch(picture.id, 'd'), others[0])
  const more = first(board, uuid(), patch(picture.id, 'e'), others[1])
  await assert.rejects(more, { code: 'too-many' })
  await first(board, uuid(), patch(picture.id, 'f'), { ...others[1]!, address: '192.0.2.9' })
})

test('Y41: a queue whose id is ahead of the clock is stale, so that none outlives what is forgotten', async (t) => {
  const { board } = await open(t)
  const ahead = uuidv7(Date.now() + 2 * QUEUE_AHEAD_MS, randomBytes(10))
  await assert.rejects(first(board, ahead, add()), { code: 'stale-client' })
})

test('Y52, Y53: two servers count the same, and of what they fill at once one picture goes beyond', async (t) => {
  const { board: here, reopen } = await open(t, { 'picture-bytes-per-board': 20 })
  const there = await reopen({})
  const byLink: Sender = { ...anna, role: 'add', quota: { link: 'l' } }
  const ids = [uuid(), uuid(), uuid()] as const
  for (const id of ids) await here.act([add(id)], byLink)
  const settle = (id: string) => ({ ...stored(id), bytes: 15 }) as Command
  await Promise.all([here.act([settle(ids[0])], SERVER), there.act([settle(ids[1])], SERVER)])
  for (const board of [here, there])
    await assert.rejects(board.act([settle(ids[2])], SERVER), { code: 'pictures-full' })
  await here.refresh()
  for (const board of [here, there, await reopen({})])
    assert.deepEqual(board.quota.usedBy('l'), { pictures: 3, bytes: 30 })
  const copy = { kind: 'image.copy', id: uuid(), sourceId: ids[0], x: 0, y: 0 } as const
  await assert.rejects(here.act([copy], byLink), { code: 'pictures-full' })
})

test('Y54: a picture counts once, however often another server is ahead of its append', async (t) => {
  const count = 20
  const { board: here, reopen } = await open(t, { 'pictures-per-link-minute': count })
  const there = await reopen({})
  const byLink: Sender = { ...anna, role: 'add', quota: { link: 'l' } }
  for (let i = 0; i < count; i++)
    await Promise.all([there.act([add()], SERVER), here.act([add()], byLink)])
  await assert.rejects(here.act([add()], byLink), { code: 'too-fast' })
})

test('Y50: a picture that a moderator lets in is refused where there is no room', async (t) => {
  const { board } = await open(t, { 'pictures-per-board': 1 })
  const command = add()
  await board.act([command, stored(command.id)], SERVER)
  const image = { ...(board.records.get(command.id) as ImageRecord), id: uuid() }
  await assert.rejects(board.act([{ kind: 'image.admit', id: image.id, image }], SERVER), {
    code: 'pictures-full',
  })
})
