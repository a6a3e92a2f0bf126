import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ImageRecord } from '@wirephoto/board'
import { blobUrl } from './urls.ts'

const board = { url: 'http://here', id: 'main' }
const stored = { blob: 'b', type: 'image/png', animated: false, variants: [64, 320, 1280] }
const record = stored as unknown as ImageRecord

test('V1: a picture comes in the smallest variant that has pixels enough', () => {
  const asked = (of: Partial<ImageRecord>, pixels?: number) =>
    blobUrl(board, { ...record, ...of }, pixels)
      ?.split('/')
      .at(-1)
  for (const [pixels, variant] of [
    [1, '64'],
    [64, '64'],
    [65, '320'],
    [320.5, '1280'],
    [1281, 'original'],
    [undefined, 'original'],
  ] as const)
    assert.equal(asked({}, pixels), variant, String(pixels))
  assert.equal(asked({ variants: [64] }, 300), 'original', 'it is smaller than that')
  assert.equal(asked({ variants: null }, 64), 'original', 'none made yet')
  assert.deepEqual(
    [asked({ animated: true }, 64), asked({ animated: true }, 65)],
    ['64', 'original'],
  )
  assert.equal(blobUrl(board, { ...record, blob: null }, 64), null)
  // V5: what browsers don't show.
  const heic = { type: 'image/heic', variants: [64, 320, 4096] } as const
  assert.deepEqual(
    [asked(heic, 64), asked(heic, 321), asked(heic, 5_000), asked(heic)],
    ['64', '4096', '4096', '4096'],
  )
  assert.equal(asked({ ...heic, variants: null }), undefined)
  assert.equal(asked({ ...heic, variants: [] }), undefined)
  assert.equal(asked({ type: 'image/jpeg', variants: [64, 4096] }), '4096', 'made of inks')
  assert.equal(blobUrl(board, record, 64), 'http://here/b/main/blob/b/64')
})
