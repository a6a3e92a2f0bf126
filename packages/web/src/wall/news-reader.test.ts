import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import type { ImageRecord } from '@wirephoto/board'
import { NewsReader } from './news-reader.ts'

const NOW_MS = 1_700_000_000_000
const HOUR_MS = 3_600_000

const pictures = new Map<string, ImageRecord>()
const previews = new Set<string>()

/** Puts a picture on the board, with what matters here. */
function put(id: string, fields: Partial<ImageRecord>): void {
  const before = pictures.get(id) ?? {
    id,
    blob: null,
    storedAt: null,
    deletedAt: null,
    createdAt: 0,
  }
  pictures.set(id, { ...before, ...fields } as ImageRecord)
}

const newReader = (): NewsReader =>
  new NewsReader(pictures, ({ id, blob }) => blob !== null || previews.has(id))

const idsOf = ({ came }: { came: readonly ImageRecord[] }): string[] => came.map(({ id }) => id)

beforeEach(() => {
  pictures.clear()
  previews.clear()
})

test('W54: pictures that stand there when a wall opens are no news, and those that come are, once', () => {
  put('old', { blob: 'a', storedAt: 1 })
  put('trashed', { blob: 'b', storedAt: 2, deletedAt: 3 })
  const reader = newReader()
  assert.deepEqual(idsOf(reader.open(null, NOW_MS)), [])
  put('new', {})
  assert.deepEqual(idsOf(reader.take(['new'])), [], 'there is nothing to show yet')
  previews.add('new')
  assert.deepEqual(idsOf(reader.take(['new'])), ['new'])
  put('new', { blob: 'c', storedAt: 4 })
  assert.deepEqual(idsOf(reader.take(['new', 'old'])), [])
  put('trashed', { deletedAt: null })
  assert.deepEqual(idsOf(reader.take(['trashed'])), [], 'a picture that is put back')
})

test('W54: what was on its way when the wall opened is news, and all comes in the order of storing', () => {
  put('sent', {})
  const reader = newReader()
  reader.open(null, NOW_MS)
  put('sent', { blob: 'a', storedAt: 9 })
  put('first', { blob: 'b', storedAt: 7 })
  assert.deepEqual(idsOf(reader.take(['sent', 'first'])), ['first', 'sent'])
})

test('W57: one that went before it was shown is news again when it is put back', () => {
  const reader = newReader()
  reader.open(null, NOW_MS)
  put('new', { blob: 'a', storedAt: 1 })
  reader.take(['new'])
  put('new', { deletedAt: 5 })
  assert.deepEqual(reader.take(['new']).gone, ['new'])
  reader.forget('new')
  put('new', { deletedAt: null })
  assert.deepEqual(idsOf(reader.take(['new'])), ['new'])
})

test('a picture whose file was replaced is news again', () => {
  const reader = newReader()
  reader.open(null, NOW_MS)
  put('new', { blob: 'a', storedAt: 1 })
  reader.take(['new'])
  put('new', { caption: 'The harbour' })
  assert.deepEqual(idsOf(reader.take(['new'])), [])
  put('new', { blob: 'b', storedAt: 2 })
  assert.deepEqual(idsOf(reader.take(['new'])), ['new'])
})

test('W56: a wall that reloads goes on with what waited, and with what came meanwhile', () => {
  const before = newReader()
  before.open(null, NOW_MS)
  for (const [i, id] of ['shown', 'waited'].entries()) put(id, { blob: id, storedAt: i })
  before.take(['shown', 'waited'])
  const kept = before.remember(['waited'], NOW_MS)
  put('meanwhile', { blob: 'c', storedAt: 5 })
  assert.deepEqual(idsOf(newReader().open(kept, NOW_MS + 5_000)), ['waited', 'meanwhile'])
  assert.deepEqual(idsOf(newReader().open(kept, NOW_MS + 2 * HOUR_MS)), [], 'much later')
  assert.deepEqual(idsOf(newReader().open('{', NOW_MS)), [], 'what nobody wrote')
})

test('before the board is here, nothing is news', () => {
  const reader = newReader()
  put('old', { blob: 'a', storedAt: 1 })
  assert.deepEqual(idsOf(reader.take(['old'])), [])
})
