import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { rgbaToThumbHash, thumbHashToRGBA } from 'thumbhash'
import { drawBlur } from './blur.ts'

/** Both round the last bit in their own way. */
const TOLERANCE_COUNT = 1

test('L61: a blur is what the package of the format draws, with and without alpha', () => {
  for (const [width, height] of [
    [32, 24],
    [24, 32],
    [32, 32],
    [100, 9],
  ] as const)
    for (const isOpaque of [true, false]) {
      const pixels = randomBytes(width * height * 4)
      if (isOpaque) for (let i = 3; i < pixels.length; i += 4) pixels[i] = 255
      const hash = rgbaToThumbHash(width, height, pixels)
      const { w, h, rgba } = thumbHashToRGBA(hash)
      const { data, channels } = drawBlur(hash, w, h)
      assert.equal(channels, isOpaque ? 3 : 4)
      for (let i = 0; i < w * h; i++)
        for (let n = 0; n < channels; n++) {
          const difference = Math.abs(data[i * channels + n]! - rgba[i * 4 + n]!)
          assert.ok(difference <= TOLERANCE_COUNT, `${pixels.toString('hex')}: pixel ${i}`)
        }
    }
})
