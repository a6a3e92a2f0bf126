import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Harness } from '../../support/http-harness.ts'
import { newCollector } from '../../support/new-collector.ts'
import { type Bounds, boundsWith } from '../bounds.ts'
import { GARBAGE_COLLECTION_TIMES } from './garbage-collector.ts'

/** As if every board were old. */
const OLD: Partial<Bounds> = { 'unused-boards': -1 }

test('Y39: a board that never held a picture goes, and all others stay', async (t) => {
  const server = await Harness.open()
  t.after(() => server.close())
  const { engine, boards, images } = server
  const collect = (bounds: Partial<Bounds>) =>
    newCollector({ engine, boards, images, bounds: boundsWith(bounds) }).collect(
      GARBAGE_COLLECTION_TIMES,
    )
  const all = ['unused', 'held', 'named', 'linked', 'shows', 'showed'] as const
  const ids = {} as Record<(typeof all)[number], string>
  for (const name of all) ids[name] = await boards.create()
  const names = async () => {
    const left = (await engine.boards.list()).map(({ board }) => board)
    return all.filter((name) => left.includes(ids[name]))
  }
  const held = await boards.hold(ids.held)
  await server.act([{ kind: 'board.patch', set: { title: 'Wedding' } }], undefined, ids.named)
  const secret = {
    hash: 'h',
    board: ids.linked,
    kind: 'link',
    data: '{}',
    expiresAt: null,
  } as const
  await engine.secrets.put(secret)
  await server.announce('a.png', 'anna', ids.shows)
  const gone = await server.announce('a.png', 'anna', ids.showed)
  await server.act([{ kind: 'image.fail', id: gone }], undefined, ids.showed)

  await collect({})
  assert.deepEqual(await names(), all)
  await collect(OLD)
  assert.deepEqual(await names(), all.slice(1))
  assert.ok(await engine.boards.has('main'))
  assert.equal((await fetch(`${server.url}/api/boards/${ids.unused}`)).status, 404)

  held[Symbol.dispose]()
  await collect({ ...OLD, 'unused-named-boards': -1 })
  assert.deepEqual(await names(), ['linked', 'shows', 'showed'])
})

test('Y40: a board that somebody is on is not removed by a server that saw it before', async (t) => {
  const server = await Harness.open()
  t.after(() => server.close())
  const { boards, engine } = server
  const id = await boards.create()
  const { cursor } = await engine.log.load(id)
  using held = await boards.hold(id)
  assert.equal(await boards.removeAt(id, cursor), false)
  await held.board.touch()
  assert.equal(await engine.boards.remove(id, cursor), false)
  const { cursor: touched } = await engine.log.load(id)
  assert.equal(await engine.boards.remove(id, touched), true)
  const add = { kind: 'image.add', id: crypto.randomUUID(), name: '', width: 4, height: 3 } as const
  await assert.rejects(held.board.act([add], { visitor: 'anna', role: 'edit' }), {
    code: 'unknown-board',
  })
})
