import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ImageRecord, picturesOnBoard, type Snapshot } from '@wirephoto/board'
import { overlayWords } from '@wirephoto/web/words/overlay'
import { BOTH_HOSTS, openFixture } from '../support/e2e-fixture.ts'
import type { BoardPage } from '../support/page.ts'

const MIDDLE = { x: 600, y: 400 }

const { fixture, samples } = await openFixture()

for (const host of BOTH_HOSTS)
  test(`G11: the link of a picture here pastes as a copy, or is said to be gone, at http://${host}`, async (t) => {
    const { board, anna } = await fixture.openPair(t, host)
    const other = await fixture.newBoard()
    anna.allowedErrors = /status of 40/
    await anna.drop([await samples.draw('one.jpg', { width: 300, height: 200 })], MIDDLE)
    await anna.waitForPainted(1, 'stored')
    const [record] = await recordsOf(board)
    const origin = new URL(anna.page.url()).origin
    const link = `${origin}/api/boards/${board}/images/${record!.id}/file`
    await anna.paste({ 'text/plain': link })
    await anna.waitForPainted(2, 'stored')
    // Another name of the same server, and the address that shows the picture.
    await anna.paste({ 'text/plain': link.replace(origin, 'http://192.168.7.7:8000') })
    await anna.waitForPainted(3, 'stored')
    await anna.paste({ 'text/plain': `${origin}/b/${board}/blob/${record!.blob}/original` })
    await anna.waitForPainted(4, 'stored')
    // The page shows a copy before the server has it.
    let records = await recordsOf(board)
    while (records.length < 4) records = await recordsOf(board)
    const names = records.map(({ name }) => name)
    assert.deepEqual(names, ['one.jpg', 'one.jpg', 'one.jpg', 'one.jpg'])
    await anna.paste({
      'text/plain': link.replace(record!.id, record!.id.replace(/.{4}$/, '0000')),
    })
    await anna.waitForToast(overlayWords.ownAddress)
    await anna.goto(`/b/${other}`)
    await anna.paste({ 'text/plain': link })
    await anna.waitForPainted(1, 'stored')
    assert.equal((await recordsOf(other))[0]!.name, 'one.jpg')
  })

test('G12: a link that is copied on localhost leads others to the board', async (t) => {
  const board = await fixture.newBoard()
  const permissions = ['clipboard-read', 'clipboard-write']
  const anna = await fixture.openPage(t, 'localhost', board, { permissions })
  await copyLink(anna)
  const origin = `http://wire.test:${fixture.server.port}`
  await anna.waitForToast(overlayWords.linkCopiedFor(origin))
  assert.equal(await copied(anna), `${origin}/b/${board}`)

  const ben = await fixture.openPage(t, 'wire.test', board)
  await copyLink(ben)
  await ben.waitForToast(new RegExp(`^${overlayWords.linkCopied}`))
})

test('G12: a server for this computer only says that others can’t open the link', async (t) => {
  const server = await fixture.openServer(t, ['--host', '127.0.0.1'])
  const permissions = ['clipboard-read', 'clipboard-write']
  const anna = await fixture.openPage(t, 'localhost', 'main', { permissions, port: server.port })
  await copyLink(anna)
  await anna.waitForToast(overlayWords.linkCopiedHere)
  assert.equal(await copied(anna), `http://localhost:${server.port}/`)
})

async function copyLink({ page }: BoardPage): Promise<void> {
  await page.bringToFront()
  await page.keyboard.press('l')
}

const copied = ({ page }: BoardPage): Promise<string> =>
  page.evaluate(() => navigator.clipboard.readText())

async function recordsOf(board: string): Promise<ImageRecord[]> {
  const response = await fetch(`${fixture.server.url}/api/boards/${board}/snapshot`)
  const { records } = (await response.json()) as Snapshot
  return picturesOnBoard({ values: () => records })
}
