import assert from 'node:assert/strict'
import { test } from 'node:test'
import { around } from '@wirephoto/board'
import { contains } from './box.ts'
import {
  between,
  fitting,
  MAX_ZOOM,
  MIN_ZOOM,
  revealing,
  toBoard,
  toScreen,
  type View,
  viewBox,
  zoomed,
  zoomStep,
} from './view.ts'

const size = { w: 1440, h: 900 }
const insets = { top: 72, right: 24, bottom: 88, left: 24 }
const view: View = { x: -300, y: 120, zoom: 0.5 }

test('what is under the pointer stays there while zooming', () => {
  const at = { x: 333, y: 777 }
  const before = toBoard(view, at)
  const after = toScreen(zoomed(view, 3, at), before)
  assert.ok(Math.hypot(after.x - at.x, after.y - at.y) < 1e-9)
})

test('zoom stays within its bounds', () => {
  assert.equal(zoomed(view, 1e9, { x: 0, y: 0 }).zoom, MAX_ZOOM)
  assert.equal(zoomed(view, 0, { x: 0, y: 0 }).zoom, MIN_ZOOM)
})

test('zoom steps pass through 100 % both ways', () => {
  assert.equal(zoomStep(zoomStep(1, 1), -1), 1)
  assert.equal(zoomStep(0.9, 1), 1)
  assert.equal(zoomStep(1.1, -1), 1)
})

test('a fitted box is whole, clear of the chrome, and never above 100 %', () => {
  const box = { x: -5000, y: 900, w: 12000, h: 3000 }
  const fitted = fitting(box, size, insets)
  assert.ok(contains(viewBox(fitted, size), box))
  assert.ok(toScreen(fitted, box).x >= insets.left - 1e-6)
  assert.equal(fitting({ x: 0, y: 0, w: 10, h: 10 }, size, insets).zoom, 1)
})

test('P35: a single picture is fitted to 60 % of the shorter side, and never cut', () => {
  const small = { x: 500, y: -70, w: 120, h: 100 }
  const wide = fitting(small, size, insets, 'single')
  assert.ok(Math.abs(small.h * wide.zoom - 0.6 * 900) < 1e-6)
  const phone = { w: 390, h: 844 }
  const tall = fitting(small, phone, insets, 'single')
  assert.ok(Math.abs(small.w * tall.zoom - 0.6 * 390) < 1e-6)
  for (const box of [
    { ...small, w: 2_000 },
    { ...small, h: 5_000 },
    { ...small, w: 3_000, h: 30 },
  ])
    assert.ok(contains(viewBox(fitting(box, size, insets, 'single'), size), box))
  // It is not made smaller by that.
  const large = { x: 0, y: 0, w: 1_200, h: 700 }
  assert.deepEqual(fitting(large, size, insets, 'single'), fitting(large, size, insets))
  assert.equal(fitting({ ...small, w: 1, h: 1 }, size, insets, 'single').zoom, MAX_ZOOM)
})

test('P70: a box is enlarged up to the zoom that its pictures have pixels for, and never cut', () => {
  const few = { x: 0, y: 0, w: 600, h: 240 }
  assert.equal(fitting(few, size, insets, 1.5).zoom, 1.5)
  assert.equal(fitting(few, size, insets, 0.4).zoom, 1, 'coarse pictures stand as they are')
  const wide = fitting(few, size, insets, 9)
  assert.ok(contains(viewBox(wide, size), few))
  assert.ok(Math.abs(few.w * wide.zoom - (size.w - insets.left - insets.right)) < 1e-6)
})

test('revealing moves no further than needed', () => {
  const inside = { x: 0, y: 400, w: 100, h: 100 }
  assert.deepEqual(revealing(view, inside, size, insets), view)
  const right = { x: 4000, y: 400, w: 100, h: 100 }
  const moved = revealing(view, right, size, insets)
  assert.equal(moved.y, view.y)
  assert.ok(Math.abs(toScreen(moved, { x: 4100, y: 0 }).x - (size.w - insets.right)) < 1e-6)
})

test('a flight ends where it should, and a zoom about a point keeps it all the way', () => {
  const at = { x: 100, y: 200 }
  const to = zoomed(view, 4, at)
  assert.equal(between(view, to, size, 1), to)
  for (const t of [0, 0.3, 0.7]) {
    const there = toScreen(between(view, to, size, t), toBoard(view, at))
    assert.ok(Math.hypot(there.x - at.x, there.y - at.y) < 1e-6, `at ${t}`)
  }
})

test('the box around none is null', () => {
  assert.equal(around([]), null)
  assert.deepEqual(
    around([
      { x: 1, y: 2, w: 3, h: 4 },
      { x: -1, y: 0, w: 1, h: 1 },
    ]),
    {
      x: -1,
      y: 0,
      w: 5,
      h: 6,
    },
  )
})
