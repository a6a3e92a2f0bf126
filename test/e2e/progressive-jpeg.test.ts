import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { before, describe, test } from 'node:test'
import { largePreview } from '@wirephoto/board'
import { openBoard } from '@wirephoto/client'
import sharp from 'sharp'
import { HOSTS, openFixture, PHONE } from '../support/e2e-fixture.ts'
import type { BoardPage } from '../support/page.ts'

/** One brings a picture in its time, the other brings next to nothing. */
const SLOW_BYTES_PER_SECOND = 2_000_000
const CRAWL_BYTES_PER_SECOND = 60_000
/** One on which a photo takes ten seconds. */
const PHONE_BYTES_PER_SECOND = 250_000
const [WIDTH, HEIGHT] = [2400, 1600]

const { fixture, samples } = await openFixture()
/** A progressive JPEG. */
let photo: Buffer<ArrayBuffer>

before(async () => {
  // No detail in it is larger than a pixel of the preview.
  const raw = { width: WIDTH / 5, height: HEIGHT / 5, channels: 3 } as const
  const drawn = sharp(randomBytes(raw.width * raw.height * 3), { raw })
    .resize(WIDTH, HEIGHT, { kernel: 'nearest' })
    .jpeg({ quality: 90, progressive: true })
  photo = Buffer.from(await drawn.toBuffer())
})

for (const host of HOSTS)
  describe(`at http://${host}`, () => {
    test('A22: a progressive JPEG sharpens while it arrives, and nothing flashes at its end', async (t) => {
      const proxy = await fixture.openProxy(t)
      const id = await fixture.newBoard()
      const ben = await fixture.openPage(t, host, id)
      const anna = openBoard({ url: `http://127.0.0.1:${proxy.port}`, board: id })
      t.after(() => anna.close())
      proxy.up.bytesPerSecond = CRAWL_BYTES_PER_SECOND
      const preview = await sharp(photo).resize(320).webp({ quality: 60 }).toBuffer()
      anna.addPictures([
        {
          file: new Blob([photo]),
          name: 'p.jpg',
          width: WIDTH,
          height: HEIGHT,
          preview,
          x: 0,
          y: 0,
          w: 900,
        },
      ])
      await ben.page.locator('.preview.ready').waitFor()
      const truth = await sharp(photo).png().toBuffer()
      const before = await difference(await screenshotOf(ben), truth)
      proxy.up.bytesPerSecond = SLOW_BYTES_PER_SECOND
      await proxy.up.waitForBytes(photo.length * 0.8)
      proxy.up.bytesPerSecond = CRAWL_BYTES_PER_SECOND
      const sharper = await waitForSharpness(ben, truth, before * 0.85)
      t.diagnostic(`from ${before.toFixed(1)} to ${sharper.toFixed(1)} off the picture`)
      assert.equal((await ben.tiles())[0]!.state, 'arriving')
      const screencast = await ben.startScreencast()
      proxy.up.bytesPerSecond = Number.POSITIVE_INFINITY
      await ben.waitForPainted(1, 'stored')
      await ben.page.locator('.live').waitFor({ state: 'detached' })
      const frames = await screencast.cut()
      // A picture that has been sharp never shows less again.
      const { x, y, width, height } = (await ben.page.locator('.picture-image').boundingBox())!
      const middle = {
        left: x + width / 4,
        top: y + height / 4,
        width: width / 2,
        height: height / 2,
      }
      const seen = await Promise.all(
        frames.map((frame) => sharp(frame).extract(rounded(middle)).png().toBuffer()),
      )
      const end = seen.at(-1)!
      const way = await Promise.all(seen.map((frame) => difference(frame, end)))
      t.diagnostic(`frame by frame: ${way.map((each) => each.toFixed(1))}`)
      assert.ok(Math.max(...way) < before - 3)
    })
  })

test('A53, A54, P71, P72: others see a long file sharp while it arrives, where they show it large', async (t) => {
  const proxy = await fixture.openProxy(t)
  const id = await fixture.newBoard()
  const [ben, carol] = [
    await fixture.openPage(t, 'localhost', id),
    await fixture.openPage(t, 'localhost', id),
  ]
  const phone = await fixture.openPage(t, 'localhost', id, {
    ...PHONE,
    deviceScaleFactor: 2,
    hasFeed: true,
  })
  const anna = await fixture.openPage(t, 'localhost', id, { port: proxy.port })
  const fetched: string[] = []
  for (const [name, { page }] of Object.entries({ ben, carol }))
    page.on('request', (request) => {
      if (request.url().endsWith('/preview/large')) fetched.push(name)
    })
  for (let step = 0; step < 4; step++) await ben.page.keyboard.press('+')
  proxy.up.bytesPerSecond = PHONE_BYTES_PER_SECOND
  await anna.drop([await samples.photo()], { x: 700, y: 450 })
  await ben.waitUntil(
    (side) =>
      [...document.querySelectorAll<HTMLImageElement>('.preview.ready')].some(
        ({ naturalWidth, naturalHeight }) => Math.max(naturalWidth, naturalHeight) === side,
      ),
    largePreview.sidePx,
  )
  assert.deepEqual(fetched, ['ben'])
  await carol.page.locator('[data-image]').dblclick()
  await carol.page.locator('.lightbox .sharp.ready[src$="/preview/large"]').waitFor()
  assert.equal((await ben.tiles())[0]!.state, 'arriving')
  assert.deepEqual(fetched, ['ben', 'carol'])
  await phone.page.locator('.feed .sharp.ready[src$="/preview/large"]').waitFor()
  assert.equal((await ben.tiles())[0]!.state, 'arriving')
  await carol.page.keyboard.press('Escape')
  proxy.up.bytesPerSecond = Number.POSITIVE_INFINITY
  for (const page of [ben, carol]) await page.waitForPainted(1, 'stored')
  await phone.page.locator('.feed .sharp.ready[src*="/blob/"]').waitFor()
})

/** Rounds to whole pixels. */
const rounded = (box: Record<'left' | 'top' | 'width' | 'height', number>) => ({
  left: Math.round(box.left),
  top: Math.round(box.top),
  width: Math.round(box.width),
  height: Math.round(box.height),
})

/** Resolves to the difference from the truth, when it is as small as wanted. */
async function waitForSharpness(page: BoardPage, truth: Buffer, wanted: number): Promise<number> {
  for (let tries = 0; tries < 100; tries++) {
    await page.nextFrame()
    const apart = await difference(await screenshotOf(page), truth)
    if (apart < wanted) return apart
  }
  throw new Error('It never gets any sharper')
}

/** Returns a screenshot of the one picture, without its labels. */
async function screenshotOf({ page }: BoardPage): Promise<Buffer> {
  const { x, y, width, height } = (await page.locator('.picture-image').boundingBox())!
  return page.screenshot({
    clip: { x, y, width, height },
    style: '.picture-info, .progress-line { display: none }',
  })
}

/** Returns how far two pictures are apart, a pixel and channel, of 255. */
async function difference(one: Buffer, other: Buffer): Promise<number> {
  const { width, height } = await sharp(one).metadata()
  const [a, b] = await Promise.all(
    [one, other].map((each) =>
      sharp(each).removeAlpha().resize(width, height, { fit: 'fill' }).raw().toBuffer(),
    ),
  )
  let sum = 0
  for (let i = 0; i < a!.length; i++) sum += Math.abs(a![i]! - b![i]!)
  return sum / a!.length
}
