import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { truncate, unlink, utimes, writeFile } from 'node:fs/promises'
import { test } from 'node:test'
import { errorMessages } from '@wirephoto/board'
import { overlayWords } from '@wirephoto/web/words/overlay'
import { words } from '@wirephoto/web/words/page'
import { launchBrowserWithProfile } from '../support/browser.ts'
import { cleanupAfter } from '../support/cleanup.ts'
import { openFixture } from '../support/e2e-fixture.ts'
import type { BoardPage } from '../support/page.ts'
import { drawPicture } from '../support/pictures.ts'

const MIDDLE = { x: 600, y: 400 }

const { fixture, samples } = await openFixture()

test('G19: files that change or go while they are sent are sent on from their copies', async (t) => {
  const board = await fixture.newBoard()
  const proxy = await fixture.openProxy(t)
  const witness = await fixture.openWireClient(t, board)
  // Private windows keep a reference to the file on disk instead of a copy.
  const context = await launchBrowserWithProfile({})
  cleanupAfter(t).defer(() => context.close())
  const anna = await fixture.openPage(t, 'wire.test', board, {
    port: proxy.port,
    context,
    allowedErrors: /ERR_|status of 404/,
  })
  const changes: Record<string, (path: string) => Promise<void>> = {
    'shorter.jpg': (path) => truncate(path, 100),
    'other.jpg': (path) => writeFile(path, 'something else'),
    'gone.jpg': (path) => unlink(path),
  }
  const photos = new Map<string, string>()
  const paths: string[] = []
  for (const name of Object.keys(changes)) {
    const photo = await largePhoto(photos.size)
    photos.set(name, createHash('sha256').update(photo).digest('hex'))
    paths.push(await writeOld(name, photo))
  }
  proxy.up.bytesPerSecond = 200_000
  await anna.drop(paths, MIDDLE)
  await anna.waitForTiles(3)
  await waitForCopies(anna, 3)
  await proxy.up.waitForBytes(400_000)
  for (const [i, change] of Object.values(changes).entries()) await change(paths[i]!)
  proxy.up.bytesPerSecond = Number.POSITIVE_INFINITY
  await anna.waitForPainted(3, 'stored')
  const { records } = await witness.snapshot()
  const blobs = records.flatMap((each) => (each.kind === 'image' ? [[each.name, each.blob]] : []))
  assert.deepEqual(new Map(blobs as [string, string][]), photos)
})

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
  const path = await writeOld('IMG.jpg', await largePhoto())
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
async function largePhoto(seed = 1): Promise<Buffer> {
  return drawPicture({ width: 2400, height: 1600, quality: 92, seed })
}

/** Writes a file as of a minute ago: browsers see by the second whether a file has changed. */
async function writeOld(name: string, content: Buffer): Promise<string> {
  const path = await samples.write(name, content)
  const then = Date.now() / 1000 - 60
  await utimes(path, then, then)
  return path
}

/** Resolves when the page's database has that many files. */
async function waitForCopies({ page }: BoardPage, count: number): Promise<void> {
  await page.waitForFunction(async (wanted) => {
    const database = await new Promise<IDBDatabase>((resolve) => {
      const opening = indexedDB.open('wirephoto')
      opening.onsuccess = () => resolve(opening.result)
    })
    const counting = database.transaction('files').objectStore('files').count()
    await new Promise((resolve) => {
      counting.onsuccess = resolve
    })
    database.close()
    return counting.result === wanted
  }, count)
}
