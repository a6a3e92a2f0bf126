import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { test } from 'node:test'
import { errorMessages } from '@wirephoto/board'
import { overlayWords } from '@wirephoto/web/words/overlay'
import { words } from '@wirephoto/web/words/page'
import { openFixture } from '../support/e2e-fixture.ts'
import { drawPicture } from '../support/pictures.ts'

const MIDDLE = { x: 600, y: 400 }

const { fixture, samples } = await openFixture()

test('G8: where there is no copy, that is said, and no Retry is offered', async (t) => {
  const board = await fixture.newBoard()
  const proxy = await fixture.openProxy(t)
  const context = await fixture.browser.newContext()
  await context.addInitScript(() => Reflect.deleteProperty(globalThis, 'indexedDB'))
  const anna = await fixture.openPage(t, 'wire.test', board, {
    port: proxy.port,
    context,
    allowedErrors: /ERR_|status of 404/,
  })
  t.after(() => context.close())
  const path = await samples.write('IMG.jpg', await largePhoto())
  proxy.up.bytesPerSecond = 200_000
  await anna.drop([path], MIDDLE)
  await anna.page.locator('[data-image][data-state="arriving"]').waitFor()
  await writeFile(path, 'something else')
  proxy.up.bytesPerSecond = Number.POSITIVE_INFINITY
  await anna.waitForToast(errorMessages['file-changed']({ name: 'IMG.jpg' }))
  await anna.page.getByText(overlayWords.notSent, { exact: true }).waitFor()
  assert.equal(await anna.page.getByRole('button', { name: words.retry }).count(), 0)
  await anna.page.getByRole('button', { name: overlayWords.remove }).click()
  await anna.waitForTiles(0)
})

/** Draws a photo that takes some seconds at 200 kB a second. */
async function largePhoto(): Promise<Buffer> {
  return drawPicture({ width: 2400, height: 1600, quality: 92 })
}
