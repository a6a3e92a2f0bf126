import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rgbaToThumbHash } from 'thumbhash'
import { paperOf } from './thumbhash.ts'

const SIDE_PX = 32

test('P48: a dark transparent drawing gets light paper, a light one dark, and a photo none', () => {
  assert.equal(paperOf(drawing(20, 0)), 'light')
  assert.equal(paperOf(drawing(240, 0)), 'dark')
  assert.equal(paperOf(drawing(150, 0)), null)
  assert.equal(paperOf(drawing(20, 255)), null, 'an opaque one')
  assert.equal(paperOf('AA'), null, 'no thumbhash')
})

/** Returns the thumbhash of a square of one grey in the middle of a ground of this alpha. */
function drawing(grey: number, alpha: number): string {
  const pixels = new Uint8Array(SIDE_PX * SIDE_PX * 4)
  for (let i = 0; i < SIDE_PX * SIDE_PX; i++) {
    const isInk = i % SIDE_PX > 8 && i % SIDE_PX < 24
    pixels.set([grey, grey, grey, isInk ? 255 : alpha], i * 4)
  }
  return Buffer.from(rgbaToThumbHash(SIDE_PX, SIDE_PX, pixels)).toString('base64')
}
