import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as z from 'zod/mini'
import { fromStored, RECORD_VERSION, type StoredRecord, toStored } from './record-migrations.ts'
import { AnyRecordSchema, BoardRecordSchema, ImageRecordSchema } from './record-schemas.ts'
import { type AnyRecord, emptyBoard } from './records.ts'

const id = '01890a5d-ac96-7b74-8d4a-000000000001'
const oldest = {
  kind: 'image',
  id,
  x: 1,
  y: 2,
  w: 3,
  z: 'a0',
  caption: 'c',
  name: 'a.jpg',
  type: 'image/jpeg',
  width: 4,
  height: 3,
  bytes: 5,
  thumbhash: null,
  blob: 'ab'.repeat(32),
  author: 'anna',
  createdAt: 1_000,
  deletedAt: null,
} as unknown as AnyRecord

test('R22: a record of the first builds gets every field of today', () => {
  const image = fromStored(oldest)
  const board = fromStored({ kind: 'board', id: 'board', title: 'T' } as unknown as AnyRecord)
  assert.deepEqual(Object.keys(image).sort(), Object.keys(ImageRecordSchema.shape).sort())
  assert.deepEqual(Object.keys(board).sort(), Object.keys(BoardRecordSchema.shape).sort())
  for (const record of [image, board]) z.parse(AnyRecordSchema, record)
  assert.deepEqual(image, {
    ...oldest,
    animated: false,
    variants: null,
    source: null,
    original: null,
    by: '',
    deletedBy: null,
    replacedAt: null,
    slot: null,
    purgeAt: null,
    purgeBy: null,
    link: null,
    storedAt: 1_000,
  })
  assert.deepEqual(board, { ...emptyBoard, title: 'T' })
})

test('R22: the fields that a record has are kept', () => {
  const later = { ...oldest, animated: true, variants: [64], source: 'https://a.example/' }
  assert.deepEqual(fromStored(later as AnyRecord), {
    ...later,
    original: null,
    by: '',
    deletedBy: null,
    replacedAt: null,
    slot: null,
    purgeAt: null,
    purgeBy: null,
    link: null,
    storedAt: 1_000,
  })
  const arriving = { ...oldest, blob: null } as AnyRecord
  assert.equal((fromStored(arriving) as { storedAt: unknown }).storedAt, null)
})

test('R21: a stored record carries its version, and comes back without it', () => {
  const stored = toStored(emptyBoard)
  assert.equal(stored.version, RECORD_VERSION)
  assert.deepEqual(fromStored(stored), emptyBoard)
})

test('R23: a record of a newer build is refused, not misread', () => {
  const newer: StoredRecord = { ...emptyBoard, version: RECORD_VERSION + 1 }
  assert.throws(() => fromStored(newer), { code: 'newer-format' })
})
