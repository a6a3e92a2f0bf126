import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ImageRecord } from '@wirephoto/board'
import { Arrivals } from './arrivals.ts'
import { Emitter } from './events.ts'

const id = '01890000-0000-7000-8000-000000000000'
const other = '01890000-0000-7000-8000-000000000001'
const flags = { preview: false, large: false, live: false }
const sent = { sent: 10, total: 100, state: 'arriving', ...flags } as const

test('A12: the state of an unknown picture waits 5 s for its record, and makes none', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'], now: 1_000_000 })
  const pictures = new Map<string, ImageRecord>()
  const arrivals = new Arrivals(
    { url: 'http://nowhere', id: 'main', headers: {} },
    pictures,
    new Emitter(),
  )
  const record = { blob: null, variants: null } as ImageRecord
  for (const [waited, isKept] of [
    [4_900, true],
    [5_100, false],
  ] as const) {
    arrivals.receive({ [id]: sent })
    assert.equal(arrivals.get(id), null)
    assert.equal(pictures.size, 0)
    t.mock.timers.tick(waited)
    arrivals.receive({ [other]: sent })
    pictures.set(id, record)
    assert.equal(arrivals.get(id)?.sent, isKept ? 10 : undefined)
    pictures.clear()
    arrivals.close()
  }
})
