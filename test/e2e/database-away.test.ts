import { describe, test } from 'node:test'
import { overlayWords } from '@wirephoto/web/words/overlay'
import { words } from '@wirephoto/web/words/page'
import { cleanupAfter } from '../support/cleanup.ts'
import { databaseProviders } from '../support/databases.ts'
import { E2eFixture } from '../support/e2e-fixture.ts'
import { SampleFiles } from '../support/sample-files.ts'

const provider = (await databaseProviders()).find(({ name }) => name.startsWith('PostgreSQL'))!
/** Browsers log failed requests, whatever the page does. */
const FAILED_REQUESTS = /net::ERR_|503 \(|404 \(/

describe('a database that is away', { skip: provider.skipReason ?? false }, () => {
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
      await anna.page.getByTitle(words.rename).click()
      await anna.page.getByLabel(words.boardName).fill(title)
      await anna.page.keyboard.press('Enter')
      await anna.page.getByText(words.databaseAway).waitFor()
      await comeBack()
      for (const page of [anna, ben])
        await page.waitUntil((expected) => document.title.startsWith(expected), title)
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
