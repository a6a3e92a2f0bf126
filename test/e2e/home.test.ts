import assert from 'node:assert/strict'
import { test } from 'node:test'
import { errorMessages } from '@wirephoto/board'
import { gateWords } from '@wirephoto/web/words/gate'
import { homeWords } from '@wirephoto/web/words/home'
import { words } from '@wirephoto/web/words/page'
import { DESKTOP_VIEWPORT, openFixture, PHONE } from '../support/e2e-fixture.ts'
import { freePort } from '../support/free-port.ts'
import { BoardPage } from '../support/page.ts'
import { ServerProcess } from '../support/server-process.ts'
import { Visitor } from '../support/visitor.ts'

const { fixture, samples } = await openFixture()

/** Requests that are refused, as the browser reports them. */
const REFUSED = /status of 40[134]/

test('H39, W78: where the front board opens by links, the address of the server is a home', async (t) => {
  const port = await freePort()
  const args = ['--public-url', `http://wire.test:${port}`, '--create', 'anyone']
  const server = await ServerProcess.open({ port, args })
  fixture.closeAfter(t, () => server.close())
  const context = await fixture.browser.newContext({
    serviceWorkers: 'block',
    viewport: DESKTOP_VIEWPORT,
  })
  const anna = await BoardPage.open(context, `http://wire.test:${port}`)
  fixture.closeAfter(t, async () => {
    await anna.close(t)
    await context.close()
  })
  anna.allowedErrors = REFUSED
  const { page } = anna

  // A stranger gets one sentence and the field.
  await page.goto(`http://wire.test:${port}/`)
  await page.getByRole('heading', { name: errorMessages['link-needed']({}) }).waitFor()
  await page.getByRole('textbox', { name: gateWords.code }).waitFor()
  assert.equal(await page.getByRole('region', { name: homeWords.title }).count(), 0)

  for (const title of ['Wedding', 'Übung']) {
    const made = await fetch(`${server.url}/api/boards`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ title }),
    })
    const { links } = (await made.json()) as { links: { role: string; url: string }[] }
    const role = title === 'Wedding' ? 'own' : 'view'
    await page.goto(links.find((link) => link.role === role)!.url)
    await anna.waitForLive()
    // The part that remembers boards comes once the board is live.
    await anna.waitUntil(
      (name) => Object.values<string>(localStorage).some((kept) => kept.includes(name)),
      `"${title}"`,
    )
    if (role === 'own') {
      const file = await samples.draw('a.jpg', { width: 300, height: 200 })
      await anna.drop([file], { x: 400, y: 300 })
      await anna.waitForPainted(1, 'stored')
    }
  }
  await page.goto(`http://wire.test:${port}/`)
  const home = page.getByRole('region', { name: homeWords.title })
  const rows = home.getByRole('listitem')
  await home.waitFor()
  assert.deepEqual(await rows.locator('.name').allTextContents(), ['Übung', 'Wedding'])
  await rows.filter({ hasText: 'Wedding' }).locator('img').waitFor()
  for (const time of await rows.locator('.mono').allTextContents())
    assert.match(time, /(?:^| )\d\d:\d\d$/)
  await home.getByRole('searchbox', { name: homeWords.find }).fill('ubu')
  await rows.filter({ hasText: 'Wedding' }).waitFor({ state: 'detached' })
  await home.getByRole('searchbox', { name: homeWords.find }).fill('')

  // Who owns a board renames and deletes it; another one can be taken off the list.
  const theirs = rows.filter({ hasText: 'Übung' })
  assert.equal(await theirs.getByRole('button').count(), 1)
  await home.getByRole('button', { name: homeWords.rename('Wedding') }).click()
  await home.getByRole('textbox', { name: homeWords.name('Wedding') }).fill('Party')
  await page.keyboard.press('Enter')
  await home.getByText(homeWords.renamed('Party')).waitFor()
  await theirs.getByRole('button', { name: homeWords.forget('Übung') }).click()
  await home.getByText(homeWords.forgotten('Übung')).waitFor()
  await home.getByRole('link').filter({ hasText: 'Party' }).click()
  await anna.waitForLive()
  await page.getByRole('button', { name: 'Party' }).waitFor()
  await page.goto(`http://wire.test:${port}/`)
  await home.getByRole('button', { name: homeWords.remove('Party') }).click()
  await home.getByRole('button', { name: words.delete, exact: true }).click()
  await home.getByText(homeWords.removed('Party')).waitFor()
  assert.equal(await rows.count(), 0)

  // A code leads to further boards.
  const host = new Visitor(server.url)
  const made = await host.makeBoard()
  const wallLink = made.links.find(({ role }) => role === 'add')!.id
  assert.equal(await host.refusal(`/api/boards/${made.id}/access`, 'PATCH', { wallLink }), null)
  const told = await (await host.ask(`/api/boards/${made.id}/join-code`)).json()
  await page.getByRole('textbox', { name: homeWords.join }).fill((told as { code: string }).code)
  await page.keyboard.press('Enter')
  await page.waitForURL(`**/b/${made.id}`)
  await anna.waitForLive()
  await anna.waitUntil(
    (id) => Object.values<string>(localStorage).some((kept) => kept.includes(id)),
    made.id,
  )
  await page.goto(`http://wire.test:${port}/`)
  await rows.first().waitFor()

  await page.setViewportSize(PHONE.viewport)
  await home.getByRole('button', { name: words.newBoard }).click()
  await page.waitForURL(/\/b\/[\w-]{22}$/)
  await anna.waitForLive()
})
