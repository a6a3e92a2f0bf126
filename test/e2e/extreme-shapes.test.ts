import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import sharp from 'sharp'
import { DESKTOP_VIEWPORT, openFixture, PHONE } from '../support/e2e-fixture.ts'
import type { BoardPage } from '../support/page.ts'

const { fixture, samples } = await openFixture()
let tall: string
let wide: string
let tiny: string

before(async () => {
  tall = await drawStripes('tall.png', 1080, 9000)
  wide = await drawStripes('wide.png', 9000, 1080)
  tiny = await drawStripes('tiny.png', 20, 20)
})

test('R25: no shape stands so thin or so small that it can not be seen', async (t) => {
  const board = await fixture.newBoard()
  const page = await fixture.openPage(t, 'wire.test', board)
  await page.page.setInputFiles('#choose-files', [tall, wide, tiny])
  await page.waitForPainted(3, 'stored')
  const zoom = await page.page
    .locator('.world')
    .evaluate((world) => new DOMMatrix((world as HTMLElement).style.transform).a)
  for (const { label, w, h } of await page.tiles())
    assert.ok(Math.min(w, h) / zoom > 99, `${label}: ${w / zoom} x ${h / zoom} units`)
})

test('P8: handles never lie over a small picture', async (t) => {
  for (const options of [{ viewport: DESKTOP_VIEWPORT }, PHONE]) {
    const page = await fixture.openPage(t, 'wire.test', await fixture.newBoard(), options)
    await page.page.setInputFiles('#choose-files', [tiny])
    await page.waitForPainted(1, 'stored')
    await page.page.keyboard.press('Tab')
    await page.waitUntil(() => !document.querySelector('.world.moving'), null)
    const [before] = await page.tiles()
    await page.page.mouse.click(before!.x + before!.w / 2, before!.y + before!.h / 2)
    // As small as a fingertip.
    while ((await page.tiles())[0]!.w > 40) await page.page.keyboard.press('<')
    const [tile] = await page.tiles()
    await page.page.locator('.handle.se').waitFor()
    const taken = await page.page.evaluate(({ x, y, w, h }) => {
      const found: string[] = []
      for (let i = 0; i <= 8; i++)
        for (let j = 0; j <= 8; j++) {
          const at = document.elementFromPoint(x + 1 + (i * (w - 2)) / 8, y + 1 + (j * (h - 2)) / 8)
          if (at?.closest('.handle')) found.push(at.className)
        }
      return found
    }, tile!)
    assert.deepEqual(taken, [])
  }
})

test('P9: the large view shows a tall picture at the width of the screen, and scrolls it', async (t) => {
  const page = await openLarge(t, DESKTOP_VIEWPORT)
  const { keyboard, mouse } = page.page
  const frame = page.page.locator('.lightbox .frame')
  const width = (await frame.boundingBox())!.width
  await page.waitUntil(
    (least) => document.querySelector('.large')!.getBoundingClientRect().width > least,
    width * 0.95,
  )
  const top = () => frame.evaluate((element) => element.scrollTop)
  assert.equal(await top(), 0)
  await keyboard.press('ArrowDown')
  const byArrow = await top()
  assert.ok(byArrow > 50)
  await keyboard.press('PageDown')
  const byPage = await top()
  assert.ok(byPage > byArrow + 300)
  await mouse.move(600, 400)
  await mouse.wheel(0, 400)
  await page.waitUntil(
    (past) => document.querySelector('.lightbox .frame')!.scrollTop > past,
    byPage + 300,
  )
  assert.equal(await frame.getAttribute('tabindex'), '0')
  // At the end, the key leads on to the next picture, which is seen whole.
  await frame.evaluate((element) => element.scrollTo(0, element.scrollHeight))
  await keyboard.press('PageDown')
  const panorama = page.page.getByRole('img', { name: 'wide.png' })
  await panorama.waitFor()
  const box = (await panorama.boundingBox())!
  assert.ok(box.x >= 0 && box.x + box.width <= DESKTOP_VIEWPORT.width, 'all of it is in view')
  assert.ok(box.width > width * 0.95)
  assert.equal(await top(), 0)
})

test('P18: Space scrolls a tall picture, and the keys go on from it to the next', async (t) => {
  const page = await openLarge(t, DESKTOP_VIEWPORT)
  const { keyboard } = page.page
  await keyboard.press('Space')
  await page.waitUntil(() => document.querySelector('.lightbox .frame')!.scrollTop > 300, null)
  await keyboard.press('ArrowRight')
  await page.page.getByRole('img', { name: 'wide.png' }).waitFor()
  await keyboard.press('ArrowLeft')
  await page.page.getByRole('img', { name: 'tall.png' }).waitFor()
})

test('P9: a finger scrolls a tall picture, and closes nothing by that', async (t) => {
  const page = await openLarge(t, PHONE.viewport, { hasTouch: true, isMobile: true })
  const frame = page.page.locator('.lightbox .frame')
  await page.touch('touchStart', { x: 195, y: 600 })
  for (let y = 580; y >= 200; y -= 20) await page.touch('touchMove', { x: 195, y })
  await page.touch('touchEnd')
  await page.waitUntil(() => document.querySelector('.lightbox .frame')!.scrollTop > 200, null)
  await page.touch('touchStart', { x: 195, y: 200 })
  for (let y = 220; y <= 600; y += 20) await page.touch('touchMove', { x: 195, y })
  await page.touch('touchEnd')
  await page.waitUntil(() => document.querySelector('.lightbox .frame')!.scrollTop < 200, null)
  assert.equal(await frame.count(), 1)
  // Sideways it is still the next picture.
  await page.touch('touchStart', { x: 300, y: 400 })
  for (let x = 280; x >= 100; x -= 20) await page.touch('touchMove', { x, y: 400 })
  await page.touch('touchEnd')
  await page.page.getByRole('img', { name: 'wide.png' }).waitFor()
})

/** Opens a board with the tall and the wide picture, and the tall one large. */
async function openLarge(
  t: Parameters<typeof fixture.openPage>[0],
  viewport: { width: number; height: number },
  options = {},
): Promise<BoardPage> {
  const board = await fixture.newBoard()
  const page = await fixture.openPage(t, 'wire.test', board, { viewport, ...options })
  await page.page.setInputFiles('#choose-files', [tall, wide])
  await page.waitForPainted(2, 'stored')
  await page.waitUntil(() => !document.querySelector('.world.moving'), null)
  const first = (await page.tiles()).find(({ label }) => label.startsWith('tall.png'))!
  await page.page.mouse.dblclick(first.x + first.w / 2, first.y + first.h / 2)
  await page.page.locator('.large .sharp.ready').waitFor()
  return page
}

/** Draws stripes, so that a part tells where it is. */
async function drawStripes(name: string, width: number, height: number): Promise<string> {
  const stripes = Buffer.alloc(height * 3, 0).map((_, i) => ((Math.floor(i / 3) * 7) % 200) + 40)
  const column = sharp(stripes, { raw: { width: 1, height, channels: 3 } })
  return samples.write(name, await column.resize(width, height, { fit: 'fill' }).png().toBuffer())
}
