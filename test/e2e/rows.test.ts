import assert from 'node:assert/strict'
import { test } from 'node:test'
import { boxOf, GAP_UNITS, type ImageRecord, type Snapshot } from '@wirephoto/board'
import { DESKTOP_VIEWPORT, openFixture } from '../support/e2e-fixture.ts'
import { PAGE_TIMEOUT_MS } from '../support/page.ts'

const SHAPES = [
  [400, 300],
  [300, 400],
  [480, 270],
  [300, 300],
] as const
const PICTURE_COUNT = 12

const { fixture, samples } = await openFixture()
const files = await Promise.all(
  Array.from({ length: PICTURE_COUNT }, (_, seed) => {
    const [width, height] = SHAPES[seed % SHAPES.length]!
    return samples.draw(`row-${seed}.jpg`, { width, height, seed })
  }),
)

test('P30, P33, P34: chosen pictures stand in rows; Tidy makes these even and flies there; one undo gives all back', async (t) => {
  const { board, anna } = await fixture.openPair(t, 'wire.test')
  const { page } = anna
  await page.setInputFiles('#choose-files', files)
  await anna.waitForPainted(PICTURE_COUNT, 'stored')
  const start = await picturesOf(board)
  const [left, top] = [Math.min(...start.map(({ x }) => x)), Math.min(...start.map(({ y }) => y))]
  const [right, bottom] = [
    Math.max(...start.map(({ x, w }) => x + w)),
    Math.max(...start.map(({ y, h }) => y + h)),
  ]
  const ratio = (right - left) / (bottom - top)
  assert.ok(ratio > 1.2 && ratio < 2, `${ratio}`)
  // A far view, so that there is somewhere to fly.
  await page.keyboard.press('-')
  await page.keyboard.press('t')
  const tidied = await waitForPictures(board, areJustified)
  assert.notDeepEqual(tidied, start)
  await anna.waitUntil(
    ([count, w, h]) => {
      const boxes = [...document.querySelectorAll('[data-image]')].map((tile) =>
        tile.getBoundingClientRect(),
      )
      const across = Math.max(...boxes.map((b) => b.right)) - Math.min(...boxes.map((b) => b.left))
      const down = Math.max(...boxes.map((b) => b.bottom)) - Math.min(...boxes.map((b) => b.top))
      const isWhole = boxes.every((b) => b.left > 0 && b.top > 0 && b.right < w && b.bottom < h)
      return boxes.length === count && isWhole && (across > w * 0.8 || down > h * 0.7)
    },
    [PICTURE_COUNT, DESKTOP_VIEWPORT.width, DESKTOP_VIEWPORT.height] as const,
  )
  await page.keyboard.press('Control+z')
  const before = new Set(start.map((each) => JSON.stringify(each)))
  await waitForPictures(board, (now) => now.every((each) => before.has(JSON.stringify(each))))
})

test('P35: Fit shows a single small picture at 60 % of the shorter side', async (t) => {
  const board = await fixture.newBoard()
  const page = await fixture.openPage(t, 'wire.test', board)
  await page.page.setInputFiles('#choose-files', [files[0]!])
  await page.waitForPainted(1, 'stored')
  const wanted = DESKTOP_VIEWPORT.height * 0.6
  const isLarge = (height: number): boolean => {
    const tile = document.querySelector('[data-image]')?.getBoundingClientRect()
    return tile !== undefined && Math.abs(tile.height - height) < 2
  }
  await page.page.keyboard.press('f')
  await page.waitUntil(isLarge, wanted)
})

test('P70: a board of a few pictures opens filling the screen, and none beyond its own pixels', async (t) => {
  const board = await fixture.newBoard()
  const first = await fixture.openPage(t, 'wire.test', board)
  const large = await Promise.all(
    [0, 1, 2].map((seed) =>
      samples.draw(`large-${seed}.jpg`, { width: 1_600, height: 1_200, seed }),
    ),
  )
  await first.page.setInputFiles('#choose-files', large)
  await first.waitForPainted(3, 'stored')
  const second = await fixture.openPage(t, 'wire.test', board)
  await second.waitForPainted(3, 'stored')
  const spans = await second.page.evaluate(() => {
    const boxes = [...document.querySelectorAll('[data-image]')].map((tile) =>
      tile.getBoundingClientRect(),
    )
    return {
      across: Math.max(...boxes.map((b) => b.right)) - Math.min(...boxes.map((b) => b.left)),
      down: Math.max(...boxes.map((b) => b.bottom)) - Math.min(...boxes.map((b) => b.top)),
      widest: Math.max(...boxes.map((b) => b.width)),
    }
  })
  const { width, height } = DESKTOP_VIEWPORT
  assert.ok(spans.across > width * 0.8 || spans.down > height * 0.7, JSON.stringify(spans))
  assert.ok(spans.widest <= 1_600, JSON.stringify(spans))
})

type Standing = Pick<ImageRecord, 'id' | 'x' | 'y' | 'w'> & { readonly h: number }

/** Returns where the server's pictures stand. */
async function picturesOf(board: string): Promise<Standing[]> {
  const response = await fetch(`${fixture.server.url}/api/boards/${board}/snapshot`)
  const { records } = (await response.json()) as Snapshot
  return records.flatMap((record) =>
    record.kind === 'image' ? { id: record.id, ...boxOf(record) } : [],
  )
}

async function waitForPictures(
  board: string,
  isSo: (pictures: readonly Standing[]) => boolean,
): Promise<Standing[]> {
  for (const end = performance.now() + PAGE_TIMEOUT_MS; ; ) {
    const pictures = await picturesOf(board)
    if (isSo(pictures)) return pictures
    assert.ok(performance.now() < end, JSON.stringify(pictures))
  }
}

/** Whether pictures stand in rows of one height and, but for the last, one width. */
function areJustified(pictures: readonly Standing[]): boolean {
  const isEven = (a: number, b: number): boolean => Math.abs(a - b) < 0.1
  const rows = [...Map.groupBy(pictures, ({ y }) => y)]
    .sort(([a], [b]) => a - b)
    .map(([, row]) => row.sort((a, b) => a.x - b.x))
  const ends = rows.map((row) => row.at(-1)!.x + row.at(-1)!.w)
  return (
    rows.every(
      (row, i) =>
        (i === rows.length - 1 || isEven(ends[i]!, ends[0]!)) &&
        isEven(row[0]!.x, rows[0]![0]!.x) &&
        row.every(({ x, h }, n) => {
          const before = row[n - 1]
          return isEven(h, row[0]!.h) && (!before || isEven(x, before.x + before.w + GAP_UNITS))
        }),
    ) && rows.length > 1
  )
}
