import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cutTo, scaleFor } from './board-picture.ts'

test('H36: a board is drawn at most 8192 pixels long, and no larger than the browser has room for', () => {
  const area = 64_000_000
  for (const [w, h] of [
    [100, 100],
    [300_000, 200],
    [200, 300_000],
    [20_000, 20_000],
    [3_000, 2_000],
  ] as const)
    for (const maxAreaPx of [area, 16_777_216]) {
      const scale = scaleFor({ w, h }, maxAreaPx)
      const [width, height] = [(w + 48) * scale, (h + 48) * scale]
      assert.ok(Math.max(width, height) <= 8_192.01)
      assert.ok(width * height <= maxAreaPx * 1.001)
      assert.ok(scale <= 2)
    }
  assert.equal(scaleFor({ w: 100, h: 100 }, area), 2)
})

test('H42: a caption ends with its picture', () => {
  const measure = (text: string): number => Array.from(text).length * 10
  assert.equal(cutTo('Anna', 40, measure), 'Anna')
  assert.equal(cutTo('Anna and Ben', 80, measure), 'Anna an…')
  assert.equal(cutTo('Anna and Ben', 60, measure), 'Anna…')
  assert.equal(cutTo('😀😀😀', 20, measure), '😀…')
  assert.equal(cutTo('Anna', 10, measure), '')
  assert.equal(cutTo('', 10, measure), '')
})
