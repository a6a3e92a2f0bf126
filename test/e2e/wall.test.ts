import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openBoard } from '@wirephoto/client'
import { words } from '@wirephoto/web/words/page'
import type { Page } from 'playwright-core'
import { HOSTS, openFixture } from '../support/e2e-fixture.ts'
import { drawPicture } from '../support/pictures.ts'

const { fixture } = await openFixture()

/** The address of what the wall shows in full strength. */
const shows = (page: Page, blob: string | null): Promise<unknown> =>
  page.waitForFunction(
    (hash) =>
      document.querySelector('.wall-frame img:last-child')?.getAttribute('src')?.includes(hash!),
    blob,
  )

for (const host of HOSTS)
  test(`at http://${host} a wall shows the newest picture, and whatever is pushed`, async (t) => {
    const board = await fixture.newBoard()
    const page = openBoard({ url: fixture.server.url, board })
    t.after(() => page.close())
    const context = await fixture.browser.newContext({ viewport: { width: 1440, height: 900 } })
    t.after(() => context.close())
    const wall = await context.newPage()
    const problems: string[] = []
    wall.on('pageerror', (error) => problems.push(String(error)))
    wall.on('console', (message) => message.type() === 'error' && problems.push(message.text()))
    await wall.goto(`http://${host}:${fixture.server.port}/b/${board}/show`)
    await wall.getByText(words.wallEmpty).waitFor()

    const add = async (caption: string, seed: number) => {
      const file = new Blob([new Uint8Array(await drawPicture({ width: 900, height: 600, seed }))])
      const [id] = page.add([{ file, name: 'p.jpg', caption, width: 900, height: 600 }])
      return page.stored(id!)
    }
    const first = await add('The harbour', 1)
    await shows(wall, first.blob)
    await wall.getByText('The harbour').waitFor()
    const second = await add('The bridge', 2)
    await shows(wall, second.blob)

    page.show(first.id)
    await shows(wall, first.blob)
    page.show('00000000-0000-7000-8000-000000000000')
    page.remove([first.id])
    await shows(wall, second.blob)
    assert.deepEqual(problems, [])
  })
