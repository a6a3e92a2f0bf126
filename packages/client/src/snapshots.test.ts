import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cursor, emptyBoard } from '@wirephoto/board'
import { isSnapshot } from './snapshots.ts'

test('E36: what can’t be read as a snapshot is none', () => {
  const at = cursor('epoch', 7, 'stamp')
  assert.ok(isSnapshot({ cursor: at, records: [] }))
  assert.ok(isSnapshot({ cursor: at, records: [emptyBoard] }))
  const others = [
    'null',
    '5',
    '[]',
    '{"message":"ok"}',
    '{"cursor":5,"records":[]}',
    '{"cursor":"x","records":[]}',
    `{"cursor":"${at}"}`,
    `{"cursor":"${at}","records":5}`,
    `{"cursor":"${at}","records":[null]}`,
    `{"cursor":"${at}","records":[{}]}`,
  ]
  for (const text of others) assert.ok(!isSnapshot(JSON.parse(text)), text)
})
