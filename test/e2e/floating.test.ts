import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, test } from 'node:test'
import { type Command, uuidv7 } from '@wirephoto/board'
import { overlayWords } from '@wirephoto/web/words/overlay'
import { words } from '@wirephoto/web/words/page'
import sharp from 'sharp'
import { DESKTOP_VIEWPORT, HOSTS, openFixture } from '../support/e2e-fixture.ts'
import type { BoardPage, Tile } from '../support/page.ts'
import { drawPicture } from '../support/pictures.ts'

const { fixture, samples } = await openFixture({ args: ['--bound', 'purge-grace=1'] })

/** From a small phone to a large screen, and each side of every width at which the page changes. */
const WIDTHS_PX = [360, 640, 641, 800, 801, 960, 1100, 1440, 2560]
/** The browser's language, and the share by which all words are longer than there. */
const LANGUAGES = [
  { locale: 'en', longerFactor: 0.4 },
  { locale: 'de', longerFactor: 0 },
  { locale: 'ar', longerFactor: 0 },
] as const
/** Everything that floats over the pictures. */
const FLOATING = [
  '.title',
  '.avatars',
  '.share-button',
  '.people-list',
  '.people > .name-form',
  '.sent-count',
  '.kept-metadata',
  '.bar button',
  '.zoom',
  '.connection',
  '.trash-button',
  '.toast',
  '.selection-bar',
  '.unseen-chip',
  '.caption-field',
].join()

/** More people than are shown. */
const OTHERS_COUNT = 6

for (const host of HOSTS)
  describe(`at http://${host}`, () => {
    for (const { locale, longerFactor } of LANGUAGES)
      test(`O1, P49: nothing that floats covers another, from a phone to a large screen: ${locale}, words longer by ${longerFactor}`, async (t) => {
        const proxy = await fixture.openProxy(t)
        const board = await fixture.newBoard()
        const wireClient = await fixture.openWireClient(t, board)
        const title = 'Sixty characters, as a title may have them on a board now'
        await wireClient.send(
          { kind: 'board.patch', set: { title, keepMetadata: true } },
          addCommand('in view', 0, 0),
        )
        for (let i = 0; i < OTHERS_COUNT; i++) await fixture.openWireClient(t, board)
        const anna = await fixture.openPage(t, host, board, {
          port: proxy.port,
          allowedErrors: /net::ERR_|WebSocket connection/,
          locale,
          says: '',
          // A page that begins narrow shows the board here, and stays with it.
          viewport: { width: WIDTHS_PX[0]!, height: 720 },
        })
        const { page } = anna
        await page.setViewportSize(DESKTOP_VIEWPORT)
        await page.mouse.move(720, 450)
        await page.mouse.wheel(0, 1)
        // Beyond each edge, and the first two on both sides of a corner.
        await wireClient.send(
          addCommand('right', 6000, 3000),
          addCommand('bottom', 5500, 3600),
          addCommand('left', -6000, 100),
          addCommand('top', 100, -6000),
        )
        await anna.waitUntil(() => document.querySelectorAll('.unseen-chip').length === 4, null)
        await page.locator('.kept-metadata').waitFor()
        await page.locator('.avatars .further').waitFor({ state: 'attached' })
        await page.locator('.avatars').click()
        for (const width of WIDTHS_PX) {
          await page.setViewportSize({ width, height: 720 })
          await assertApart(anna, longerFactor, `${width} px, with the people`)
          if (width > 640) {
            const [zoom, bar] = [page.locator('.zoom'), page.locator('.bar')]
            const tops = await Promise.all([zoom, bar].map((each) => each.boundingBox()))
            assert.ok(tops[0]!.y >= tops[1]!.y - 1, `${width} px: the zoom is in the bar's row`)
          }
        }
        await page.locator('.avatars').click()
        proxy.disconnect()
        await page.locator('.connection.trouble').waitFor()

        for (const width of WIDTHS_PX) {
          await page.setViewportSize({ width, height: 720 })
          await page.keyboard.press('Escape')
          await page.keyboard.press('Tab')
          await page.getByRole('option').first().click()
          await page.keyboard.press('Control+Shift+z')
          await page.locator('.selection-bar').waitFor()
          await assertApart(anna, longerFactor, `${width} px, selected`)
          await page.keyboard.press('c')
          await page.locator('.caption-field').waitFor()
          await assertApart(anna, longerFactor, `${width} px, with a caption`)
          await page.keyboard.press('Escape')
        }
      })

    test('P45, P47, P48: captions stand under their pictures, and neither they nor a strip lies on another', async (t) => {
      const board = await fixture.newBoard()
      const photo = await drawPicture({ width: 640, height: 480 })
      const size = { width: 640, height: 480, channels: 4 as const }
      const ink = { create: { ...size, width: 200, background: '#111111ff' } }
      const drawing = await sharp({ create: { ...size, background: '#00000000' } })
        .composite([{ input: ink }])
        .png()
        .toBuffer()
      // In rows as the server makes them, with gaps of 16.
      const sent = [
        { x: 0, y: 0, body: photo },
        { x: 336, y: 0, body: photo },
        { x: 0, y: 256, body: drawing },
      ]
      for (const { x, y, body } of sent) {
        const caption = `${'a caption that is far longer than its picture, '.repeat(2)}${x} ${y}`
        const query = new URLSearchParams({ x: `${x}`, y: `${y}`, w: '320', caption })
        const url = `${fixture.server.url}/api/boards/${board}/images?${query}`
        const headers = { 'content-type': body === photo ? 'image/jpeg' : 'image/png' }
        const init = { method: 'POST', headers, body: new Uint8Array(body) }
        assert.equal((await fetch(url, init)).status, 201)
      }
      const anna = await fixture.openPage(t, host, board)
      const tiles = await anna.waitForPainted(3, 'stored')
      const captions = anna.page.locator('.standing-caption')
      await captions.nth(2).waitFor()
      const boxes = await Promise.all((await captions.all()).map((each) => each.boundingBox()))
      const parts = [...tiles, ...boxes.map((each) => toTile(each!))]
      for (const [i, a] of parts.entries())
        for (const b of parts.slice(i + 1)) assert.ok(!overlaps(a, b), JSON.stringify([a, b]))
      await anna.page.locator('.picture-image[style*="light-dark"]').waitFor()

      const [first] = tiles.toSorted((a, b) => a.x + a.y - b.x - b.y)
      await anna.page.mouse.move(first!.x + 40, first!.y + 40)
      const strip = anna.page.locator('.tile:hover > .picture-info')
      await strip.waitFor()
      const at = toTile((await strip.boundingBox())!)
      for (const other of tiles) if (other !== first) assert.ok(!overlaps(at, other), 'the strip')
      assert.equal(await captions.nth(0).isVisible(), false, 'the strip says it')
    })

    test('O2: what failed is said on its own picture; a small one says all of it on focus', async (t) => {
      const { anna } = await fixture.openPair(t, host)
      anna.allowedErrors = /422/
      const whole = await drawPicture({ width: 600, height: 450 })
      const cut = await samples.write('cut.jpg', whole.subarray(0, whole.length / 2))
      await anna.drop([cut], { x: 700, y: 450 })
      const failure = anna.page.locator('.failure')
      const remove = failure.getByRole('button', { name: overlayWords.remove })
      await remove.waitFor()
      const retry = failure.getByRole('button', { name: words.retry })
      assert.equal(await retry.count(), 0, 'a damaged file stays damaged')
      const [tile] = await anna.tiles()
      const label = await failure.locator('> div').boundingBox()
      assert.ok(label && tile)
      assert.ok(
        label.x >= tile.x - 1 && label.x + label.width <= tile.x + tile.w + 1,
        'within, across',
      )
      assert.ok(
        label.y >= tile.y - 1 && label.y + label.height <= tile.y + tile.h + 1,
        'within, down',
      )

      for (let i = 0; i < 5; i++) await anna.page.keyboard.press('-')
      await anna.page.locator('.failure.small > div').waitFor()
      await anna.waitUntil(() => {
        const [label, picture] = ['.failure > div', '[data-image]'].map((each) =>
          document.querySelector(each)!.getBoundingClientRect(),
        )
        return picture!.width < 150 && label!.right <= picture!.right + 1
      }, null)
      await remove.focus()
      await anna.waitUntil(
        () => document.querySelector('.failure p')!.getBoundingClientRect().width > 100,
        null,
      )
    })

    test('O3: what is dragged lies above all other pictures', async (t) => {
      const { board, anna } = await fixture.openPair(t, host)
      const wireClient = await fixture.openWireClient(t, board)
      const below = addCommand('below', -300, -100)
      await wireClient.send(below, addCommand('above', 0, -100))
      await anna.waitForTiles(2)
      const { x, y } = await anna.tileWithId(below.id)
      await anna.page.mouse.move(x + 100, y + 75)
      await anna.page.mouse.down()
      await anna.page.mouse.move(x + 390, y + 75, { steps: 4 })
      await anna.waitUntil(
        ([id, left, top]) => {
          const stack = document
            .elementsFromPoint(left, top)
            .flatMap((each) => each.closest<HTMLElement>('[data-image]')?.dataset['image'] ?? [])
          return stack.length > 1 && stack[0] === id
        },
        [below.id, x + 390, y + 75] as const,
      )
      await anna.page.mouse.up()
    })

    test('O4: several selected pictures have one frame, which the handles stand on', async (t) => {
      const { board, anna } = await fixture.openPair(t, host)
      const wireClient = await fixture.openWireClient(t, board)
      await wireClient.send(addCommand('one', -300, -100), addCommand('two', 100, 100))
      await anna.waitForTiles(2)
      await anna.page.keyboard.press('Control+a')
      const frame = anna.page.locator('.handles')
      await frame.waitFor()
      assert.equal(await frame.evaluate((each) => getComputedStyle(each).borderStyle), 'dashed')
    })

    test('O5: no warning is pushed out unseen, and Undo goes once nothing can be undone', async (t) => {
      const { board, anna, ben } = await fixture.openPair(t, host)
      const wireClient = await fixture.openWireClient(t, board)
      const texts = await Promise.all(
        [1, 2, 3, 4, 5, 6].map((n) => samples.write(`notes-${n}.txt`, 'Not a picture')),
      )
      await anna.page.evaluate(() => {
        const seen = new Set<string>()
        Object.assign(window, { seen })
        const note = () => {
          for (const each of document.querySelectorAll('.toast p')) seen.add(each.textContent)
          requestAnimationFrame(note)
        }
        note()
      })
      await anna.drop(texts, { x: 700, y: 450 })
      await anna.waitUntil(
        () =>
          ['notes-1.txt', '4 more'].every((part) =>
            [...(window as unknown as { seen: Set<string> }).seen].some((text) =>
              text.includes(part),
            ),
          ),
        null,
      )

      await wireClient.send(addCommand('one', 0, 0))
      await ben.waitForTiles(1)
      await ben.page.keyboard.press('Control+a')
      await ben.page.keyboard.press('Delete')
      await ben.waitForToast(words.deleted(1))
      const [picture] = await wireClient.pictures()
      await wireClient.send({ kind: 'image.purge', id: picture!.id })
      await ben.waitUntil(() => document.querySelector('.toast') === null, null)
    })
  })

/** Asserts that the floating parts cover neither each other nor the screen's edges. */
async function assertApart({ page }: BoardPage, longerFactor: number, when: string): Promise<void> {
  await page.evaluate(lengthenWords, [FLOATING, longerFactor] as const)
  await page.waitForFunction(
    (floating) => {
      const boxes = [...document.querySelectorAll(floating)].map((each) =>
        each.getBoundingClientRect(),
      )
      const text = JSON.stringify(boxes)
      const isStill = (window as { lastBoxes?: string }).lastBoxes === text
      Object.assign(window, { lastBoxes: text })
      return isStill
    },
    FLOATING,
    { polling: 'raf' },
  )
  const covered = await page.evaluate((floating) => {
    const parts = [...document.querySelectorAll<HTMLElement>(floating)].flatMap((element) => {
      const box = element.getBoundingClientRect()
      return box.width > 0 ? [{ name: `${element.className || element.ariaLabel}`, box }] : []
    })
    const problems: string[] = []
    for (const [i, { name, box }] of parts.entries()) {
      if (box.left < 0 || box.right > innerWidth || box.top < 0 || box.bottom > innerHeight)
        problems.push(`${name} leaves the screen`)
      for (const other of parts.slice(i + 1))
        if (
          box.left < other.box.right - 0.5 &&
          other.box.left < box.right - 0.5 &&
          box.top < other.box.bottom - 0.5 &&
          other.box.top < box.bottom - 0.5
        )
          problems.push(`${name} covers ${other.name}`)
    }
    return problems
  }, FLOATING)
  assert.deepEqual(covered, [], when)
}

const toTile = (box: { x: number; y: number; width: number; height: number }) => ({
  ...box,
  w: box.width,
  h: box.height,
})

/** Whether two parts of the screen lie on one another, by half a pixel at least. */
function overlaps(a: Pick<Tile, 'x' | 'y' | 'w' | 'h'>, b: typeof a): boolean {
  const [right, bottom] = [Math.min(a.x + a.w, b.x + b.w), Math.min(a.y + a.h, b.y + b.h)]
  return right - Math.max(a.x, b.x) > 0.5 && bottom - Math.max(a.y, b.y) > 0.5
}

/** Makes all words of these parts longer, as another language might. Runs in the page. */
function lengthenWords([floating, factor]: readonly [string, number]): void {
  if (factor === 0) return
  const state = window as { longer?: WeakMap<Node, string> }
  const longer = (state.longer ??= new WeakMap())
  for (const part of document.querySelectorAll(floating)) {
    const walker = document.createTreeWalker(part, NodeFilter.SHOW_TEXT)
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const text = node.nodeValue!
      if (text.trim() === '' || longer.get(node) === text) continue
      node.nodeValue = text + ' wort'.repeat(Math.ceil((text.length * factor) / 5))
      longer.set(node, node.nodeValue)
    }
  }
}

function addCommand(name: string, x: number, y: number): Extract<Command, { kind: 'image.add' }> {
  const id = uuidv7(Date.now(), randomBytes(10))
  return { kind: 'image.add', id, x, y, w: 200, width: 200, height: 150, name }
}
