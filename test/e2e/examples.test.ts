import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { before, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { launchBrowser } from '../support/browser.ts'
import { cleanupAfter } from '../support/cleanup.ts'
import { drawPicture } from '../support/pictures.ts'

const EXAMPLES = resolve(import.meta.dirname, '../../examples')

const stack = cleanupAfter()
let folder: string
let browser: Browser

before(async () => {
  folder = stack.adopt(await mkdtemp(join(tmpdir(), 'wirephoto-examples-')), (each) =>
    rm(each, { recursive: true, force: true }),
  )
  browser = stack.adopt(await launchBrowser(), (each) => each.close())
})

/** Starts an example with a folder of its own. Resolves to its process, its lines and its address. */
async function start(name: string) {
  const args = [join(EXAMPLES, name, 'server.ts'), join(folder, name), '0']
  const child = stack.adopt(
    spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] }),
    end,
  )
  const lines = createInterface(child.stdout!)[Symbol.asyncIterator]()
  const { value: url } = (await lines.next()) as { value: string }
  return { child, lines, url }
}

async function end(child: ChildProcess): Promise<void> {
  child.kill('SIGTERM')
  const [code] = child.exitCode === null ? await once(child, 'exit') : [child.exitCode]
  assert.equal(code, 0)
}

async function open(url: string): Promise<Page> {
  const page = await browser.newPage()
  await page.goto(url)
  return page
}

test('I65: what is dropped and dragged on a page of the tutorial is so on the other', async () => {
  const { url } = await start('tutorial')
  const [anna, ben] = [await open(url), await open(url)]
  const bytes = [...(await drawPicture({ width: 320, height: 240 }))]
  // It asks for one as soon as it listens.
  await anna.getByText('Drop a picture.').waitFor()
  await anna.evaluate((file) => {
    const dataTransfer = new DataTransfer()
    dataTransfer.items.add(new File([new Uint8Array(file)], 'harbour.jpg'))
    const at = { clientX: 40, clientY: 60 }
    document.body.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, ...at }))
  }, bytes)
  const picture = ben.getByRole('img', { name: 'harbour.jpg' })
  await ben.waitForFunction(() => document.querySelector('img')?.naturalWidth)
  const box = (await picture.boundingBox())!
  assert.deepEqual([box.x, box.y], [40, 60])
  await picture.hover({ position: { x: 20, y: 20 } })
  await ben.mouse.down()
  await ben.mouse.move(160, 130, { steps: 4 })
  await ben.mouse.up()
  await anna.waitForFunction(() => {
    const { left, top } = document.querySelector('img')!.style
    return left === '140px' && top === '110px'
  })
})

test('I66: a picture that the program pushes is on every page, and on one that comes later', async () => {
  const { child, lines, url } = await start('push')
  const pages = [await open(url), await open(url)]
  for (const [i, name] of ['harbour.jpg', 'bridge.jpg'].entries()) {
    const path = join(folder, name)
    await writeFile(path, await drawPicture({ width: 200 + i, height: 150, seed: i }))
    child.stdin!.write(`${path}\n`)
    assert.equal((await lines.next()).value, `${path}: ${200 + i} × 150 pixels`)
    for (const page of pages) await shows(page, name, 200 + i)
  }
  await shows(await open(url), 'bridge.jpg', 201)
  child.stdin!.write(`${join(folder, 'nowhere.jpg')}\n`)
  assert.match((await lines.next()).value as string, /^ENOENT/)
})

const shows = (page: Page, name: string, width: number) =>
  page.waitForFunction(
    ([alt, pixels]) => {
      const image = document.querySelector('img')
      return image?.alt === alt && image.naturalWidth === pixels
    },
    [name, width] as const,
  )
