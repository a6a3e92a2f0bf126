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

test("A40: the sender's own picture is what is shown first, not an empty box or its strip", async (t) => {
  const photo = await samples.draw('first.jpg', { width: 2000, height: 1500 })
  const page = await fixture.openPage(t, 'wire.test', await fixture.newBoard())
  await page.page.evaluate(() => {
    const firsts: { isBlank: boolean; opacities: number[] }[] = []
    Object.assign(window, { firsts })
    const known = new Set<Element>()
    const look = (): void => {
      for (const tile of document.querySelectorAll('[data-image]')) {
        if (known.has(tile)) continue
        known.add(tile)
        const box = tile.querySelector('.picture-image')!
        const parts = [box, ...tile.querySelectorAll('.picture-info')]
        const opacities = parts.map((part) => Number(getComputedStyle(part).opacity))
        firsts.push({ isBlank: box.classList.contains('blank'), opacities })
      }
      requestAnimationFrame(look)
    }
    requestAnimationFrame(look)
  })
  await page.drop([photo, photo], { x: 500, y: 300 })
  await page.waitForPainted(2, 'stored')
  const firsts = await page.page.evaluate(
    () => (window as unknown as { firsts: { isBlank: boolean; opacities: number[] }[] }).firsts,
  )
  assert.equal(firsts.length, 2)
  for (const { isBlank, opacities } of firsts)
    assert.ok(!isBlank || opacities.every((opacity) => opacity === 0), opacities.join())
  const opacity = await page.page
    .locator('.picture-image')
    .first()
    .evaluate((box) => getComputedStyle(box).opacity)
  assert.equal(opacity, '1')
})

test('A41, A42: the first pictures on an empty board stand in view at once, and many don’t move', async (t) => {
  const photo = await samples.draw('one-of-many.jpg', { width: 1200, height: 900 })
  const { anna, ben } = await fixture.openPair(t, 'wire.test')
  const recordings = [await anna.recordTiles(), await ben.recordTiles()]
  await anna.drop(
    Array.from({ length: 30 }, () => photo),
    { x: 700, y: 300 },
  )
  for (const page of [anna, ben]) await page.waitForTiles(30)
  for (const page of [anna, ben]) await page.waitForPainted(30)
  for (const recording of recordings) {
    const { landings, states: byTile } = await recording.close()
    assert.equal(landings, 0)
    for (const states of byTile.values()) {
      // The first frame may come before the view that its picture asks for.
      const places = new Set(states.map(({ x, y, w, h }) => [x, y, w, h].join()))
      assert.ok(places.size <= 2, [...places].join(' | '))
    }
  }
})
