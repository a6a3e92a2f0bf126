import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { ImageRecord } from '@wirephoto/board'
import { openEngine } from '@wirephoto/engine'
import { nodeKeyOf } from '../bus/server-directory.ts'
import { makeBackup } from './backup.ts'
import { engineSource } from './board-point.ts'
import { restore } from './fill.ts'
import { openStore } from './store.ts'

test('E71, E73, E86: a backup restores a board with all that belongs to it, and nothing of its servers', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'wirephoto-backup-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const blob = createHash('sha256').update('a picture').digest('hex')
  await writeFile(join(folder, blob), 'a picture')
  const from = await openEngine(`sqlite:${join(folder, 'from')}`)
  t.after(() => from.close())
  await from.blobs.put(join(folder, blob), blob)
  await from.boards.create('main', 1_600_000_000_000)
  const record = { kind: 'image', id: 'a', name: 'a.jpg', blob, bytes: 9, original: null }
  const client = { n: 7, seq: 1, refused: [] }
  await from.log.append('main', {
    expected: (await from.log.load('main')).cursor,
    changes: [{ put: { ...record, variants: null } as unknown as ImageRecord }],
    clients: new Map([['anna', client]]),
  })
  const link = { hash: 'h', board: 'main', kind: 'link', data: '{}', expiresAt: null } as const
  await from.secrets.put(link)
  await nodeKeyOf(from.secrets)
  const entry = { at: 1, kind: 'replaced', subject: 'a', data: '{}', blob } as const
  await from.history.append('main', [entry])

  await using store = await openStore(join(folder, 'backups'), true)
  assert.equal((await makeBackup(engineSource(from), store)).copied, 1)
  assert.equal((await makeBackup(engineSource(from), store)).copied, 0)
  const to = await openEngine(`sqlite:${join(folder, 'to')}`, { fills: true })
  t.after(() => to.close())
  assert.deepEqual((await restore(store, to)).problems, [])
  const [before, after] = [await from.log.load('main'), await to.log.load('main')]
  assert.deepEqual([after.records, after.clients], [before.records, before.clients])
  assert.notEqual(after.cursor, before.cursor)
  assert.deepEqual(await to.secrets.list('main'), [link])
  assert.deepEqual(await to.history.list('main', { kind: 'replaced', limit: 9 }), [entry])
  assert.deepEqual(await to.boards.list(), [{ board: 'main', createdAt: 1_600_000_000_000 }])
  assert.equal((await to.blobs.stat(blob))?.size, 9)
})
