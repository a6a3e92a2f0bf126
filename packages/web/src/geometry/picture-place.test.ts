import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  lagging,
  laggingScale,
  largestScale,
  placeBetween,
  scaledAt,
  WHOLE,
  withinBounds,
} from './picture-place.ts'

const frame = { w: 400, h: 600 }
const whole = { w: 400, h: 300 }

test('G34: what is under the fingers stays there while a picture is zoomed', () => {
  const at = { x: 120, y: -80 }
  const zoomed = scaledAt({ scale: 1.5, x: 30, y: 10 }, 4.5, at)
  const under = (place: typeof zoomed) => [
    (at.x - place.x) / place.scale,
    (at.y - place.y) / place.scale,
  ]
  assert.deepEqual(under(zoomed), under({ scale: 1.5, x: 30, y: 10 }))
  // On the way there, too.
  const from = { scale: 1.5, x: 30, y: 10 }
  for (const t of [0, 0.3, 0.8, 1])
    for (const [i, value] of under(placeBetween(from, zoomed, t)).entries())
      assert.ok(Math.abs(value - under(from)[i]!) < 1e-9)
})

test('G35: a zoomed picture leaves no gap at one edge while it goes on beyond the other', () => {
  // Twice as large it is 800 x 600: as high as its frame, and twice as wide.
  assert.deepEqual(withinBounds({ scale: 2, x: 900, y: 50 }, whole, frame), {
    scale: 2,
    x: 200,
    y: 0,
  })
  assert.deepEqual(withinBounds({ scale: 2, x: -900, y: -1 }, whole, frame), {
    scale: 2,
    x: -200,
    y: 0,
  })
  assert.deepEqual(withinBounds({ scale: 1, x: 7, y: 7 }, whole, frame), WHOLE)
  const free = { scale: 4, x: 100, y: 290 }
  assert.deepEqual(withinBounds(free, whole, frame), free)
})

test('G35: beyond its bounds a picture lags behind the finger, and a pinch behind the fingers', () => {
  const drawn = lagging({ scale: 2, x: 300, y: 0 }, whole, frame)
  assert.ok(drawn.x > 200 && drawn.x < 260)
  assert.equal(laggingScale(3, 4), 3)
  assert.ok(laggingScale(0.5, 4) > 0.5 && laggingScale(0.5, 4) < 1)
  assert.ok(laggingScale(8, 4) > 4 && laggingScale(8, 4) < 8)
})

test('G34: every picture can be zoomed four times, and a detailed one until its pixels are seen', () => {
  assert.equal(largestScale(300, 390), 4)
  assert.equal(largestScale(3_900, 390), 20)
})
