import assert from 'node:assert/strict'
import { test } from 'node:test'
import sharp from 'sharp'
import { openFixture } from '../support/e2e-fixture.ts'
import { drawPicture } from '../support/pictures.ts'

const { fixture, samples } = await openFixture()

test('P11: the sender never sees a white box in place of a picture', async (t) => {
  // Dark, large, and so slow to decode that many frames are shown before.
  const dark = sharp(await drawPicture({ width: 6000, height: 4500, quality: 90 }))
  const photo = await samples.write(
    'dark.jpg',
    await dark.linear(0.3, 0).jpeg({ quality: 90 }).toBuffer(),
  )
  const { anna } = await fixture.openPair(t, 'wire.test')
  await anna.dragOver([photo], { x: 700, y: 400 })
  const sheet = await anna.page.evaluate(() => {
    const probe = document.body.appendChild(document.createElement('i'))
    probe.style.color = 'var(--sheet)'
    const { color } = getComputedStyle(probe)
    probe.remove()
    return color.match(/\d+/g)!.map(Number)
  })
  const screencast = await anna.startScreencast()
  await anna.drop([photo], { x: 700, y: 400 })
  const [tile] = await anna.waitForPainted(1, 'stored')
  const frames = await screencast.cut()
  const middle = {
    left: Math.round(tile!.x + tile!.w * 0.25),
    top: Math.round(tile!.y + tile!.h * 0.2),
    width: Math.round(tile!.w * 0.5),
    height: Math.round(tile!.h * 0.3),
  }
  const colours = await Promise.all(
    frames.map(async (frame) => {
      // Statistics are those of the input, whatever is cut out of it.
      const { channels } = await sharp(await sharp(frame).extract(middle).png().toBuffer()).stats()
      return channels.slice(0, 3).map(({ mean }) => Math.round(mean))
    }),
  )
  t.diagnostic(colours.map(String).join(' '))
  const isWhite = (colour: number[]): boolean =>
    colour.every((value, i) => Math.abs(value - sheet[i]!) < 6)
  assert.deepEqual(colours.filter(isWhite), [])
})

test('P11: the preview stands below the own file until the browser has drawn that', async (t) => {
  const photo = await samples.draw('own.jpg', { width: 2000, height: 1500 })
  const page = await fixture.openPage(t, 'wire.test', await fixture.newBoard())
  // As on a slow phone: the files of pictures take long to decode.
  await page.page.evaluate(() => {
    const { promise, resolve } = Promise.withResolvers<void>()
    Object.assign(window, { release: resolve })
    const { decode } = HTMLImageElement.prototype
    HTMLImageElement.prototype.decode = async function (this: HTMLImageElement) {
      if (this.classList.contains('picture')) await promise
      return decode.call(this)
    }
  })
  await page.drop([photo], { x: 700, y: 400 })
  await page.page.locator('[data-image] .preview.ready').first().waitFor()
  await page.page.evaluate(() => (window as unknown as { release(): void }).release())
  await page.waitUntil(() => !document.querySelector('[data-image] :is(.preview, .blur)'), null)
  await page.waitForPainted(1, 'stored')
})
