import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { describe, test } from 'node:test'
import {
  type Command,
  cleanName,
  cleanText,
  errorMessages,
  GAP_UNITS,
  recognise,
  refusalOf,
  uuidv7,
} from '@wirephoto/board'
import { overlayWords } from '@wirephoto/web/words/overlay'
import { words } from '@wirephoto/web/words/page'
import sharp from 'sharp'
import { HOSTS, openFixture } from '../support/e2e-fixture.ts'
import type { BoardPage, Tile } from '../support/page.ts'
import { seededRandom } from '../support/pictures.ts'

/** This server's limit for a picture. */
const MAX_UPLOAD_BYTES = 1_000_000
/** The longest time that a page may be unresponsive, on a slow and busy machine. */
const MAX_UNRESPONSIVE_MS = 2_000
/** Names that break naive programs, for machines without the big list of them. */
const NAUGHTY = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(2)>',
  "' onmouseover='alert(3)",
  'javascript:alert(4)//',
  '../../../../etc/passwd',
  '%00%2e%2e%2f',
  '‮gpj.exe',
  'ด้้้้้็็็็็้้้้้',
  '👩‍👩‍👧‍👦 🏳️‍🌈',
  'مرحبا بالعالم',
  '{{7*7}} ${7*7}',
  'CON',
]

const { fixture, samples } = await openFixture({
  args: ['--max-upload', String(MAX_UPLOAD_BYTES)],
})

for (const host of HOSTS)
  describe(`at http://${host}`, () => {
    test('fifty pictures form tidy rows on both pages, and the page stays responsive', async (t) => {
      const { anna, ben } = await fixture.openPair(t, host)
      const files = await drawFifty()
      for (const page of [anna, ben]) await watchTasks(page)
      await anna.drop(files, { x: 300, y: 250 })
      await anna.page.keyboard.press('f')
      await anna.waitForTiles(50)
      const tiles = await ben.waitForTiles(50)
      assertTidy(tiles)
      assertTidy(await anna.waitForPainted(50, 'stored'))
      await ben.waitForPainted(50, 'stored')
      for (const page of [anna, ben]) {
        const longest = await longestTask(page)
        t.diagnostic(`longest task: ${Math.round(longest)} ms`)
        assert.ok(longest < MAX_UNRESPONSIVE_MS)
      }
    })

    test('every kind of picture is upright in its own shape on both pages', async (t) => {
      const { board, anna, ben } = await fixture.openPair(t, host)
      const files = await Promise.all([
        samples.file('formats/hopper.png', { width: 128, height: 128, format: 'png' }),
        samples.file('formats/hopper.webp', { width: 128, height: 128, format: 'webp' }),
        samples.file('formats/hopper.gif', { width: 128, height: 128, format: 'gif' }),
        samples.file('formats/transparent.png', { width: 320, height: 240, format: 'png' }),
        samples.file('formats/orientation-6.avif', { width: 320, height: 240, format: 'avif' }),
        samples.file('metadata/orientation-portrait_6.jpg', { width: 320, height: 240 }),
      ])
      await anna.drop(files, { x: 400, y: 300 })
      await anna.waitForPainted(files.length, 'stored')
      // A script's picture comes to the same board.
      const body = await readFile(await samples.file('photos/pic1.jpg'))
      const url = `${fixture.server.url}/b/${board}/from-a-script.jpg`
      assert.equal((await fetch(url, { method: 'PUT', body })).status, 201)
      for (const page of [anna, ben]) {
        const tiles = await page.waitForPainted(files.length + 1, 'stored')
        const shapes = await shapesOf(page)
        for (const { id, label, w, h } of tiles)
          assert.ok(Math.abs(w / h - shapes[id]!) < 0.02, `${label}: ${w} x ${h}, ${shapes[id]}`)
      }
    })

    test('files that are no pictures are refused in words, and the others of the drop are added', async (t) => {
      const { anna, ben } = await fixture.openPair(t, host)
      const good = await samples.file('photos/pic1.jpg')
      const pdf = await samples.write('scan.pdf', '%PDF-1.7\n1 0 obj\n<</Type/Catalog>>\nendobj\n')
      const clip = await samples.write(
        'IMG_2041.mov',
        '\0\0\0\x14ftypqt  \0\0\0\0qt  \0\0\0\x08wide',
      )
      const note = await samples.write('note.jpg', 'I only have the name of a picture.')
      const empty = await samples.write('empty.png', '')
      const large = await samples.write('huge.png', await drawHugePicture())
      const at = { x: 400, y: 300 }

      await anna.dragOver([pdf, clip, good], at)
      await anna.page.getByText('Let go to add 3 pictures').waitFor()
      await anna.drop([pdf, clip, good], at)
      await anna.waitForToast('scan.pdf is a PDF. Export its page as PNG and add that.')
      await anna.waitForToast(
        "IMG_2041.mov is a video. Videos can't be added, a still from one can.",
      )
      await ben.waitForPainted(1, 'stored')
      await anna.waitForPainted(1, 'stored')

      await anna.drop([note, empty], at)
      await anna.waitForToast('note.jpg is a text. Only pictures can be added.')
      await anna.waitForToast('empty.png is empty. Choose another.')

      await anna.drop([large], at)
      await anna.waitForToast('huge.png is 1.2 MB. The limit here is 1.0 MB.')
      await anna.drop([pdf, clip, note, empty, large], at)
      await anna.waitForToast(
        overlayWords.refused(
          ['scan.pdf', 'IMG_2041.mov', 'note.jpg', 'empty.png', 'huge.png'],
          5,
          false,
        ),
      )
      assert.equal((await anna.tiles()).length, 1)
    })

    test('E37: a drop that fails for no known reason says so', async (t) => {
      const anna = await fixture.openPage(t, host, await fixture.newBoard())
      anna.allowedErrors = /no randomness/
      await anna.page.evaluate(() => {
        crypto.getRandomValues = () => {
          throw new Error('no randomness')
        }
      })
      await anna.drop([await samples.file('photos/pic2.jpg')], { x: 300, y: 300 })
      await anna.waitForToast(words.notAdded)
    })

    test('a refusal by the server is shown at the picture', async (t) => {
      const { anna, ben } = await fixture.openPair(t, host)
      anna.allowedErrors = /422 \(/
      const whole = await readFile(await samples.draw('whole.jpg', { width: 640, height: 480 }))
      const files = [
        await samples.write('torn.jpg', whole.subarray(0, whole.length / 2)),
        await samples.file('photos/pic2.jpg'),
      ]
      await anna.drop(files, { x: 300, y: 300 })
      await ben.waitForPainted(1, 'stored')
      const failed = anna.page.locator('[data-image][data-state="failed"]')
      await anna.page
        .getByText(errorMessages.damaged({ name: 'torn.jpg' }))
        .first()
        .waitFor()
      await failed.waitFor()
      await anna.page.getByText(overlayWords.notSent, { exact: true }).waitFor()
      await ben.waitForTiles(1)
      await anna.page.getByRole('button', { name: overlayWords.remove }).click()
      await anna.waitForTiles(1)
    })

    test('names and titles are shown as they are but for marks that turn text, and do nothing', async (t) => {
      const { board, anna, ben } = await fixture.openPair(t, host)
      const wireClient = await fixture.openWireClient(t, board)
      const list = await naughtyNames()
      if (list === NAUGHTY) t.diagnostic('../shared/corpora is absent: a short list stands in')

      const adds = list.map((name, i) => addCommand(cleanName(name), i))
      for (let i = 0; i < adds.length; i += 100) await wireClient.send(...adds.slice(i, i + 100))
      await ben.waitForTiles(adds.length)
      const labels = new Map((await ben.tiles()).map(({ id, label }) => [id, label]))
      for (const { id, name } of adds) assert.equal(labels.get(id), `${name}, arriving`)
      const strips = ben.page.locator('[data-image] .picture-info')
      // They come after the pictures.
      await ben.waitUntil(
        (n) => document.querySelectorAll('[data-image] .picture-info').length === n,
        adds.length,
      )
      const texts = new Set(await strips.allTextContents())
      for (const { name } of adds)
        assert.ok(
          [...texts].some((text) => text.includes(name)),
          `a strip says ${name}`,
        )

      const sample = list.filter((_, i) => i % Math.ceil(list.length / 24) === 0)
      for (const title of sample.map((text) => text.slice(0, 120))) {
        const shown = cleanText(title)
        if (shown.trim() === '') continue
        await wireClient.send({ kind: 'board.patch', set: { title } })
        await anna.waitUntil((text) => document.querySelector('h1')!.textContent === text, shown)
      }
      await wireClient.send(
        ...adds.map(({ id }) => ({ kind: 'image.remove', id }) as const).slice(-100),
      )
      assert.equal(await ben.page.locator('.world :is(script, iframe, svg, a, form)').count(), 0)
    })

    test('files of any name are added or refused under that name', async (t) => {
      const { board, anna, ben } = await fixture.openPair(t, host)
      const list = await naughtyNames()
      const names = list.filter((_, i) => i % Math.ceil(list.length / 16) === 3)
      const wireClient = await fixture.openWireClient(t, board)
      await dropNamed(anna, names, 'picture')
      await ben.waitForPainted(names.length, 'stored')
      const kept = (await wireClient.pictures()).map(({ name }) => name)
      assert.deepEqual(kept.sort(), names.map(cleanName).sort())
      const labels = (await ben.tiles()).map(({ label }) => label)
      assert.deepEqual(labels.sort(), kept)

      for (const name of names.slice(0, 6)) {
        await dropNamed(anna, [name], 'text')
        const kind = recognise(new TextEncoder().encode('words'), cleanName(name))
        const sentence = refusalOf(kind, cleanName(name)).message
        await anna.page.locator('.toast').getByText(sentence, { exact: true }).waitFor()
      }
    })
  })

let drawn: Promise<string[]> | undefined

/** Returns fifty pictures of many shapes, some of them photographs. */
function drawFifty(): Promise<string[]> {
  drawn ??= (async () => {
    const random = seededRandom(50)
    const side = () => Math.round(120 + random() * 400)
    const files = [
      'photos/pic1.jpg',
      'photos/door-knocker.jpg',
      'photos/pic3.jpg',
      'photos/lake.jpg',
    ]
    const paths = await Promise.all(files.map((path) => samples.file(path)))
    while (paths.length < 50) {
      const options = { width: side(), height: side(), seed: paths.length }
      paths.push(await samples.draw(`drawn-${paths.length}.jpg`, options))
    }
    return paths
  })()
  return drawn
}

/** Draws a picture that is a little larger than this server's limit. */
function drawHugePicture(): Promise<Buffer> {
  const [width, height] = [500, 800]
  const noise = randomBytes(width * height * 3)
  return sharp(noise, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer()
}

/**
 * Asserts that no picture overlaps another, and that rows are straight, aligned at the left, with
 * one gap.
 */
function assertTidy(tiles: readonly Tile[]): void {
  const near = (a: number, b: number) => Math.abs(a - b) < 1.5
  for (const [i, a] of tiles.entries())
    for (const b of tiles.slice(i + 1)) {
      const [dx, dy] = [overlap(a.x, a.w, b.x, b.w), overlap(a.y, a.h, b.y, b.h)]
      assert.ok(dx <= 0 || dy <= 0, `${a.label} covers ${b.label}`)
    }
  const rows = Map.groupBy(tiles, ({ y }) => Math.round(y / 4))
  assert.ok(rows.size > 3 && rows.size < 12, `${rows.size} rows`)
  const left = Math.min(...tiles.map(({ x }) => x))
  const gaps: number[] = []
  for (const row of rows.values()) {
    row.sort((a, b) => a.x - b.x)
    assert.ok(near(row[0]!.x, left), 'a row begins at the left')
    for (const [i, { x }] of row.slice(1).entries()) gaps.push(x - row[i]!.x - row[i]!.w)
  }
  assert.ok(
    gaps.every((gap) => near(gap, gaps[0]!) && gap <= GAP_UNITS + 1),
    `one gap: ${gaps}`,
  )
}

const overlap = (a: number, length: number, b: number, other: number): number =>
  Math.min(a + length, b + other) - Math.max(a, b)

/** Returns width over height of each picture as the browser decoded it, by id. */
const shapesOf = ({ page }: BoardPage): Promise<Record<string, number>> =>
  page.locator('[data-image]').evaluateAll((all) =>
    Object.fromEntries(
      all.map((tile) => {
        const image = tile.querySelector<HTMLImageElement>('.picture')!
        const id = (tile as HTMLElement).dataset['image']!
        return [id, image.naturalWidth / image.naturalHeight]
      }),
    ),
  )

async function watchTasks({ page }: BoardPage): Promise<void> {
  await page.evaluate(() => {
    const tasks: number[] = [0]
    Object.assign(window, { tasks })
    new PerformanceObserver((list) =>
      tasks.push(...list.getEntries().map(({ duration }) => duration)),
    ).observe({ type: 'longtask' })
  })
}

const longestTask = ({ page }: BoardPage): Promise<number> =>
  page.evaluate(() => Math.max(...(window as unknown as { tasks: number[] }).tasks))

async function naughtyNames(): Promise<readonly string[]> {
  if (!samples.hasCorpora) return NAUGHTY
  return JSON.parse(await readFile(await samples.file('names/blns.json'), 'utf8'))
}

/** Returns the command for a small picture that never arrives; they stand in rows of their own. */
function addCommand(name: string, i: number): Extract<Command, { kind: 'image.add' }> {
  const [x, y] = [(i % 40) * 32 - 600, Math.floor(i / 40) * 32 - 200]
  const id = uuidv7(Date.now(), randomBytes(10))
  return { kind: 'image.add', id, x, y, w: 24, width: 240, height: 240, name }
}

/** Drops files whose names no disk would take. */
async function dropNamed(page: BoardPage, names: readonly string[], what: 'picture' | 'text') {
  await page.page.evaluate(
    async ([names, what]) => {
      const transfer = new DataTransfer()
      const canvas = Object.assign(document.createElement('canvas'), { width: 40, height: 30 })
      const drawn = canvas.getContext('2d')!
      for (const [i, name] of names.entries()) {
        drawn.fillStyle = `hsl(${i * 20} 60% 50%)`
        drawn.fillRect(0, 0, 40, 30)
        const png = await new Promise<Blob>((done) => canvas.toBlob((blob) => done(blob!)))
        transfer.items.add(new File([what === 'picture' ? png : 'words'], name))
      }
      const stage = document.querySelector('.stage')!
      const init = { dataTransfer: transfer, bubbles: true, cancelable: true }
      stage.dispatchEvent(new DragEvent('drop', { ...init, clientX: 300, clientY: 200 }))
    },
    [names, what] as const,
  )
}
