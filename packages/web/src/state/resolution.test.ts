import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ImageRecord } from '@wirephoto/board'
import { awaitsVariant, sideFor } from './resolution.ts'

const ORIGINAL = Number.POSITIVE_INFINITY
const photo = {
  variants: [64, 320, 1280],
  animated: false,
  bytes: 8_000_000,
} as unknown as ImageRecord

const side = (fields: Partial<ImageRecord>, pixels: number, isThrifty = false): number =>
  sideFor({ ...photo, ...fields }, pixels, isThrifty)

test('V1: the smallest variant with as many pixels as the screen, else the file', () => {
  assert.deepEqual(
    [20, 64, 65, 320, 321, 1280, 1281].map((pixels) => side({}, pixels)),
    [64, 64, 320, 320, 1280, 1280, ORIGINAL],
  )
  assert.equal(side({ variants: [64] }, 100), ORIGINAL)
  assert.equal(side({ variants: null }, 10), ORIGINAL)
})

test('V1: one size smaller where data are dear', () => {
  assert.deepEqual(
    [20, 65, 321, 1281, 5000].map((pixels) => side({}, pixels, true)),
    [64, 64, 320, 1280, 1280],
  )
})

test('V1: what moves is loaded as it is, but for the smallest', () => {
  assert.deepEqual(
    [64, 65, 1280].map((pixels) => side({ animated: true }, pixels)),
    [64, ORIGINAL, ORIGINAL],
  )
})

test('P2: a variant to come is awaited where it will have pixels enough', () => {
  const file = { width: 4000, height: 3000, type: 'image/jpeg', variants: null } as const
  const awaits = (fields: Partial<ImageRecord>, pixels: number): boolean =>
    awaitsVariant({ ...photo, ...file, ...fields } as ImageRecord, pixels)
  assert.deepEqual(
    [20, 320, 1280, 1281].map((pixels) => awaits({}, pixels)),
    [true, true, true, false],
  )
  assert.equal(awaits({ variants: [] }, 320), false)
  assert.equal(awaits({ bytes: 4_000 }, 320), true)
  assert.equal(awaits({ width: 300, height: 200 }, 200), false)
  assert.equal(awaits({ animated: true }, 320), false)
})
