import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { type TestContext, test } from 'node:test'
import { overlayWords } from '@wirephoto/web/words/overlay'
import { openFixture } from '../support/e2e-fixture.ts'
import { type BoardPage, setHidden } from '../support/page.ts'
import { watchForBlanks } from '../support/progress-line.ts'

const { fixture, samples } = await openFixture()
const photo = await samples.photo()

test('V1: it is as sharp as the screen, sharper when one comes nearer, and never blank', async (t) => {
  const ben = await openViewer(t)
  assert.equal(await longestSideOf(ben), 320)
  const watch = await watchForBlanks(ben)
  for (const [least, most] of [
    [1280, 1280],
    [1281, 4048],
  ] as const) {
    for (let step = 0; step < 4; step++) await ben.page.keyboard.press('+')
    await ben.waitUntil(
      ([from, to]) => {
        const images = [...document.querySelectorAll<HTMLImageElement>('.picture')]
        const longest = images.map((image) => Math.max(image.naturalWidth, image.naturalHeight))
        return images.length === 1 && longest[0]! >= from && longest[0]! <= to
      },
      [least, most] as const,
    )
  }
  assert.deepEqual(await watch.close(), { blanks: 0 })
})

test('V1: one size smaller with data saving', async (t) => {
  const ben = await openViewer(t)
  await ben.page.addInitScript(() => {
    Object.defineProperty(navigator, 'connection', { value: { saveData: true } })
  })
  await ben.page.reload()
  await ben.waitForPainted(1, 'stored')
  assert.equal(await longestSideOf(ben), 64)
})

test('a picture shows its blur as soon as possible, and until it is decoded', async (t) => {
  const ben = await openViewer(t)
  const { page } = ben
  const { promise: wanted, resolve: want } = Promise.withResolvers<void>()
  const { promise: free, resolve: release } = Promise.withResolvers<void>()
  await page.route('**/assets/thumbhash-*.js', async (route) => {
    want()
    await free
    await route.continue()
  })
  await page.route('**/blob/**', async (route) => {
    await page.locator('img.blur[src^="data:image/png"]').waitFor()
    await route.continue()
  })
  // A request that is held back holds back the end of loading, too.
  await page.reload({ waitUntil: 'commit' })
  await wanted
  await page.locator('[data-image] .blank').waitFor({ state: 'attached' })
  assert.equal(await page.locator('[data-image] .blur').count(), 0)
  release()
  await ben.waitForPainted(1, 'stored')
  await page.locator('.blur').waitFor({ state: 'detached' })
})

test('A3: a picture counts as seen when it is painted in view on a visible tab, not before', async (t) => {
  const { anna, ben } = await fixture.openPair(t, 'localhost')
  await setHidden(ben, true)
  await anna.drop([photo], { x: 500, y: 400 })
  await ben.waitForPainted(1, 'stored')
  await anna.waitForPainted(1, 'stored')
  const seen = anna.page.locator('.picture-info', { hasText: overlayWords.seenBy(1, 1) })
  for (let i = 0; i < 20; i++) await ben.nextFrame()
  assert.equal(await seen.count(), 0, 'on a hidden tab nobody sees it')
  await ben.page.mouse.move(700, 450)
  await ben.page.mouse.wheel(0, 1200)
  await setHidden(ben, false)
  for (let i = 0; i < 20; i++) await ben.nextFrame()
  assert.equal(await seen.count(), 0, 'nor when one looks elsewhere')
  await ben.page.mouse.wheel(0, -1200)
  await seen.waitFor()
  const [tile] = await anna.tiles()
  const description = await anna.tile(tile!.id).getAttribute('aria-description')
  assert.match(description!, /^Seen by 1 of 1: Guest [\d.]+ m?s$/)
  assert.equal(await ben.page.locator('.picture-info', { hasText: 'Seen by' }).count(), 0)
})

/** Opens a page on a board with the photo, after its variants have been made. */
async function openViewer(t: TestContext): Promise<BoardPage> {
  const board = await fixture.newBoard()
  const wireClient = await fixture.openWireClient(t, board)
  const body = await readFile(photo)
  const url = `${fixture.server.url}/api/boards/${board}/images?name=a.jpg&x=0&y=0&w=300`
  const headers = { 'content-type': 'image/jpeg' }
  const response = await fetch(url, { method: 'POST', body, headers })
  assert.equal(response.status, 201)
  await wireClient.waitForBatch(({ changes }) =>
    changes.some((change) => 'put' in change && 'variants' in change.put && change.put.variants),
  )
  // At 100 %, where 320 pixels are enough.
  const page = await fixture.openPage(t, 'localhost', `${board}#150,100,1`)
  await page.waitForPainted(1, 'stored')
  return page
}

const longestSideOf = ({ page }: BoardPage): Promise<number> =>
  page
    .locator('.picture.ready')
    .last()
    .evaluate((image: HTMLImageElement) => Math.max(image.naturalWidth, image.naturalHeight))
