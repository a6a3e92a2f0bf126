import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { openBoard } from '@wirephoto/client'
import { wallWords } from '@wirephoto/web/words/wall'
import sharp from 'sharp'
import {
  type CameraExif,
  cameraPhoto,
  encodeAsCamera,
  exifSegment,
  thumbnailOf,
  withCameraSegments,
  withSegments,
  xmpSegment,
} from '../support/camera-files.ts'
import { openFixture } from '../support/e2e-fixture.ts'
import { watchForBlanks } from '../support/progress-line.ts'

const MIDDLE = { x: 500, y: 400 }
const { fixture, samples } = await openFixture()

/** Draws a grey picture with a person at its left edge, or without one. */
const draw = (width: number, height: number, hasPerson: boolean): Promise<Buffer> =>
  sharp({ create: { width, height, channels: 3, background: '#b8c8d0' } })
    .composite(
      hasPerson
        ? [
            {
              input: { create: { width: width >> 2, height, channels: 3, background: 'red' } },
              left: 0,
              top: 0,
            },
          ]
        : [],
    )
    .png({ compressionLevel: 1 })
    .toBuffer()

/** Opens a board with Anna's page, Ben's page, and the previews that a third visitor gets pushed. */
async function openBoards(t: TestContext) {
  const id = await fixture.newBoard()
  const anna = await fixture.openPage(t, 'wire.test', id)
  const ben = await fixture.openPage(t, 'wire.test', id)
  const viewer = openBoard({ url: fixture.server.url, board: id })
  t.after(() => viewer.close())
  const previews = new Map<string, Blob[]>()
  viewer.on('arrivals', (ids) => {
    for (const each of ids) {
      const [preview, before] = [viewer.preview(each), previews.get(each) ?? []]
      if (preview && before.at(-1) !== preview) previews.set(each, [...before, preview])
    }
  })
  await viewer.settled()
  return { anna, ben, previews }
}

/** Returns a preview's size, and its colour at a place of it: shares of its width and height. */
async function look(preview: Blob, x: number, y: number) {
  const image = sharp(Buffer.from(await preview.arrayBuffer()))
  const { data, info } = await image.removeAlpha().raw().toBuffer({ resolveWithObject: true })
  const at = (Math.floor(y * info.height) * info.width + Math.floor(x * info.width)) * 3
  const [r, g, b] = data.subarray(at, at + 3) as unknown as [number, number, number]
  const isRed = r > 150 && g < 90 && b < 90
  return { size: `${info.width} x ${info.height}`, isRed, isBlack: r + g + b < 90 }
}

test('A30, A34, A35: a camera’s thumbnail is seen first, upright and without bars, then the preview', async (t) => {
  const { anna, ben, previews } = await openBoards(t)
  const watch = await watchForBlanks(ben)
  // So many pixels that the preview takes longer than the announcement.
  const photo = await cameraPhoto(await draw(4_800, 3_200, true), { orientation: 6 })
  await anna.drop([await samples.write('camera.jpg', photo)], MIDDLE)
  for (const page of [anna, ben]) await page.waitForPainted(1, 'stored')
  assert.deepEqual(await watch.close(), { blanks: 0 })
  const [sent] = [...previews.values()]
  assert.ok(sent)
  const looks = await Promise.all(sent.map((preview) => look(preview, 0.5, 0.1)))
  assert.deepEqual(
    looks.map(({ size }) => size),
    ['107 x 160', '213 x 320'],
  )
  assert.ok(
    looks.every(({ isRed }) => isRed),
    'the left edge is on top',
  )
  const bottom = await Promise.all(sent.map((preview) => look(preview, 0.02, 0.98)))
  assert.ok(bottom.every(({ isBlack, isRed }) => !isBlack && !isRed))
})

test('A34: a page and a wall show the preview in place of the thumbnail, without a flash', async (t) => {
  const id = await fixture.newBoard()
  const ben = await fixture.openPage(t, 'wire.test', id)
  const wall = await ben.context.newPage()
  await wall.goto(`http://wire.test:${fixture.server.port}/b/${id}/show`)
  await wall.getByText(wallWords.empty).waitFor()
  const anna = openBoard({ url: fixture.server.url, board: id })
  t.after(() => anna.close())
  anna.pauseUploads()
  const watch = await watchForBlanks(ben)
  const picture = await draw(1_200, 800, true)
  const [thumbnail, small] = await Promise.all(
    [160, 320].map((side) => sharp(picture).resize(side).jpeg().toBuffer()),
  )
  const { promise: preview, resolve } = Promise.withResolvers<Buffer>()
  const file = new Blob([new Uint8Array(picture)])
  const sizes = { width: 1_200, height: 800 }
  anna.addPictures([
    { file, name: 'a.png', ...sizes, preview, thumbnail: Promise.resolve(thumbnail!), x: 0, y: 0 },
  ])
  const isShown = (side: number): boolean =>
    [...document.querySelectorAll<HTMLImageElement>('.preview.ready, .wall-frame img')].at(-1)
      ?.naturalWidth === side
  for (const page of [ben.page, wall]) await page.waitForFunction(isShown, 160)
  resolve(small!)
  for (const page of [ben.page, wall]) await page.waitForFunction(isShown, 320)
  assert.deepEqual(await watch.close(), { blanks: 0 })
})

test('A32: of edited files no old thumbnail leaves the page', async (t) => {
  const { anna, ben, previews } = await openBoards(t)
  const [width, height] = [1_200, 900]
  const before = await draw(width, height, true)
  const after = await draw(width, height, false)
  const exif: CameraExif = { width, height, thumbnail: await thumbnailOf(before) }
  const jpeg = await encodeAsCamera(after)
  const kept = exifSegment(exif)
  const cut = await encodeAsCamera(
    await sharp(after).extract({ left: 400, top: 0, width: 800, height }).toBuffer(),
  )
  const files = {
    'painted.jpg': withSegments(jpeg, [kept]),
    'xmp.jpg': withCameraSegments(jpeg, [kept, xmpSegment('xmlns:crs="a" crs:HasCrop="True"')]),
    'cut.jpg': withCameraSegments(cut, [exifSegment({ ...exif, width: 800 })]),
  }
  const names = await Promise.all(
    Object.entries(files).map(([name, bytes]) => samples.write(name, bytes)),
  )
  await anna.drop(names, MIDDLE)
  for (const page of [anna, ben]) await page.waitForPainted(names.length, 'stored')
  assert.equal(previews.size, names.length)
  for (const preview of [...previews.values()].flat()) {
    const { size, isRed } = await look(preview, 0.1, 0.5)
    assert.ok(!isRed, size)
    assert.match(size, /\b320\b/)
  }
})
