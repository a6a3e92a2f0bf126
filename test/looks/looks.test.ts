import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import type { Page } from 'playwright-core'
import { launchBrowser } from '../support/browser.ts'
import { cleanupAfter } from '../support/cleanup.ts'
import { InProcessServer } from '../support/in-process-server.ts'
import { Comparer } from './compare.ts'
import { makeSamples } from './samples.ts'
import { MAX_DIFFERENCE_UNITS } from './view.ts'

/** A blur has a few bits for its mean colour. */
const BLUR_TOLERANCE_UNITS = 20

const stack = cleanupAfter()
let page: Page
let server: InProcessServer

before(async () => {
  server = stack.adopt(await InProcessServer.open(), (each) => each.close())
  const browser = stack.adopt(await launchBrowser(), (each) => each.close())
  page = await browser.newPage()
})

test('V18 to V23: every smaller picture looks as Chromium draws the file', async (t) => {
  await using comparer = await Comparer.open(server, page)
  const faults: string[] = []
  let worst = 0
  for (const sample of await makeSamples()) {
    const { name } = sample
    const comparison = await comparer.compare(sample)
    if (!comparison) {
      faults.push(`${name}: nothing here draws it`)
      continue
    }
    if (!comparison.hasItsSize) faults.push(`${name}: another size`)
    for (const { label, coarseDifference } of comparison.looks) {
      worst = Math.max(worst, coarseDifference)
      if (coarseDifference > MAX_DIFFERENCE_UNITS)
        faults.push(`${name}, ${label}: ${coarseDifference.toFixed(2)}`)
    }
    if (comparison.blurDifference > BLUR_TOLERANCE_UNITS)
      faults.push(`${name}, blur: ${comparison.blurDifference.toFixed(0)}`)
  }
  assert.deepEqual(faults, [])
  t.diagnostic(`the greatest mean difference is ${worst.toFixed(2)} of 255`)
})
