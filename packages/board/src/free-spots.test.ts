import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { FreeSpots } from './free-spots.ts'
import { type Box, boxOf, ROW_HEIGHT_UNITS } from './layout.ts'
import { limits } from './limits.ts'
import type { ImageRecord } from './records.ts'

const size = fc.integer({ min: 1, max: 2_000 })
const place = fc.integer({ min: -5_000, max: 5_000 })

const overlap = (a: Box, b: Box): boolean =>
  a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h

const image = (fields: Partial<ImageRecord>) =>
  ({
    kind: 'image',
    x: 0,
    y: 0,
    w: 320,
    width: 400,
    height: 300,
    deletedAt: null,
    ...fields,
  }) as ImageRecord

type Shape = readonly [width: number, height: number]

/** Shapes as phones, screens and scripts send them. */
const SHAPES: Record<string, readonly Shape[]> = {
  landscape: [[4_032, 3_024]],
  portrait: [[3_024, 4_032]],
  prints: [[2_000, 3_000]],
  square: [[1_080, 1_080]],
  screenshots: [
    [1_080, 2_400],
    [1_170, 2_532],
  ],
  mixed: [
    [4_032, 3_024],
    [3_024, 4_032],
    [4_032, 3_024],
    [1_920, 1_080],
    [3_024, 4_032],
    [4_000, 3_000],
    [1_080, 2_400],
    [1_080, 1_080],
    [9_000, 1_500],
    [64, 64],
    [4_032, 3_024],
    [1_080, 6_000],
    [200, 120],
  ],
}

/** Adds so many pictures of these shapes, one after the other. */
function grow(count: number, shapes: readonly Shape[], records: ImageRecord[] = []): ImageRecord[] {
  const spots = new FreeSpots(records)
  for (let n = 0; n < count; n++) {
    const [width, height] = shapes[n % shapes.length]!
    const added = image({ width, height, ...spots.find({ width, height }) })
    spots.note(undefined, added)
    records.push(added)
  }
  return records
}

function aspect(records: readonly ImageRecord[]): number {
  const boxes = records.map(boxOf)
  const [left, top] = [Math.min(...boxes.map(({ x }) => x)), Math.min(...boxes.map(({ y }) => y))]
  const right = Math.max(...boxes.map(({ x, w }) => x + w))
  const bottom = Math.max(...boxes.map(({ y, h }) => y + h))
  return (right - left) / (bottom - top)
}

/** Asserts that none of these covers another: only pictures of the same stretch of height are compared. */
function assertApart(records: readonly ImageRecord[]): void {
  const boxes = records.map(boxOf).sort((a, b) => a.y - b.y)
  for (const [i, a] of boxes.entries())
    for (let j = i + 1; j < boxes.length && boxes[j]!.y < a.y + a.h; j++)
      assert.equal(
        overlap(a, boxes[j]!),
        false,
        `${JSON.stringify(a)}, ${JSON.stringify(boxes[j])}`,
      )
}

describe('free spots', () => {
  for (const [name, shapes] of Object.entries(SHAPES))
    test(`P30, P62: ${name}: the board stays near 1.6 : 1, however many come`, () => {
      const records: ImageRecord[] = []
      const each = Array.from({ length: 77 }, (_, i) => 24 + i)
      for (const count of [12, ...each, 500, 2_000]) {
        grow(count - records.length, shapes, records)
        const ratio = aspect(records)
        assert.ok(ratio > 1.3 && ratio < 2, `${count}: ${ratio}`)
      }
      assertApart(records)
    })

  test('P30: each row has one height, but for what is too low, too wide or too tall for it', () => {
    const records = grow(
      500,
      SHAPES['mixed']!.filter(([w, h]) => h >= 300 && w / h < 5 && h / w < 2.4),
    )
    for (const record of records)
      assert.ok(Math.abs(boxOf(record).h - ROW_HEIGHT_UNITS) < 0.1, `${boxOf(record).h}`)
    const rows = Map.groupBy(records, ({ y }) => y)
    assert.ok(rows.size > 10 && rows.size < 22, `${rows.size} rows`)
    for (const row of rows.values()) assert.equal(Math.min(...row.map(({ x }) => x)), -160)
  })

  test('R6: the spot is over no picture, however they stand', () => {
    const boxes = fc.array(fc.record({ x: place, y: place, w: size, width: size, height: size }), {
      maxLength: 30,
    })
    const wanted = fc.array(
      fc.record({ width: size, height: size, w: fc.option(size, { nil: undefined }) }),
      { minLength: 1, maxLength: 10 },
    )
    fc.assert(
      fc.property(boxes, wanted, (all, more) => {
        const records = all.map(image)
        const spots = new FreeSpots(records)
        for (const { width, height, w } of more) {
          const added = image({ width, height, ...spots.find({ width, height, w }) })
          for (const record of records) assert.equal(overlap(boxOf(added), boxOf(record)), false)
          spots.note(undefined, added)
          records.push(added)
        }
      }),
    )
  })

  test('P31: a spot depends on where pictures stand, and not on how that came to be', () => {
    const change = fc.record({
      n: fc.nat({ max: 12 }),
      x: place,
      y: place,
      isTrashed: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.array(change, { maxLength: 60 }), (changes) => {
        const records = new Map<number, ImageRecord>()
        const spots = new FreeSpots()
        for (const { n, x, y, isTrashed } of changes) {
          const next = image({ x, y, deletedAt: isTrashed ? 1 : null })
          spots.note(records.get(n), next)
          records.set(n, next)
          const wanted = { width: 640, height: 480 }
          assert.deepEqual(spots.find(wanted), new FreeSpots(records.values()).find(wanted))
        }
      }),
    )
  })

  test('P30: beside a tower, pictures fill up to the same shape, and cover nothing of it', () => {
    const tower = Array.from({ length: 100 }, (_, n) => image({ x: -160, y: -120 + n * 61, w: 73 }))
    const records = grow(700, SHAPES['mixed']!, [...tower])
    for (const [i, record] of tower.entries()) assert.equal(records[i], record)
    assert.ok(aspect(records) > 1.3 && aspect(records) < 2, `${aspect(records)}`)
    const added = records.slice(tower.length)
    for (const a of tower) for (const b of added) assert.equal(overlap(boxOf(a), boxOf(b)), false)
    assertApart(added)
  })

  test('P30: new ones come to where the pictures are, though a few lie far away', () => {
    const there = grow(60, SHAPES['landscape']!).map((each) => ({ ...each, x: each.x + 40_000 }))
    const far = image({ x: -900_000, y: -900_000 })
    const spot = new FreeSpots([...there, far]).find({ width: 400, height: 300 })
    const right = Math.max(...there.map(({ x, w }) => x + w))
    assert.ok(spot.x >= 39_000 && spot.x < right + 400, `${spot.x}`)
    assert.ok(spot.y >= -400 && spot.y < 5_000, `${spot.y}`)
  })

  test('P30: the place of one that is gone is taken again', () => {
    const records = grow(40, SHAPES['landscape']!)
    const spots = new FreeSpots(records)
    const [gone] = records.splice(17, 1)
    spots.note(gone, undefined)
    const { x, y, w } = gone!
    assert.deepEqual(spots.find({ width: 400, height: 300 }), { x, y, w })
    spots.note(undefined, { ...gone!, deletedAt: 1 })
    assert.deepEqual(spots.find({ width: 400, height: 300 }), { x, y, w })
  })

  test('P32: finding a spot looks at no picture, on a board of ten thousand', () => {
    const records = grow(10_000, SHAPES['mixed']!)
    let looks = 0
    const counted = records.map((record) => ({
      ...record,
      get x() {
        looks++
        return record.x
      },
    }))
    const spots = new FreeSpots(counted)
    spots.find({ width: 400, height: 300 })
    const once = looks
    assert.ok(once >= records.length)
    for (let n = 0; n < 100; n++)
      spots.note(undefined, image({ ...spots.find({ width: 400, height: 300 }) }))
    assert.equal(looks, once)
  })

  test('R6, R12: no spot lies out of reach, however far out or large the others are', () => {
    const huge = image({ w: limits.maxPictureWidth, width: 1, height: limits.maxSidePixels })
    for (const others of [
      [huge],
      [image({ y: limits.maxCoordinate })],
      [image({ x: limits.maxCoordinate, y: -limits.maxCoordinate }), huge],
    ]) {
      const spots = new FreeSpots(others)
      for (let n = 0; n < 5; n++) {
        const added = image({ ...spots.find({ width: 400, height: 300 }) })
        for (const other of others) assert.equal(overlap(boxOf(added), boxOf(other)), false)
        assert.ok(Math.max(Math.abs(added.x), Math.abs(added.y)) <= limits.maxCoordinate)
        spots.note(undefined, added)
        others.push(added)
      }
    }
  })

  test('R25: a new picture is neither narrower nor lower than 100 units', () => {
    const side = fc.integer({ min: 1, max: 65_535 })
    fc.assert(
      fc.property(side, side, (width, height) => {
        const { w } = new FreeSpots().find({ width, height })
        const h = (w * height) / width
        const isThin = Math.max(width / height, height / width) > 200
        assert.ok(isThin || Math.min(w, h) >= 99.9, `${width} x ${height}: ${w} x ${h}`)
        assert.ok(Math.max(w, h) <= 65_535, `${width} x ${height}: ${w} x ${h}`)
      }),
    )
  })
})
