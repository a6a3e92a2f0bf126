import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import sharp from 'sharp'
import { launchBrowser } from '../support/browser.ts'
import { cleanupAfter } from '../support/cleanup.ts'
import { InProcessServer } from '../support/in-process-server.ts'
import { BoardPage } from '../support/page.ts'
import { BUILT_PAGE } from '../support/second-build.ts'

const stack = cleanupAfter()
const browser = stack.adopt(await launchBrowser(), (each) => each.close())

test('E18: the page refuses what its server refuses before it announces it', async (t) => {
  const own = cleanupAfter(t)
  const config = { webRoot: BUILT_PAGE, refuse: ['image/avif'] } as const
  const server = own.adopt(await InProcessServer.open(config), (each) => each.close())
  const context = own.adopt(await browser.newContext(), (each) => each.close())
  const anna = own.adopt(await BoardPage.open(context, server.url), (each) => each.close(t))
  const board = await server.newBoard()
  const sent: string[] = []
  anna.page.on('websocket', (socket) =>
    socket.on('framesent', ({ payload }) => sent.push(String(payload))),
  )
  await anna.goto(`/b/${board}`)
  const drawn = sharp({ create: { width: 400, height: 300, channels: 3, background: '#c30' } })
  const [refused, taken] = ['a.avif', 'b.png'].map((name) => join(server.data, name))
  await writeFile(refused!, await drawn.clone().avif({ effort: 0 }).toBuffer())
  await writeFile(taken!, await drawn.png().toBuffer())
  await anna.page.setInputFiles('#choose-files', [refused!, taken!])
  const sentence =
    "a.avif is AVIF, which this server doesn't take for now. Save it as JPEG or PNG and add that."
  await anna.page.locator('.toast').getByText(sentence, { exact: true }).waitFor()
  await anna.waitForPainted(1, 'stored')
  assert.ok(sent.some((message) => message.includes('b.png')))
  assert.ok(!sent.some((message) => message.includes('a.avif')))
})
