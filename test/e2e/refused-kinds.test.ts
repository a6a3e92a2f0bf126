import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import sharp from 'sharp'
import { launchBrowser } from '../support/browser.ts'
import { cleanupAfter } from '../support/cleanup.ts'
import { InProcessServer } from '../support/in-process-server.ts'
import { BoardPage } from '../support/page.ts'
import { BUILT_PAGE } from '../support/second-build.ts'

const stack = cleanupAfter()
const browser = stack.adopt(await launchBrowser(), (each) => each.close())

/** Opens a board on a page, and notes what the page sends by its websocket. */
async function open(t: TestContext, config: { readonly refuse?: readonly ['image/avif'] } = {}) {
  const own = cleanupAfter(t)
  const server = own.adopt(await InProcessServer.open({ webRoot: BUILT_PAGE, ...config }), (each) =>
    each.close(),
  )
  const context = own.adopt(await browser.newContext(), (each) => each.close())
  const anna = own.adopt(await BoardPage.open(context, server.url), (each) => each.close(t))
  const board = await server.newBoard()
  const sent: string[] = []
  anna.page.on('websocket', (socket) =>
    socket.on('framesent', ({ payload }) => sent.push(String(payload))),
  )
  await anna.goto(`/b/${board}`)
  return { server, anna, sent }
}

test('E18: the page refuses what its server refuses before it announces it', async (t) => {
  const { server, anna, sent } = await open(t, { refuse: ['image/avif'] })
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

test('A36: by no way is anything announced that the table of kinds or the header refuses', async (t) => {
  const { server, anna, sent } = await open(t)
  // Each has a header, and nothing that could be decoded.
  const tiff = Buffer.from('MM\0*\0\0\0\x08\0\x02', 'latin1')
  const entry = (tag: number, value: number): Buffer => {
    const bytes = Buffer.from([tag >> 8, tag & 0xff, 0, 4, 0, 0, 0, 1, 0, 0, 0, 0])
    bytes.writeUInt32BE(value, 8)
    return bytes
  }
  const files: Record<string, Buffer> = {
    'scan.tif': Buffer.concat([tiff, entry(256, 12_000), entry(257, 9_000), Buffer.alloc(4)]),
    'clip.mp4': Buffer.from('\0\0\0\x18ftypmp42\0\0\0\0mp42isom', 'latin1'),
    'long.bmp': Buffer.from([
      ...Buffer.from('BM'),
      ...Array(12).fill(0),
      40,
      0,
      0,
      0,
      0x70,
      0x11,
      1,
      0,
      9,
      0,
      0,
      0,
    ]),
    // 5,600 x 5,600, by the ratio 1:1: less than other kinds may have.
    'wide.jxl': Buffer.from([0xff, 0x0a, 0xfa, 0xae, 0x09, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
  }
  const names = Object.keys(files)
  const paths = names.map((name) => join(server.data, name))
  await Promise.all(paths.map((path, i) => writeFile(path, files[names[i]!]!)))
  const taken = join(server.data, 'taken.png')
  const drawn = sharp({ create: { width: 400, height: 300, channels: 3, background: '#c30' } })
  await writeFile(taken, await drawn.png().toBuffer())
  await anna.drop(paths, { x: 500, y: 400 })
  await anna.page.locator('.toast', { hasText: names[0]! }).waitFor()
  for (const path of paths)
    for (const input of ['#choose-files', '#choose-camera'])
      await anna.page.setInputFiles(input, [path])
  const pasted = names.map((name) => [...files[name]!])
  await anna.page.evaluate((all) => {
    for (const bytes of all) {
      const clipboardData = new DataTransfer()
      clipboardData.items.add(new File([new Uint8Array(bytes)], 'pasted'))
      const event = { clipboardData, bubbles: true, cancelable: true }
      document.body.dispatchEvent(new ClipboardEvent('paste', event))
    }
  }, pasted)
  await anna.page.setInputFiles('#choose-files', [taken])
  await anna.waitForPainted(1, 'stored')
  const announced = sent.filter((message) => message.includes('image.add'))
  assert.deepEqual(
    announced.filter((message) => !message.includes('taken.png')),
    [],
  )
})
