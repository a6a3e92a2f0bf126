import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SlideOrder } from '../state/quiet-view.ts'
import { Slides } from './slides.ts'

const IDS = Array.from({ length: 30 }, (_, i) => `picture-${i}`)

function rounds(order: SlideOrder, count: number): string[] {
  const slides = new Slides()
  const shown: string[] = []
  let current: string | null = null
  for (let i = 0; i < count; i++) shown.push((current = slides.after(order, IDS, current)!))
  return shown
}

test('W62: a slideshow goes from the newest to the oldest, or back, and round', () => {
  assert.deepEqual(rounds('newest', 31), [...IDS, IDS[0]])
  assert.deepEqual(rounds('oldest', 31), [...IDS.toReversed(), IDS[29]])
})

test('W62: a shuffled one shows each picture once a round, and each round in another order', () => {
  const first = rounds('shuffled', 30)
  assert.deepEqual(first.toSorted(), IDS.toSorted())
  assert.notDeepEqual(first, IDS)
  assert.notDeepEqual(rounds('shuffled', 60).slice(30), first)
})

test('W62: what comes and goes on the way does not end it', () => {
  const slides = new Slides()
  assert.equal(slides.after('newest', ['b', 'c'], 'a'), 'b')
  assert.equal(slides.after('newest', ['a'], 'a'), null)
  assert.equal(slides.after('shuffled', [], null), null)
})
