import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MosaicTurns } from './mosaic-turns.ts'

const pictures = (count: number) =>
  Array.from({ length: count }, (_, i) => ({ id: `p${i}`, ratio: i % 3 === 0 ? 0.75 : 1.5 }))

/** Returns the number of tiles whose picture is another. */
const changeCount = (before: readonly string[], after: readonly string[]): number =>
  after.filter((id, i) => id !== before[i]).length

test('W61: one tile is changed at a time, and each of 200 pictures takes its turn', () => {
  const all = pictures(200)
  const turns = new MosaicTurns()
  turns.settle(all, 40)
  const ratios = turns.tiles.map((id) => all.find((each) => each.id === id)!.ratio)
  const seen = new Set(turns.tiles)
  for (let i = 0; i < 160; i++) {
    const before = turns.tiles
    turns.change(all, ratios)
    assert.equal(changeCount(before, turns.tiles), 1)
    assert.equal(new Set(turns.tiles).size, 40, 'none twice')
    for (const id of turns.tiles) seen.add(id)
  }
  assert.equal(seen.size, 200)
})

test('W61: a picture goes where its shape fits, if there is such a tile', () => {
  const all = pictures(60)
  const turns = new MosaicTurns()
  turns.settle(all, 40)
  const ratios = turns.tiles.map((id) => all.find((each) => each.id === id)!.ratio)
  for (let i = 0; i < 20; i++) turns.change(all, ratios)
  for (const [i, id] of turns.tiles.entries())
    assert.equal(all.find((each) => each.id === id)!.ratio, ratios[i])
})

test('W61: where every picture has a tile, two of like shape change places', () => {
  const all = pictures(5)
  const turns = new MosaicTurns()
  turns.settle(all, 40)
  const before = turns.tiles
  turns.change(all, [0.75, 1.5, 1.5, 0.75, 1.5])
  assert.equal(changeCount(before, turns.tiles), 2)
  assert.deepEqual(turns.tiles.toSorted(), before.toSorted())
})

test('W61: pictures of unlike shapes stay where they are', () => {
  const all = [
    { id: 'wide', ratio: 3 },
    { id: 'tall', ratio: 0.5 },
  ]
  const turns = new MosaicTurns()
  turns.settle(all, 40)
  turns.change(all, [3, 0.5])
  assert.deepEqual(turns.tiles, ['wide', 'tall'])
})

test('W57: the tile of a removed picture is taken by another, or goes', () => {
  const all = pictures(41)
  const turns = new MosaicTurns()
  turns.settle(all, 40)
  assert.equal(turns.settle(all.slice(1), 40), false)
  assert.equal(turns.tiles[0], 'p40')
  assert.equal(turns.settle(all.slice(2), 40), true)
  assert.equal(turns.tiles.length, 39)
  assert.ok(!turns.tiles.includes('p1'))
  assert.equal(turns.settle(all.slice(2), 12), true, 'a smaller screen has fewer')
  assert.equal(turns.tiles.length, 12)
})
