import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ImageRecord } from '@wirephoto/board'
import { awaitsVariants, sideFor } from './resolution.ts'

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

test('V1: variants of a large file are waited for, those of a small one are not', () => {
  const waits = (fields: Partial<ImageRecord>): boolean => awaitsVariants({ ...photo, ...fields })
  assert.equal(waits({ variants: null }), true)
  assert.equal(waits({ variants: null, bytes: 40_000 }), false)
  assert.equal(waits({}), false)
})
