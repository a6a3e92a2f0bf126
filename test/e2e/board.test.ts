import assert from 'node:assert/strict'
import { readFile, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { describe, test } from 'node:test'
import type { ImageRecord } from '@wirephoto/board'
import { words } from '@wirephoto/web/words/page'
import sharp from 'sharp'
import { HOSTS, openFixture } from '../support/e2e-fixture.ts'
import type { BoardPage, Tile } from '../support/page.ts'
import { drawAnimation } from '../support/pictures.ts'

/** Slow enough for a busy machine to draw a photo long before it is sent. */
const SLOW_BYTES_PER_SECOND = 150_000

const { fixture, samples } = await openFixture()

for (const host of HOSTS)
  describe(`at http://${host}`, () => {
    test('a dropped picture stands at once on both pages, and never flickers or jumps', async (t) => {
      if (!samples.hasCorpora) t.diagnostic('../shared/corpora is absent: drawn pictures stand in')
      const photo = await samples.photo()
      const { size } = await stat(photo)
      const seen = await orientedSize(photo)
      const proxy = await fixture.openProxy(t)
      const board = await fixture.newBoard()
      const anna = await fixture.openPage(t, host, board, { port: proxy.port })
      const ben = await fixture.openPage(t, host, board)
      const screencast = await anna.startScreencast()
      const recording = await anna.recordTiles()
      proxy.up.bytesPerSecond = SLOW_BYTES_PER_SECOND

      await anna.drop([photo], { x: 500, y: 400 })
      const [mine] = await anna.waitForPainted(1)
      assert.ok(proxy.up.passedBytes < size / 4, 'anna sees it before it is sent')
      await ben.page.locator('[data-image] .preview.ready').waitFor()
      const [early] = await ben.tiles()
      assert.ok(proxy.up.passedBytes < size / 2, 'ben sees what it is before it is sent')
      assert.equal(early!.state, 'arriving')
      assert.ok(Math.abs(early!.w / early!.h - seen.width / seen.height) < 0.01, 'right size')

      proxy.up.bytesPerSecond = Number.POSITIVE_INFINITY
      const [whole] = await ben.waitForPainted(1, 'stored')
      assert.deepEqual(boxOf(whole!), boxOf(early!), 'its box stays')
      const [[width, height]] = (await naturalSizes(ben)) as [[number, number]]
      assert.ok(width >= whole!.w && width < seen.width, 'V1: as sharp as the screen')
      assert.ok(Math.abs(width / height - seen.width / seen.height) < 0.01)

      await anna.waitForPainted(1, 'stored')
      const { states, landings } = await recording.close()
      const all = states.get(mine!.id)!
      for (const state of all) assert.deepEqual(boxOf(state), boxOf(all[0]!), 'one place')
      // The page's own preview is seen until the file is drawn in its turn (A39).
      const own = all.filter(({ src }) => src !== undefined)
      const { opacity: _, ...first } = own[0]!
      for (const { opacity: __, ...state } of own)
        assert.deepEqual(state, first, 'one node, one source')
      const opacities = own.map(({ opacity }) => opacity)
      const unseen = opacities.filter((opacity) => opacity !== '1')
      assert.ok(unseen.length <= 2, 'not there, and there without being drawn')
      assert.deepEqual(opacities, [...unseen, '1'], 'seen once, without a fade')
      // A page that is too busy to draw it within a second shows it without the animation.
      assert.ok(landings <= 1, 'it lands once')
      await assertSteady(await screencast.cut(), mine!)
    })

    test('pictures are added with the button, and pasted', async (t) => {
      const { anna, ben } = await fixture.openPair(t, host)
      const photos = [await samples.file('photos/pic1.jpg'), await samples.file('photos/pic2.jpg')]
      const chooser = anna.page.waitForEvent('filechooser')
      await anna.page.getByRole('button', { name: words.choose }).click()
      await (await chooser).setFiles(photos)
      await anna.waitForPainted(2, 'stored')
      assert.deepEqual(labelsOf(await ben.waitForPainted(2, 'stored')), ['pic1.jpg', 'pic2.jpg'])

      await copyPicture(ben)
      await anna.page.mouse.move(900, 600)
      await anna.page.keyboard.press('Control+v')
      const pasted = (await anna.waitForPainted(3, 'stored')).at(-1)!
      assert.ok(pasted.x + pasted.w / 2 > 0, 'it is in view')
      await ben.waitForPainted(3, 'stored')
    })

    test('others see a drag while it lasts, and one patch at its end', async (t) => {
      const { board, anna, ben } = await fixture.openPair(t, host)
      const wireClient = await fixture.openWireClient(t, board)
      await anna.drop([await samples.file('photos/door-knocker.jpg')], { x: 400, y: 300 })
      const [start] = await anna.waitForPainted(1, 'stored')
      await ben.waitForPainted(1, 'stored')
      await wireClient.waitForBatch(({ changes }) => changes.some((change) => isComplete(change)))
      const before = wireClient.batches.length
      const { mouse } = anna.page
      const diaries = [await anna.recordTiles(), await ben.recordTiles()]

      await mouse.move(400, 300)
      await mouse.down()
      for (let step = 1; step <= 16; step++) {
        await mouse.move(400 + step * 25, 300 + step * 10)
        await anna.nextFrame()
      }
      await ben.waitUntil(({ x }) => {
        const tile = document.querySelector('[data-image]')!
        return tile.getBoundingClientRect().x > x + 390
      }, start!)
      assert.equal(wireClient.batches.length, before, 'nothing is written in mid-drag')
      await mouse.up()
      await ben.waitUntil(({ x }) => {
        const tile = document.querySelector('[data-image]')!
        return Math.abs(tile.getBoundingClientRect().x - x - 400) < 0.01
      }, start!)
      await wireClient.send({ kind: 'board.patch', set: { title: 'After it' } })
      await ben.waitUntil((title) => document.title.startsWith(title), 'After it')
      // So that the diaries have the last step.
      for (const page of [anna, ben]) await page.nextFrame()

      const [patch, rename, ...further] = wireClient.batches.slice(before)
      assert.equal(patch!.changes.length, 1, 'one patch')
      assert.equal(rename!.changes.length, 1)
      assert.deepEqual(further, [])
      for (const recording of diaries) {
        const [days] = [...(await recording.close()).states.values()]
        const xs = days!.map(({ x }) => x - start!.x)
        assert.ok(new Set(xs).size > 4, `it is seen on its way: ${xs}`)
        assert.ok(
          xs.every((x, i) => i === 0 || x >= xs[i - 1]!),
          `it never jumps back: ${xs}`,
        )
        assert.ok(Math.abs(xs.at(-1)! - 400) < 0.01, `it ends where it was let go: ${xs}`)
      }
    })

    test('pictures are deleted by key, and restored by Undo and by Ctrl+Z, on both pages', async (t) => {
      const { anna, ben } = await fixture.openPair(t, host)
      await anna.drop([await samples.file('photos/pic3.jpg')], { x: 600, y: 300 })
      await ben.waitForPainted(1, 'stored')
      const press = (keys: string) => anna.page.keyboard.press(keys)

      await anna.page.mouse.click(600, 300)
      await press('Delete')
      const toast = await anna.waitForToast(words.deleted(1))
      await ben.waitForTiles(0)
      await toast.getByRole('button', { name: words.undo }).click()
      await ben.waitForPainted(1, 'stored')
      await anna.waitForPainted(1, 'stored')

      await anna.page.mouse.click(600, 300)
      await press('Delete')
      await ben.waitForTiles(0)
      await press('Control+z')
      await ben.waitForPainted(1, 'stored')
      await press('Control+Shift+z')
      await ben.waitForTiles(0)
      await press('Control+z')
      await ben.waitForPainted(1, 'stored')
      await anna.waitForPainted(1, 'stored')
    })

    test('a download has the name and the pixels of the dropped file', async (t) => {
      const { anna, ben } = await fixture.openPair(t, host)
      const original = await readFile(await samples.file('photos/canon-dslr.jpg'))
      const name = 'Größe & Höhe; 写真 "100 %".jpg'
      await anna.drop([await samples.write(name, original)], { x: 600, y: 300 })
      await ben.waitForPainted(1, 'stored')

      await ben.page.mouse.click(600, 300)
      const started = ben.page.waitForEvent('download')
      await ben.page.getByRole('toolbar').getByRole('button', { name: words.download }).click()
      const download = await started
      assert.equal(download.suggestedFilename(), name.replaceAll('"', '_'))
      const bytes = await readFile(await download.path())
      assert.ok((await pixelsOf(bytes)).equals(await pixelsOf(original)), 'the same pixels')
    })

    test('a GIF is animated for everybody', async (t) => {
      const { anna, ben } = await fixture.openPair(t, host)
      const moving = await samples.write('moving.gif', await drawAnimation())
      const files = [moving, await samples.file('formats/animated.gif', { format: 'gif' })]
      await anna.drop(files, { x: 500, y: 300 })
      const tiles = await ben.waitForPainted(2, 'stored')
      for (const file of files) {
        const picture = ben.page.locator(`.picture[alt="${basename(file)}"]`)
        const { pathname } = new URL((await picture.getAttribute('src'))!)
        const served = await fetch(`${fixture.server.url}${pathname}`)
        const bytes = Buffer.from(await served.arrayBuffer())
        assert.ok(
          (await framesOf(bytes)).equals(await framesOf(await readFile(file))),
          basename(file),
        )
      }
      const first = tiles.find(({ label }) => label === 'moving.gif')
      const { x, y } = first!
      const clip = { x: x + 20, y: y + 20, width: 8, height: 8 }
      const missing = new Set(['red', 'blue'])
      for (let tries = 0; missing.size > 0 && tries < 100; tries++) {
        const { channels } = await sharp(await ben.page.screenshot({ clip })).stats()
        missing.delete(channels[0]!.mean > channels[2]!.mean ? 'red' : 'blue')
      }
      assert.deepEqual([...missing], [], 'both of its pictures have been seen')
    })
  })

const boxOf = ({ x, y, w, h }: Omit<Tile, 'id' | 'label' | 'state'>) => ({ x, y, w, h })
const labelsOf = (tiles: readonly Tile[]) => tiles.map(({ label }) => label).sort()
const pixelsOf = (bytes: Buffer) => sharp(bytes).raw().toBuffer()
const framesOf = (bytes: Buffer) => sharp(bytes, { animated: true }).raw().toBuffer()

/** Whether a picture is stored and has its variants, so that the server writes nothing more of it. */
function isComplete(change: object): boolean {
  if (!('put' in change)) return false
  const { blob, variants } = change.put as Partial<ImageRecord>
  return blob != null && variants != null
}

/** Returns the size in pixels, after orientation. */
async function orientedSize(path: string): Promise<{ width: number; height: number }> {
  const { autoOrient } = await sharp(path).metadata()
  return autoOrient
}

const naturalSizes = (page: BoardPage): Promise<number[][]> =>
  page.page.locator('[data-image] .picture').evaluateAll((all) =>
    all.map((image) => {
      const { naturalWidth, naturalHeight } = image as HTMLImageElement
      return [naturalWidth, naturalHeight]
    }),
  )

/** Copies a picture to the clipboard, which only a page in a secure context may do. */
async function copyPicture(page: BoardPage): Promise<void> {
  const context = await fixture.browser.newContext({
    permissions: ['clipboard-read', 'clipboard-write'],
  })
  const writer = await context.newPage()
  await writer.goto(`${fixture.server.url}/healthz`)
  await writer.evaluate(async () => {
    const canvas = new OffscreenCanvas(300, 200)
    const drawn = canvas.getContext('2d')!
    drawn.fillStyle = 'teal'
    drawn.fillRect(0, 0, 300, 200)
    const png = await canvas.convertToBlob({ type: 'image/png' })
    await navigator.clipboard.write([new ClipboardItem({ 'image/png': png })])
  })
  await context.close()
  await page.page.bringToFront()
}

/**
 * Asserts that from the first frame with the picture on, all frames show much the same in its
 * place.
 */
async function assertSteady(frames: readonly Buffer[], at: Tile): Promise<void> {
  const inner = {
    left: Math.ceil(at.x + at.w * 0.05),
    top: Math.ceil(at.y + at.h * 0.05),
    width: Math.floor(at.w * 0.9),
    height: Math.floor(at.h * 0.9),
  }
  const looks = await Promise.all(
    frames.map((frame) => sharp(frame).extract(inner).resize(16, 16).greyscale().raw().toBuffer()),
  )
  const last = looks.at(-1)!
  const away = looks.map(
    (look) => look.reduce((sum, v, i) => sum + Math.abs(v - last[i]!), 0) / 256,
  )
  const first = away.findIndex((distance) => distance < 20)
  assert.ok(first > 0, `there are frames from before: ${away}`)
  assert.ok(
    away.slice(first).every((distance) => distance < 20),
    `never blank: ${away}`,
  )
}
