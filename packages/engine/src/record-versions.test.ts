import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { type AnyRecord, emptyBoard, RECORD_VERSION } from '@wirephoto/board'
import { append, image, newBoard, newId, noClients, rejectsWith } from './contract/samples.ts'
import { withRecordVersions } from './record-versions.ts'
import { openSqlite } from './sqlite/sqlite.ts'

test('R21, R22, R23: what an engine keeps has a version; what it gives is of today', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'wirephoto-versions-'))
  t.after(() => rm(folder, { recursive: true }))
  const stored = await openSqlite(folder)
  t.after(() => stored.close())
  const engine = withRecordVersions(stored)
  const { board, cursor } = await newBoard(engine)
  const id = newId()

  const first = await append(engine, board, cursor, [{ put: image(id) }])
  assert.deepEqual((await stored.log.load(board)).records, [
    { ...image(id), version: RECORD_VERSION },
  ])
  assert.deepEqual((await engine.log.load(board)).records, [image(id)])

  const old = { kind: 'board', id: 'board', title: 'Harbour' } as unknown as AnyRecord
  const second = await append(stored, board, first, [{ put: old }])
  const read = await engine.log.read(board, first)
  assert.deepEqual(read?.batches[0]?.changes, [{ put: { ...emptyBoard, title: 'Harbour' } }])
  assert.equal((await engine.log.load(board)).records.length, 2)

  const newer = { ...emptyBoard, version: RECORD_VERSION + 1 }
  await append(stored, board, second, [{ put: newer }])
  await rejectsWith(engine.log.load(board), 'newer-format')
  await rejectsWith(engine.log.read(board, second), 'newer-format')
  const gone = await append(stored, board, (await stored.log.load(board)).cursor, [
    { gone: 'board' },
  ])
  assert.deepEqual((await engine.log.load(board)).cursor, gone)
  assert.ok(await engine.log.append(board, { expected: gone, changes: [], clients: noClients }))
})
