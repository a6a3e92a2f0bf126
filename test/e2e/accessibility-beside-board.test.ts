import assert from 'node:assert/strict'
import { test } from 'node:test'
import { apiWords } from '@wirephoto/web/words/api'
import { gateWords } from '@wirephoto/web/words/gate'
import { homeWords } from '@wirephoto/web/words/home'
import { words } from '@wirephoto/web/words/page'
import { wallWords } from '@wirephoto/web/words/wall'
import { openInspector } from '../support/axe.ts'
import { openFixture } from '../support/e2e-fixture.ts'
import { freePort } from '../support/free-port.ts'
import { PAGE_TIMEOUT_MS } from '../support/page.ts'
import { drawPicture } from '../support/pictures.ts'
import { ServerProcess } from '../support/server-process.ts'
import { Visitor } from '../support/visitor.ts'

const { fixture, samples } = await openFixture()
const INSPECTED = { bypassCSP: true }

test('axe-core finds nothing on pages beside the board', async (t) => {
  const port = await freePort()
  const origin = `http://wire.test:${port}`
  const args = ['--public-url', origin, '--create', 'anyone']
  const server = await ServerProcess.open({ port, args })
  fixture.closeAfter(t, () => server.close())
  const made = await new Visitor(server.url).makeBoard()
  const context = await fixture.newContext(INSPECTED)
  fixture.closeAfter(t, () => context.close())
  context.setDefaultTimeout(PAGE_TIMEOUT_MS)
  const page = await context.newPage()
  const { found, look } = openInspector(page)
  await page.goto(`${origin}/nowhere`)
  await look('wrong address')
  await page.goto(`${origin}/b/${made.id}`)
  await page.getByRole('textbox', { name: gateWords.code }).waitFor()
  await look('gate')
  await page.goto(`${origin}/b/${'A'.repeat(22)}`)
  await page.getByRole('heading', { level: 1 }).waitFor()
  await look('unknown board')
  await page.goto(`${origin}/b/${made.id}/show`)
  await page.locator('.wall.inviting [role="status"]').waitFor()
  await look('refused wall')
  await page.goto(`${origin}/api`)
  await page.getByRole('heading', { level: 1, name: apiWords.title }).waitFor()
  // All of its operations are alike, and axe-core takes long for each.
  await page.getByLabel(apiWords.find).fill('/snapshot')
  await page.locator('details.operation:visible summary').click()
  await look('API')
  await page.goto(made.links.find(({ role }) => role === 'own')!.url)
  await page.waitForFunction(
    (id) => Object.values<string>(localStorage).some((kept) => kept.includes(`"id":"${id}"`)),
    made.id,
  )
  await page.goto(`${origin}/`)
  await page.getByRole('region', { name: homeWords.title }).getByRole('listitem').waitFor()
  await look('home')
  assert.deepEqual(found, [])
})

test('axe-core finds nothing on a page without its server', async (t) => {
  const board = await fixture.newBoard()
  await fixture.storePicture(board, await samples.file('photos/pic1.jpg'))
  const anna = await fixture.openPage(t, 'localhost', board, {
    ...INSPECTED,
    serviceWorkers: 'allow',
    allowedErrors: /net::ERR_|WebSocket connection|Failed to load/,
  })
  const { page } = anna
  await anna.waitForPainted(1, 'stored')
  await page.evaluate(() => navigator.serviceWorker.register('/service-worker.js'))
  await page.evaluate(() => navigator.serviceWorker.ready)
  await anna.context.setOffline(true)
  const { found, look } = openInspector(page)
  await page.getByText(words.offline).waitFor()
  await look('offline')
  await page.reload()
  await anna.waitForTiles(1)
  await look('opened offline')
  assert.deepEqual(found, [])
})

test('axe-core finds nothing on the wall', async (t) => {
  const board = await fixture.newBoard()
  const anna = await fixture.openPage(t, 'localhost', board, INSPECTED)
  const wall = await anna.context.newPage()
  // A picture on the wall zooms slowly as long as it stands.
  await wall.emulateMedia({ reducedMotion: 'reduce' })
  await wall.clock.install()
  await wall.goto(`http://wire.test:${fixture.server.port}/b/${board}/show`)
  const { found, look } = openInspector(wall)
  await wall.getByText(wallWords.empty).waitFor()
  await look('empty wall')
  for (const [i, name] of ['photos/pic1.jpg', 'photos/pic2.jpg'].entries()) {
    await anna.drop([await samples.file(name)], { x: 400, y: 300 })
    await anna.waitForPainted(i + 1, 'stored')
  }
  await wall.locator('.wall-frame img').first().waitFor()
  await look('wall with a picture')
  await wall.mouse.move(600, 300)
  await wall.getByRole('form', { name: wallWords.settings }).hover()
  await look('wall with its panel')
  await wall.clock.runFor(60_000)
  await wall.locator('.wall-mosaic li img').nth(1).waitFor()
  await look('mosaic')
  const slot = `${fixture.server.url}/api/boards/${board}/slots/loss`
  const body = new Uint8Array(await drawPicture({ width: 300, height: 200 }))
  assert.equal((await fetch(slot, { method: 'PUT', body })).status, 202)
  await wall.goto(`http://wire.test:${fixture.server.port}/b/${board}/show?slots=loss,cam`)
  await wall.locator('.wall-slot img').waitFor()
  await wall.getByText(wallWords.noFrame('cam')).waitFor()
  await look('slot wall')
  await wall.clock.runFor(60_000)
  await wall.locator('.wall-slot .late').waitFor()
  await look('slot wall, late')
  assert.deepEqual(found, [])
})
