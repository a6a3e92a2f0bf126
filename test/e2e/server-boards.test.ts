import assert from 'node:assert/strict'
import { test } from 'node:test'
import { homeWords } from '@wirephoto/web/words/home'
import { words } from '@wirephoto/web/words/page'
import { panelWords } from '@wirephoto/web/words/panels'
import { openFixture } from '../support/e2e-fixture.ts'

/** Browsers log failed requests and sockets. */
const GONE = /40[134] \(|WebSocket/

const { fixture, samples } = await openFixture()

test("B50, B58, B60, B61, H43: the server's owner enters the code, renames and closes a board and deletes another", async (t) => {
  const [closing, deleting] = [await fixture.newBoard(), await fixture.newBoard()]
  const ben = await fixture.openPage(t, 'wire.test', deleting)
  await ben.drop([await samples.draw('a.jpg', { width: 900 })], { x: 500, y: 400 })
  await ben.waitForPainted(1, 'stored')
  const anna = await fixture.openPage(t, 'wire.test', 'main', {
    allowedErrors: /403 \(Forbidden\)/,
  })
  const { page } = anna
  await page.keyboard.press('b')
  const panel = page.getByRole('dialog', { name: words.boards })
  await panel.getByRole('button', { name: panelWords.serverBoards }).click()

  const field = panel.getByLabel(panelWords.ownerCode)
  await field.fill('BBBB-BBBB')
  await field.press('Enter')
  await panel.getByRole('alert').filter({ hasText: "That code isn't right" }).waitFor()
  const [code] = /[B-Z]{4}-[B-Z]{4}/.exec(fixture.server.output) ?? []
  await field.fill(code!.toLowerCase())
  await field.press('Enter')

  const rowOf = (board: string) => panel.locator(`[data-board="${board}"]`)
  const more = panel.getByRole('button', { name: panelWords.moreBoards })
  await panel.locator('[data-board]').first().waitFor()
  // The fixture has many boards, which come in parts.
  while (!(await rowOf(closing).isVisible()) || !(await rowOf(deleting).isVisible())) {
    const { length } = await panel.locator('[data-board]').all()
    await more.click()
    await panel.locator('[data-board]').nth(length).waitFor()
  }
  await rowOf(deleting).getByText(panelWords.pictures(1)).waitFor()
  await rowOf(closing).getByText(panelWords.opensByAddress).waitFor()
  await rowOf(closing)
    .getByRole('button', { name: homeWords.rename(words.untitled) })
    .click()
  await rowOf(closing).getByRole('textbox').fill('Contact sheets')
  await page.keyboard.press('Enter')
  const renamed = rowOf(closing).getByRole('button', { name: homeWords.rename('Contact sheets') })
  await renamed.waitFor()
  await renamed.evaluate((button) => button.matches(':focus') || Promise.reject(new Error('focus')))
  await rowOf(closing).getByRole('button', { name: panelWords.closeBoard }).click()
  await rowOf(closing).getByText(panelWords.opensByAddress).waitFor({ state: 'detached' })
  const stranger = await fetch(`${fixture.server.url}/api/boards/${closing}/snapshot`)
  assert.equal(stranger.status, 401)

  await rowOf(deleting).getByRole('button', { name: words.delete }).click()
  await rowOf(deleting).getByText(panelWords.askDeleteBoard(1)).waitFor()
  const keep = rowOf(deleting).getByRole('button', { name: panelWords.keep })
  assert.ok(await keep.evaluate((button) => button === document.activeElement))
  await page.keyboard.press('Enter')
  await rowOf(deleting).getByRole('button', { name: words.delete }).click()
  await rowOf(deleting).getByRole('button', { name: panelWords.deleteForGood }).click()
  await rowOf(deleting).waitFor({ state: 'detached' })
  // One's own list of boards offers the same, in this browser.
  await anna.goto(`/b/${closing}`)
  await anna.waitUntil(
    (name) => localStorage.getItem('boards')?.includes(name) === true,
    'Contact sheets',
  )
  await anna.goto('/')
  await page.keyboard.press('b')
  const own = panel.getByRole('listitem').filter({ hasText: 'Contact sheets' })
  await own.getByRole('button', { name: homeWords.rename('Contact sheets') }).click()
  await own.getByRole('textbox').fill('Prints')
  await page.keyboard.press('Enter')
  await anna.waitForToast(homeWords.renamed('Prints'))
  await panel.getByRole('button', { name: homeWords.remove('Prints') }).click()
  await panel.getByText(homeWords.askRemove('Prints')).waitFor()
  await page.keyboard.press('Escape')
  await panel.getByRole('button', { name: homeWords.remove('Prints') }).click()
  await panel.getByRole('button', { name: words.delete, exact: true }).click()
  await anna.waitForToast(homeWords.removed('Prints'))
  assert.equal(await panel.getByRole('listitem').filter({ hasText: 'Prints' }).count(), 0)
  ben.allowedErrors = GONE
  await ben.page.getByRole('heading', { name: 'There is no such board' }).waitFor()
})

test('B60: who owns a board deletes it in its settings, after a question', async (t) => {
  const anna = await fixture.openPage(t, 'wire.test', 'main', { allowedErrors: GONE })
  const { page } = anna
  const board = await page.evaluate(async () => {
    const answer = await fetch('/api/boards', { method: 'POST' })
    return ((await answer.json()) as { id: string }).id
  })
  await anna.goto(`/b/${board}`)
  await page.keyboard.press(',')
  const panel = page.getByRole('dialog', { name: words.settings })
  await panel.getByRole('button', { name: panelWords.deleteThisBoard }).click()
  await panel.getByText(panelWords.askDeleteBoard(0)).waitFor()
  // Keep has the focus.
  await page.keyboard.press('Enter')
  await panel.getByRole('button', { name: panelWords.deleteThisBoard }).click()
  await panel.getByRole('button', { name: panelWords.deleteForGood }).click()
  await page.waitForURL((url) => url.pathname === '/')
  const answer = await fetch(`${fixture.server.url}/api/boards/${board}`)
  assert.equal(answer.status, 404)
})
