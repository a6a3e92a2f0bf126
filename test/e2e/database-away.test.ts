import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { overlayWords } from '@wirephoto/web/words/overlay'
import { words } from '@wirephoto/web/words/page'
import { cleanupAfter } from '../support/cleanup.ts'
import { databaseProviders } from '../support/databases.ts'
import { E2eFixture } from '../support/e2e-fixture.ts'
import type { BoardPage } from '../support/page.ts'
import {
  findRethinkdbProgram,
  NO_RETHINKDB_PROGRAM,
  RethinkdbCluster,
} from '../support/rethinkdb.ts'
import { SampleFiles } from '../support/sample-files.ts'

/** Browsers log failed requests, whatever the page does. */
const FAILED_REQUESTS = /net::ERR_|503 \(|404 \(/

for (const provider of await databaseProviders())
  describe(`${provider.name} that is away`, { skip: provider.skipReason ?? false }, () => {
    test('B22, W17, W19: the page says so, keeps what one does, and goes on by itself', {
      timeout: 200_000,
    }, async (t) => {
      const stack = cleanupAfter(t)
      const samples = stack.adopt(await SampleFiles.open(), (each) => each.close())
      const database = stack.adopt(await provider.open(), (each) => each.close())
      const fixture = await E2eFixture.open(stack, { args: ['--engine', await database.newUrl()] })
      const board = await fixture.newBoard()
      const options = { allowedErrors: FAILED_REQUESTS }
      const anna = await fixture.openPage(t, 'wire.test', board, options)
      const ben = await fixture.openPage(t, 'wire.test', board, options)
      await anna.drop([await samples.file('photos/pic1.jpg')], { x: 400, y: 300 })
      await anna.waitForPainted(1, 'stored')
      await ben.waitForPainted(1, 'stored')

      for (const [go, comeBack, title] of [
        [() => database.signal!('SIGSTOP'), () => database.signal!('SIGCONT'), 'Paused'],
        [() => database.kill!(), () => database.start(), 'Killed'],
      ] as const) {
        await go()
        await rename(anna, title)
        await anna.page.getByText(words.databaseAway).waitFor()
        await comeBack()
        await waitForTitle([anna, ben], title)
        await anna.waitForLive()
        await anna.page.getByText(words.databaseAway).waitFor({ state: 'detached' })
      }

      await database.kill!()
      await anna.drop([await samples.file('photos/pic2.jpg')], { x: 1000, y: 300 })
      await anna.page.getByText(overlayWords.waitingForServer).waitFor({ state: 'attached' })
      await anna.page.getByText(words.databaseAway).waitFor()
      await database.start()
      for (const page of [anna, ben]) await page.waitForPainted(2, 'stored')
      await anna.waitForLive()
    })
  })

const program = await findRethinkdbProgram()

test('F1, F4: of three machines of RethinkDB any one may die, and pages go on', {
  timeout: 240_000,
  skip: program ? false : NO_RETHINKDB_PROGRAM,
}, async (t) => {
  const stack = cleanupAfter(t)
  const samples = stack.adopt(await SampleFiles.open(), (each) => each.close())
  const cluster = stack.adopt(await RethinkdbCluster.open(program!), (each) => each.close())
  const engine = cluster.at(cluster.newDatabase())
  const fixture = await E2eFixture.open(stack, { args: ['--engine', engine] })
  const board = await fixture.newBoard()
  const options = { allowedErrors: FAILED_REQUESTS }
  const anna = await fixture.openPage(t, 'wire.test', board, options)
  const ben = await fixture.openPage(t, 'wire.test', board, options)
  const both = [anna, ben]
  await anna.drop([await samples.file('photos/pic1.jpg')], { x: 400, y: 300 })
  for (const page of both) {
    await page.waitForPainted(1, 'stored')
    await page.page.evaluate(() => document.body.setAttribute('data-first-load', ''))
  }

  for (const [i, process] of cluster.processes.entries()) {
    await process.kill()
    const killedAt = performance.now()
    await rename(anna, `Without ${i}`)
    await waitForTitle(both, `Without ${i}`)
    t.diagnostic(`seen ${Math.round(performance.now() - killedAt)} ms after the death`)
    await anna.waitForLive()
    for (const page of both) await page.waitForPainted(1, 'stored')
    await process.start()
  }

  // A death in the middle of an upload.
  await cluster.processes[0]!.kill()
  await anna.drop([await samples.file('photos/pic2.jpg')], { x: 1000, y: 300 })
  for (const page of both) await page.waitForPainted(2, 'stored')
  for (const { page } of both)
    assert.equal(await page.locator('body[data-first-load]').count(), 1, 'no page has reloaded')
})

async function rename({ page }: BoardPage, title: string): Promise<void> {
  await page.getByTitle(words.rename).click()
  await page.getByLabel(words.boardName).fill(title)
  await page.keyboard.press('Enter')
}

async function waitForTitle(pages: readonly BoardPage[], title: string): Promise<void> {
  for (const page of pages)
    await page.waitUntil((expected) => document.title.startsWith(expected), title)
}
