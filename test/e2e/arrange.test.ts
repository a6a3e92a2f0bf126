import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { type ImageRecord, type Snapshot } from '@wirephoto/board'
import { overlayWords } from '@wirephoto/web/words/overlay'
import { words } from '@wirephoto/web/words/page'
import { BOTH_HOSTS, HOSTS, type Host, openFixture } from '../support/e2e-fixture.ts'
import type { BoardPage, Tile } from '../support/page.ts'

const ui = { ...words, ...overlayWords }

/** Time in which a busy server must write a change. */
const WAIT_TIMEOUT_MS = 20_000

const { fixture, samples } = await openFixture()

for (const host of HOSTS)
  describe(`at http://${host}`, () => {
    test('a marquee selects what it touches, Shift adds, Escape cancels', async (t) => {
      const { anna, ben, tiles } = await openScene(t, host, 3)
      const [a, b, c] = tiles as [Tile, Tile, Tile]
      const { page } = anna
      await dragMouse(anna, { x: a.x - 40, y: a.y - 30 }, centreOf(b))
      assert.deepEqual(await selectedIds(anna), [a.id, b.id].sort())
      await ben.page.locator(`[data-remote-selection="${b.id}"]`).waitFor()
      await page.keyboard.down('Shift')
      await dragMouse(anna, { x: c.x + c.w + 40, y: c.y - 30 }, centreOf(c))
      await page.keyboard.up('Shift')
      assert.equal((await selectedIds(anna)).length, 3)
      await shiftClick(anna, a)
      assert.deepEqual(await selectedIds(anna), [b.id, c.id].sort(), 'shift click takes one out')

      await page.mouse.move(a.x - 40, a.y - 30)
      await page.mouse.down()
      await page.mouse.move(...centrePoint(a), { steps: 3 })
      await anna.waitUntil(
        (id) => document.querySelector(`[data-image="${id}"].selected`) !== null,
        a.id,
      )
      await page.keyboard.press('Escape')
      await page.mouse.up()
      assert.deepEqual(await selectedIds(anna), [b.id, c.id].sort())
      await page.mouse.click(a.x - 40, a.y - 30)
      assert.deepEqual(await selectedIds(anna), [])
      await ben.page.locator('[data-remote-selection]').first().waitFor({ state: 'detached' })
    })

    test('a handle scales one or several pictures about the opposite corner, live, in one step', async (t) => {
      const { board, anna, ben, tiles } = await openScene(t, host, 2)
      const { page } = anna
      const [a, b] = tiles as [Tile, Tile]
      const start = await serverRecords(board)
      const theirs = await ben.tiles()
      await page.mouse.click(...centrePoint(a))
      await shiftClick(anna, b)
      const handle = await page.locator('.handle.se').boundingBox()
      assert.ok(handle)
      const grip = { x: handle.x + handle.width / 2, y: handle.y + handle.height / 2 }
      const [left, top] = [Math.min(a.x, b.x), Math.min(a.y, b.y)]
      await page.mouse.move(grip.x, grip.y)
      await page.mouse.down()
      await page.mouse.move(left + (grip.x - left) / 2, top + (grip.y - top) / 2, { steps: 8 })
      const half = theirs.find(({ id }) => id === a.id)!.w / 2
      await ben.waitUntil(
        ([id, w]) => {
          const box = document.querySelector(`[data-image="${id}"]`)!.getBoundingClientRect()
          return Math.abs(box.width - w) < 2
        },
        [a.id, half] as const,
      )
      assert.deepEqual(await serverRecords(board), start, 'nothing is written in mid-pull')
      await page.mouse.up()
      await waitForChange(board, start)
      const now = await serverRecords(board)
      for (const [i, { id }] of tiles.entries()) {
        const [was, is] = [start.get(id)!, now.get(id)!]
        assert.ok(Math.abs(is.w / was.w - 0.5) < 0.03, `picture ${i} is half as wide: ${is.w}`)
      }
      const corner = (all: typeof start) => Math.min(...[...all.values()].map(({ x }) => x))
      assert.ok(Math.abs(corner(now) - corner(start)) < 0.02, 'the opposite corner stays')
      await undoStep(anna, ben, board, start)
      await page.keyboard.press('Control+Shift+z')
      await waitForChange(board, start)
      assert.deepEqual(await serverRecords(board), now)
      await undoStep(anna, ben, board, start)
    })

    test('copies by key and by Alt drag, tidying and reordering; each is undone exactly', async (t) => {
      const { board, anna, ben, tiles } = await openScene(t, host, 3)
      const { page } = anna
      const [a, b] = tiles as [Tile, Tile, Tile]
      const start = await serverRecords(board)
      await page.mouse.click(...centrePoint(a))
      await page.keyboard.press('Control+d')
      await ben.waitForPainted(4, 'stored')
      const [copy] = await selectedIds(anna)
      assert.equal((await serverRecords(board)).get(copy!)!.w, start.get(a.id)!.w)
      await undoStep(anna, ben, board, start)

      await page.keyboard.press('Escape')
      await page.keyboard.down('Alt')
      await page.mouse.move(...centrePoint(b))
      await page.mouse.down()
      await page.mouse.move(centreOf(b).x + 60, centreOf(b).y + 200, { steps: 5 })
      const stays = page.locator('.original')
      const { x, y, width: w } = (await stays.boundingBox())!
      assert.deepEqual([x, y, w].map(Math.round), [b.x, b.y, b.w].map(Math.round))
      const shown = stays.locator('.picture.ready')
      assert.equal(await shown.evaluate((image: HTMLImageElement) => image.naturalWidth > 0), true)
      assert.ok((await anna.tileWithId(b.id)).y > b.y + 150, 'the copy goes with the hand')
      await page.mouse.up()
      await page.keyboard.up('Alt')
      await ben.waitForPainted(4, 'stored')
      const after = await serverRecords(board)
      assert.deepEqual(after.get(b.id), start.get(b.id), 'what was copied stays')
      await undoStep(anna, ben, board, start)

      await page.keyboard.press('Escape')
      await dragMouse(anna, centreOf(a), { x: centreOf(a).x + 37, y: centreOf(a).y + 133 })
      await waitForChange(board, start)
      const heap = await serverRecords(board)
      await page.keyboard.press('Escape')
      await page.keyboard.press('t')
      await waitForChange(board, heap)
      await undoStep(anna, ben, board, heap)
      await undoStep(anna, ben, board, start)

      // Between the others in depth, both keys move it. The files may have come in any order.
      const middle = tiles.toSorted((x, y) =>
        start.get(x.id)!.z < start.get(y.id)!.z ? -1 : 1,
      )[1]!
      // Tidy has flown to its rows.
      await anna.waitUntil(() => !document.querySelector('.world.moving'), null)
      const centre = centrePoint(await anna.tileWithId(middle.id))
      await anna.waitUntil(isPictureAt, [middle.id, ...centre] as const)
      await page.mouse.click(...centre)
      await page.locator(`[data-image="${middle.id}"][aria-selected=true]`).waitFor()
      for (const key of [']', '[']) {
        const before = await serverRecords(board)
        await page.keyboard.press(key)
        await waitForChange(board, before)
        const zs = [...(await serverRecords(board)).values()].sort((x, y) => (x.z < y.z ? -1 : 1))
        assert.equal(zs.at(key === ']' ? -1 : 0)!.id, middle.id, key)
      }
      await page.keyboard.press('Control+z')
      await undoStep(anna, ben, board, start)
    })

    test('by keyboard only: select, move together, enlarge, caption, delete, undo all', async (t) => {
      const { board, anna, ben, tiles } = await openScene(t, host, 2)
      const { keyboard } = anna.page
      const start = await serverRecords(board)
      await anna.page.locator('.stage').focus()
      await keyboard.press('Tab')
      await keyboard.press('F2')
      const field = anna.page.getByRole('textbox', { name: ui.captionOf(tiles[0]!.label) })
      await field.waitFor()
      await keyboard.type('Two swans, <b>one</b> pond')
      await keyboard.press('Enter')
      await ben.page.getByRole('option', { name: 'Two swans, <b>one</b> pond' }).waitFor()
      await ben.page.locator('img[alt="Two swans, <b>one</b> pond"]').waitFor()
      await field.waitFor({ state: 'detached' })
      await undoStep(anna, ben, board, start)

      await keyboard.press('Control+a')
      await keyboard.press('Shift+ArrowRight')
      await waitForMove(board, start, 10, 0)
      await undoStep(anna, ben, board, start)
      const run = ['ArrowRight', 'ArrowRight', 'ArrowDown', 'Shift+ArrowRight']
      await Promise.all(run.map((key) => keyboard.press(key)))
      await waitForMove(board, start, 12, 1)
      await undoStep(anna, ben, board, start)
      await keyboard.press('Shift+ArrowDown')
      await waitForMove(board, start, 0, 10)
      await keyboard.press('>')
      await keyboard.press('Delete')
      await ben.waitForTiles(0)
      for (let i = 0; i < 2; i++) await keyboard.press('Control+z')
      await undoStep(anna, ben, board, start)
    })

    test('a double click on a caption edits it, Escape cancels', async (t) => {
      const { board, anna, ben, tiles } = await openScene(t, host, 1)
      const { page } = anna
      const start = await serverRecords(board)
      await page.mouse.click(...centrePoint(tiles[0]!))
      const strip = page.locator('.tile.selected > .picture-info')
      await strip.waitFor()
      const info = (await strip.boundingBox())!
      // Its first line stays; the names of those who have seen the picture may appear beneath it.
      await page.mouse.dblclick(info.x + 10, info.y + 6)
      await page.locator('.caption-field').fill('مرحبا بالعالم')
      await page.keyboard.press('Escape')
      await page.locator('.caption-field').waitFor({ state: 'detached' })
      assert.deepEqual(await serverRecords(board), start)
      await page.keyboard.press('c')
      await page.locator('.caption-field').fill('مرحبا بالعالم')
      await page.mouse.click(100, 500)
      await ben.page.getByRole('option', { name: 'مرحبا بالعالم' }).waitFor()
      await undoStep(anna, ben, board, start)
    })

    test('a link to this view shows the same middle on another screen', async (t) => {
      const { board, anna, tiles } = await openScene(t, host, 1)
      const { page } = anna
      await page.mouse.move(700, 450)
      await page.mouse.wheel(300, -120)
      await anna.waitUntil(
        ([id, x]) =>
          document.querySelector(`[data-image="${id}"]`)!.getBoundingClientRect().x < x - 250,
        [tiles[0]!.id, tiles[0]!.x] as const,
      )
      await page.evaluate(() => {
        Object.assign(window, { copied: '' })
        document.addEventListener('copy', () =>
          Object.assign(window, { copied: String(getSelection()) }),
        )
        Object.defineProperty(navigator, 'clipboard', { value: undefined, configurable: true })
      })
      await page.keyboard.press('Shift+V')
      await anna.waitForToast(ui.linkCopied)
      const link = await page.evaluate(() => (window as never as { copied: string }).copied)
      assert.match(link, new RegExp(`/b/${board}#-?\\d+,-?\\d+,1$`))
      const small = await fixture.openPage(t, host, `${board}${new URL(link).hash}`, {
        viewport: { width: 1000, height: 700 },
      })
      const [mine, theirs] = [
        await anna.tileWithId(tiles[0]!.id),
        (await small.waitForPainted(1))[0]!,
      ]
      assert.ok(Math.abs(theirs.x - 500 - (mine.x - 720)) < 1.5, 'the middle is the middle')
      assert.ok(Math.abs(theirs.y - 350 - (mine.y - 450)) < 1.5)
      assert.equal(new URL(small.page.url()).hash, '')
    })

    test('on a phone a long press selects and opens the menu, a selection drags, More undoes', async (t) => {
      const { board, ben, tiles } = await openScene(t, host, 1)
      const phone = await fixture.openPage(t, host, board, {
        viewport: { width: 390, height: 844 },
        hasTouch: true,
        isMobile: true,
      })
      await phone.waitForPainted(1, 'stored')
      const start = await serverRecords(board)
      const { id } = tiles[0]!
      const before = await waitUntilStill(phone, id)
      await phone.touch('touchStart', centreOf(before))
      await phone.page.getByRole('menuitem', { name: ui.duplicate }).waitFor()
      await phone.touch('touchEnd')
      await phone.page.getByRole('menuitem', { name: ui.duplicate }).tap()
      await ben.waitForPainted(2, 'stored')
      const copied = await serverRecords(board)
      const copy = (await selectedIds(phone))[0]!
      const stood = await waitUntilStill(phone, copy)
      const grip = centreOf(stood)
      await phone.touch('touchStart', grip)
      for (let i = 1; i <= 5; i++) {
        await phone.touch('touchMove', { x: grip.x, y: grip.y + i * 20 })
        await phone.nextFrame()
      }
      await phone.touch('touchEnd')
      await phone.waitUntil(
        ([id, y]) => document.querySelector(`[data-image="${id}"]`)!.getBoundingClientRect().y > y,
        [copy, stood.y + 80] as const,
      )
      const more = phone.page.getByRole('button', { name: ui.more, exact: true })
      const undo = phone.page.getByRole('menuitem', { name: ui.undo })
      for (const before of [copied, start]) {
        // At once: a browser that takes a drag for a fling swallows the tap after it.
        await more.tap()
        await undo.tap()
        await waitForState([phone, ben], board, before)
      }
      await more.tap()
      await undo.waitFor()
      const title = await phone.page.getByRole('button', { name: ui.boardMenu }).boundingBox()
      await phone.tap({ x: title!.x + 20, y: title!.y + 20 })
      await undo.waitFor({ state: 'detached' })
      const menus = await phone.page.getByRole('menu').count()
      assert.equal(menus, 0, 'the finger that closes a menu presses nothing beneath it')
    })
  })

test('a picture is copied as PNG in a secure context, and as a link elsewhere', async (t) => {
  const file = await samples.draw('small.jpg', { width: 320, height: 200 })
  for (const host of BOTH_HOSTS) {
    const board = await fixture.newBoard()
    const permissions = host === 'localhost' ? ['clipboard-read', 'clipboard-write'] : []
    const anna = await fixture.openPage(t, host, board, { permissions })
    await anna.drop([file], { x: 500, y: 400 })
    const [tile] = await anna.waitForPainted(1, 'stored')
    await anna.page.mouse.click(...centrePoint(tile!))
    await anna.page.bringToFront()
    await anna.page.keyboard.press('Control+c')
    if (host === 'wire.test') await anna.waitForToast(ui.pictureLinksCopied(1))
    else {
      await anna.waitForToast(ui.picturesCopied(1))
      const size = await anna.page.evaluate(async () => {
        const [item] = await navigator.clipboard.read()
        const { width, height } = await createImageBitmap(await item!.getType('image/png'))
        return [width, height]
      })
      assert.deepEqual(size, [320, 200])
    }
  }
})

/** Opens a board with that many stored pictures in a row, for two people. */
async function openScene(t: TestContext, host: Host, count: number) {
  const { board, anna, ben } = await fixture.openPair(t, host)
  const sizes = { width: 400, height: 300 }
  const names = Array.from({ length: count }, (_, i) => `picture-${i}.jpg`)
  const files = await Promise.all(names.map((name, seed) => samples.draw(name, { ...sizes, seed })))
  await anna.drop(files, { x: 350, y: 380 })
  await ben.waitForPainted(count, 'stored')
  const tiles = await anna.waitForPainted(count, 'stored')
  for (const { id } of tiles) await waitUntilStill(anna, id)
  return { board, anna, ben, tiles: (await anna.tiles()).sort((a, b) => a.y - b.y || a.x - b.x) }
}

const centreOf = ({ x, y, w, h }: Tile) => ({ x: x + w / 2, y: y + h / 2 })
const centrePoint = (tile: Tile): [number, number] => [centreOf(tile).x, centreOf(tile).y]

async function dragMouse({ page }: BoardPage, from: { x: number; y: number }, to: typeof from) {
  await page.mouse.move(from.x, from.y)
  await page.mouse.down()
  await page.mouse.move(to.x, to.y, { steps: 5 })
  await page.mouse.up()
}

async function shiftClick({ page }: BoardPage, tile: Tile): Promise<void> {
  await page.keyboard.down('Shift')
  await page.mouse.click(...centrePoint(tile))
  await page.keyboard.up('Shift')
}

/** Returns the ids of the selected pictures. */
const selectedIds = ({ page }: BoardPage): Promise<string[]> =>
  page
    .locator('[data-image][aria-selected="true"]')
    .evaluateAll((all) => all.map((each) => (each as HTMLElement).dataset['image']!).sort())

/** Returns the pictures on the server's board. */
async function serverRecords(board: string): Promise<Map<string, ImageRecord>> {
  const response = await fetch(`${fixture.server.url}/api/boards/${board}/snapshot`)
  const { records } = (await response.json()) as Snapshot
  const pictures = records.filter((record) => record.kind === 'image' && record.deletedAt === null)
  return new Map(pictures.map((each) => [each.id, { ...(each as ImageRecord), variants: null }]))
}

/** Returns the server's records when the condition holds, or after the timeout. */
async function waitForRecords(
  board: string,
  isSo: (there: Map<string, ImageRecord>) => boolean,
): Promise<Map<string, ImageRecord>> {
  for (const end = performance.now() + WAIT_TIMEOUT_MS; ; ) {
    const there = await serverRecords(board)
    if (isSo(there) || performance.now() > end) return there
  }
}

/** Resolves when the server's records have changed. */
async function waitForChange(board: string, before: Map<string, ImageRecord>): Promise<void> {
  const now = await waitForRecords(board, (there) => !isDeepStrictEqual(there, before))
  assert.notDeepEqual(now, before, 'nothing was written')
}

/** Resolves when all pictures have moved by that much. */
async function waitForMove(
  board: string,
  start: Map<string, ImageRecord>,
  dx: number,
  dy: number,
): Promise<void> {
  const there = [...start.values()].map((each) => ({ ...each, x: each.x + dx, y: each.y + dy }))
  await waitForState([], board, new Map(there.map((each) => [each.id, each])))
}

/** Undoes one step: the server and both pages return to exactly the earlier state. */
async function undoStep(
  anna: BoardPage,
  ben: BoardPage,
  board: string,
  start: Map<string, ImageRecord>,
): Promise<void> {
  await anna.page.keyboard.press('Control+z')
  await waitForState([anna, ben], board, start)
}

/** Resolves when the server and the pages have exactly these records. */
async function waitForState(
  pages: readonly BoardPage[],
  board: string,
  start: Map<string, ImageRecord>,
): Promise<void> {
  for (const page of pages) await page.waitForTiles(start.size)
  const now = await waitForRecords(board, (there) => isDeepStrictEqual(there, start))
  assert.deepEqual(now, start)
  for (const page of pages) {
    const [first, ...others] = [...start.values()]
    for (const { id, x, y } of others)
      await page.waitUntil(
        ([one, other, dx, dy, w]) => {
          const box = (id: string) =>
            document.querySelector(`[data-image="${id}"]`)!.getBoundingClientRect()
          const [a, b] = [box(one), box(other)]
          const zoom = a.width / w
          return Math.abs(b.x - a.x - dx * zoom) < 0.5 && Math.abs(b.y - a.y - dy * zoom) < 0.5
        },
        [first!.id, id, x - first!.x, y - first!.y, first!.w] as const,
      )
  }
}

/** Returns the tile when it has not moved for a few frames. */
async function waitUntilStill(page: BoardPage, id: string): Promise<Tile> {
  for (let before = await page.tileWithId(id); ; ) {
    for (let i = 0; i < 4; i++) await page.nextFrame()
    const now = await page.tileWithId(id)
    if (now.x === before.x && now.y === before.y && now.w === before.w) return now
    before = now
  }
}

/** Whether a picture is topmost at a point of the page. */
function isPictureAt([id, x, y]: readonly [string, number, number]): boolean {
  const tile = document.elementFromPoint(x, y)?.closest<HTMLElement>('[data-image]')
  return tile?.dataset['image'] === id
}
