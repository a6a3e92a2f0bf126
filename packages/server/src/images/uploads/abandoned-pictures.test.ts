import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { Harness } from '../../../support/http-harness.ts'
import { ABANDONED_AFTER_MS, AbandonedPictures } from './abandoned-pictures.ts'

test('Y31: on a full board the pictures go whose sender has gone, and no others', async (t) => {
  const server = await Harness.open({ bounds: { 'arriving-per-board': 4 } })
  t.after(() => server.close())
  let now = 0
  const here = new Set(['anna', 'bob'])
  const abandoned = new AbandonedPictures({
    incomingFiles: server.images.incomingFiles,
    intake: server.images.intake,
    isHere: (_board, visitor) => here.has(visitor),
    now: () => now,
  })
  t.after(abandoned.watch(server.boards))
  const of = async (visitor: string) => server.announce('p.png', visitor, board)
  const board = await server.boards.create()
  using held = await server.boards.hold(board)
  const [annas, bobs] = [await of('anna'), await of('bob')]
  await of('carl')
  const sent = await of('carl')
  const upload = { board, id: sent, name: 'p.png', length: 100_000 }
  const incomingFile = await server.images.incomingFiles.create(upload)
  const full = { code: 'too-many' }

  await assert.rejects(of('dora'), full)
  here.delete('bob')
  now += ABANDONED_AFTER_MS / 2
  await abandoned.makeRoom(held.board)
  here.add('bob')
  now += ABANDONED_AFTER_MS / 2
  await assert.rejects(of('dora'), full)
  now += ABANDONED_AFTER_MS
  assert.equal(await abandoned.makeRoom(held.board), 1, 'bob came back in time')
  const ids = () => new Set(held.board.records.keys())
  assert.deepEqual(ids(), new Set([annas, bobs, sent]))
  const doras = await of('dora')
  assert.deepEqual(ids(), new Set([annas, bobs, sent, doras]))
  await incomingFile.receive(Readable.from([]), { at: 0, limit: 1 }).catch(() => {})
})
