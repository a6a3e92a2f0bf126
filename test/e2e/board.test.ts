import assert from 'node:assert/strict'
import { readFile, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { describe, test } from 'node:test'
import { words } from '@wirephoto/web/words/page'
import sharp from 'sharp'
import { furnish, HOSTS } from '../support/e2e-fixture.ts'
import type { BoardPage, Tile } from '../support/page.ts'

const { stand, gallery } = await furnish()

for (const host of HOSTS)
  describe(`at http://${host}`, () => {
    test('a dropped picture stands at once on both pages, and never flickers or jumps', async (t) => {
      if (!gallery.real) t.diagnostic('../shared/corpora is absent: drawn pictures stand in')
      const photo = await gallery.photo()
      const { size } = await stat(photo)
      const seen = await sizeAsSeen(photo)
      const line = await stand.line(t)
      const board = await stand.newBoard()
      const anna = await stand.open(t, host, board, { port: line.port })
      const ben = await stand.open(t, host, board)
      const film = await anna.film()
      const diary = await anna.diary()
      line.up.rate = 1_000_000

      await anna.drop([photo], { x: 500, y: 400 })
      const [mine] = await anna.painted(1)
      assert.ok(line.up.bytes < size / 4, 'anna sees it before it is sent')
      await ben.page.locator('[data-image] .preview.ready').waitFor()
      const [early] = await ben.tiles()
      assert.ok(line.up.bytes < size / 2, 'ben sees what it is before it is sent')
      assert.equal(early!.state, 'arriving')
      assert.ok(Math.abs(early!.w / early!.h - seen.width / seen.height) < 0.01, 'right size')

      line.up.rate = Number.POSITIVE_INFINITY
      const [whole] = await ben.painted(1, 'stored')
      assert.deepEqual(place(whole!), place(early!), 'its box stays')
      const [[width, height]] = (await naturalSizes(ben)) as [[number, number]]
      assert.ok(width >= whole!.w && width < seen.width, 'V1: as sharp as the screen')
      assert.ok(Math.abs(width / height - seen.width / seen.height) < 0.01)

      await anna.painted(1, 'stored')
      const { days, landings } = await diary.close()
      assert.equal(days.get(mine!.id)?.length, 1, 'one place, one node, one source, never unseen')
      assert.equal(landings, 1)
      await assertSteady(await film.cut(), mine!)
    })

    test('pictures are chosen with the button, and pasted', async (t) => {
      const { anna, ben } = await stand.pair(t, host)
      const photos = [await gallery.file('photos/pic1.jpg'), await gallery.file('photos/pic2.jpg')]
      const chooser = anna.page.waitForEvent('filechooser')
      await anna.page.getByRole('button', { name: words.choose }).click()
      await (await chooser).setFiles(photos)
      await anna.painted(2, 'stored')
      assert.deepEqual(labels(await ben.painted(2, 'stored')), ['pic1.jpg', 'pic2.jpg'])

      await copyPicture(ben)
      await anna.page.mouse.move(900, 600)
      await anna.page.keyboard.press('Control+v')
      const pasted = (await anna.painted(3, 'stored')).at(-1)!
      assert.ok(Math.abs(pasted.x + pasted.w / 2 - 900) < 2, 'it lands under the pointer')
      await ben.painted(3, 'stored')
    })

    test('a drag is seen while it goes on, and written once at its end', async (t) => {
      const { board, anna, ben } = await stand.pair(t, host)
      const witness = await stand.witness(t, board)
      await anna.drop([await gallery.file('photos/door-knocker.jpg')], { x: 400, y: 300 })
      const [start] = await anna.painted(1, 'stored')
      await ben.painted(1, 'stored')
      await witness.heard(({ changes }) => changes.some((change) => isStored(change)))
      const before = witness.batches.length
      const { mouse } = anna.page
      const diaries = [await anna.diary(), await ben.diary()]

      await mouse.move(400, 300)
      await mouse.down()
      for (let step = 1; step <= 16; step++) {
        await mouse.move(400 + step * 25, 300 + step * 10)
        await anna.frame()
      }
      await ben.until(({ x }) => {
        const tile = document.querySelector('[data-image]')!
        return tile.getBoundingClientRect().x > x + 390
      }, start!)
      assert.equal(witness.batches.length, before, 'nothing is written in mid-drag')
      await mouse.up()
      await ben.until(({ x }) => {
        const tile = document.querySelector('[data-image]')!
        return Math.abs(tile.getBoundingClientRect().x - x - 400) < 0.01
      }, start!)
      await witness.ask({ kind: 'board.patch', set: { title: 'After it' } })
      await ben.until((title) => document.title.startsWith(title), 'After it')

      const [patch, rename, ...further] = witness.batches.slice(before)
      assert.equal(patch!.changes.length, 1, 'one patch')
      assert.equal(rename!.changes.length, 1)
      assert.deepEqual(further, [])
      for (const diary of diaries) {
        const [days] = [...(await diary.close()).days.values()]
        const xs = days!.map(({ x }) => x - start!.x)
        assert.ok(new Set(xs).size > 4, `it is seen on its way: ${xs}`)
        assert.ok(
          xs.every((x, i) => i === 0 || x >= xs[i - 1]!),
          `it never jumps back: ${xs}`,
        )
        assert.ok(Math.abs(xs.at(-1)! - 400) < 0.01, `it ends where it was let go: ${xs}`)
      }
    })

    test('delete by key, back by Undo and by Ctrl+Z, on both pages', async (t) => {
      const { anna, ben } = await stand.pair(t, host)
      await anna.drop([await gallery.file('photos/pic3.jpg')], { x: 600, y: 300 })
      await ben.painted(1, 'stored')
      const press = (keys: string) => anna.page.keyboard.press(keys)

      await anna.page.mouse.click(600, 300)
      await press('Delete')
      const toast = await anna.told(words.deleted(1))
      await ben.standing(0)
      await toast.getByRole('button', { name: words.undo }).click()
      await ben.painted(1, 'stored')
      await anna.painted(1, 'stored')

      await anna.page.mouse.click(600, 300)
      await press('Delete')
      await ben.standing(0)
      await press('Control+z')
      await ben.painted(1, 'stored')
      await press('Control+Shift+z')
      await ben.standing(0)
      await press('Control+z')
      await ben.painted(1, 'stored')
      await anna.painted(1, 'stored')
    })

    test('a download has the name and the pixels of what was dropped', async (t) => {
      const { anna, ben } = await stand.pair(t, host)
      const original = await readFile(await gallery.file('photos/canon-dslr.jpg'))
      const name = 'Größe & Höhe; 写真 "100 %".jpg'
      await anna.drop([await gallery.write(name, original)], { x: 600, y: 300 })
      await ben.painted(1, 'stored')

      await ben.page.mouse.click(600, 300)
      const started = ben.page.waitForEvent('download')
      await ben.page.getByRole('toolbar').getByRole('button', { name: words.download }).click()
      const download = await started
      assert.equal(download.suggestedFilename(), name.replaceAll('"', '_'))
      const bytes = await readFile(await download.path())
      assert.ok((await pixels(bytes)).equals(await pixels(original)), 'the same pixels')
    })

    test('a GIF goes on moving for everybody', async (t) => {
      const { anna, ben } = await stand.pair(t, host)
      const moving = await gallery.write('moving.gif', await redAndBlue())
      const files = [moving, await gallery.file('formats/animated.gif', { format: 'gif' })]
      await anna.drop(files, { x: 500, y: 300 })
      const tiles = await ben.painted(2, 'stored')
      for (const file of files) {
        const picture = ben.page.locator(`.picture[alt="${basename(file)}"]`)
        const { pathname } = new URL((await picture.getAttribute('src'))!)
        const served = await fetch(`${stand.server.url}${pathname}`)
        const bytes = Buffer.from(await served.arrayBuffer())
        assert.ok((await frames(bytes)).equals(await frames(await readFile(file))), basename(file))
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

const place = ({ x, y, w, h }: Tile) => ({ x, y, w, h })
const labels = (tiles: readonly Tile[]) => tiles.map(({ label }) => label).sort()
const pixels = (bytes: Buffer) => sharp(bytes).raw().toBuffer()
const frames = (bytes: Buffer) => sharp(bytes, { animated: true }).raw().toBuffer()

function isStored(change: object): boolean {
  return 'put' in change && (change.put as { blob?: string | null }).blob != null
}

/** Pixels, after orientation. */
async function sizeAsSeen(path: string): Promise<{ width: number; height: number }> {
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

/** Puts a picture on the clipboard, which only a page at a name that counts as secure may do. */
async function copyPicture(page: BoardPage): Promise<void> {
  const context = await stand.browser.newContext({
    permissions: ['clipboard-read', 'clipboard-write'],
  })
  const writer = await context.newPage()
  await writer.goto(`${stand.server.url}/healthz`)
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

/** An animation of a red and a blue picture. */
function redAndBlue(): Promise<Buffer> {
  const side = 96
  const raw = Buffer.alloc(side * side * 2 * 3)
  for (let i = 0; i < side * side * 2; i++) raw[i * 3 + (i < side * side ? 0 : 2)] = 255
  return sharp(raw, { raw: { width: side, height: side * 2, channels: 3, pageHeight: side } })
    .gif({ delay: [150, 150], loop: 0 })
    .toBuffer()
}

/** From the frame on that first shows the picture, all show much the same at its place. */
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
