import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  around,
  type Box,
  FreeSpots,
  GAP_UNITS,
  type ImageRecord,
  inReadingOrder,
  overlaps,
} from '@wirephoto/board'
import { type Placed, tidyBoard, tidySelected } from './tidy-places.ts'

type Boxes = ReadonlyMap<string, Box>

/** A heap of pictures of many shapes and sizes. */
const heap = (count: number): Map<string, Box> =>
  new Map(
    Array.from({ length: count }, (_, i): [string, Box] => {
      const w = 80 + (i % 7) * 31
      return [
        `${i}`,
        {
          x: 100 + ((i * 37) % 900),
          y: -50 + ((i * 53) % 700),
          w,
          h: w * [0.75, 1.33, 0.56, 1][i % 4]!,
        },
      ]
    }),
  )

const shapeOf = (id: string) => ({ w: 1_200, h: 1_200 * [0.75, 1.33, 0.56, 1][Number(id) % 4]! })

const after = (boxes: Boxes, places: ReadonlyMap<string, Placed>): Map<string, Box> =>
  new Map(
    [...boxes].map(([id, box]) => {
      const place = places.get(id) ?? box
      return [id, { ...place, h: (place.w * shapeOf(id).h) / shapeOf(id).w }]
    }),
  )

const isNear = (a: number, b: number, tolerance = 0.1): boolean => Math.abs(a - b) < tolerance

/** Asserts that pictures stand in rows of one height and one width, the last from the left, without a hole. */
function assertJustified(boxes: Boxes): void {
  const rows = Map.groupBy(boxes.values(), ({ y }) => y)
  const inOrder = [...rows]
    .sort(([a], [b]) => a - b)
    .map(([, row]) => row.sort((a, b) => a.x - b.x))
  const extent = around(boxes.values())!
  let y = extent.y
  for (const [i, row] of inOrder.entries()) {
    assert.ok(isNear(row[0]!.y, y), `row ${i} begins at ${row[0]!.y}, not ${y}`)
    let x = extent.x
    for (const box of row) {
      assert.ok(isNear(box.x, x), `a picture of row ${i} begins at ${box.x}, not ${x}`)
      assert.ok(isNear(box.h, row[0]!.h), `heights ${box.h} and ${row[0]!.h} in row ${i}`)
      x = box.x + box.w + GAP_UNITS
    }
    const right = extent.x + extent.w
    if (i < inOrder.length - 1) assert.ok(isNear(x - GAP_UNITS, right), `row ${i} ends at ${x}`)
    y += row[0]!.h + GAP_UNITS
  }
}

test('P33: five hundred pictures in a heap are tidied into justified rows near 1.6 : 1', () => {
  const boxes = heap(500)
  const tidied = after(boxes, tidyBoard(boxes))
  assertJustified(tidied)
  const { w, h } = around(tidied.values())!
  assert.ok(w / h > 1.3 && w / h < 2, `${w / h}`)
  assert.deepEqual(inReadingOrder(tidied), inReadingOrder(boxes))
})

test('P33: a few are tidied as well, and a selection takes as much room as before', () => {
  for (const count of [1, 2, 3, 5, 12, 40]) {
    assertJustified(after(heap(count), tidyBoard(heap(count))))
    const boxes = heap(count)
    const tidied = after(boxes, tidySelected(boxes))
    assertJustified(tidied)
    const area = (all: Boxes) => all.values().reduce((sum, { w, h }) => sum + w * h, 0)
    assert.ok(isNear(area(tidied) / area(boxes), 1, 0.35), `${area(tidied) / area(boxes)}`)
    assert.ok(Math.abs(around(tidied.values())!.x - around(boxes.values())!.x) < 1)
  }
})

test('P33: what is tidy stays as it is', () => {
  const boxes = heap(60)
  const once = after(boxes, tidyBoard(boxes))
  assert.deepEqual(after(once, tidyBoard(once)), once)
  const selected = after(boxes, tidySelected(boxes))
  assert.equal(tidySelected(selected).size, 0)
})

test('P34: pictures that come after Tidy go on right below the rows, from the left', () => {
  const boxes = heap(60)
  const tidied = after(boxes, tidyBoard(boxes))
  const records = [...tidied.values()].map(
    ({ x, y, w, h }) =>
      ({ kind: 'image', x, y, w, width: w, height: h, deletedAt: null }) as ImageRecord,
  )
  const { x, y, h } = around(tidied.values())!
  const spots = new FreeSpots(records)
  const added: Box[] = []
  // Room beside the last row is filled first.
  for (let n = 0; n < 30 && !added.some((each) => each.y > y + h); n++) {
    const box = { ...spots.find({ width: 400, height: 300 }), h: 240 }
    for (const other of [...tidied.values(), ...added]) assert.equal(overlaps(box, other), false)
    added.push(box)
    spots.note(undefined, { ...records[0]!, ...box, width: 400, height: 300 })
  }
  const below = added.at(-1)!
  assert.equal(below.x, x)
  assert.ok(isNear(below.y, y + h + GAP_UNITS), `${below.y} below ${y + h}`)
})

test('nothing is tidied into nothing', () => {
  assert.equal(tidyBoard(new Map()).size, 0)
  assert.equal(tidySelected(new Map()).size, 0)
})
