import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import type { Snapshot } from '@wirephoto/board'
import type { Browser } from 'playwright-core'
import { launchBrowser } from '../test/support/browser.ts'
import { BoardPage } from '../test/support/page.ts'
import { ServerProcess } from '../test/support/server-process.ts'
import { type Figure, interleave } from './support/figures.ts'
import { drawPhoto } from './support/photo.ts'
import { Shaper } from './support/shaper.ts'

const ROUND_COUNT = 3
const READER_COUNT = 20
const POLL_INTERVAL_MS = 20

/** S2: from the drop until the last of twenty readers has the file's last byte. */
export async function whole(): Promise<Figure[]> {
  const folder = await mkdtemp(join(tmpdir(), 'wirephoto-bench-'))
  const server = await ServerProcess.open()
  const browser = await launchBrowser()
  try {
    const photo = await drawPhoto()
    const file = join(folder, 'photo.jpg')
    await writeFile(file, photo)
    const times = await interleave(ROUND_COUNT, {
      product: () => product(browser, server, file, photo.length),
      uplink: () => uplink(photo),
    })
    return [
      {
        id: 'S2',
        label: `drop to the last byte at the last of ${READER_COUNT}, ${(photo.length / 1e6).toFixed(1)} MB on 5 Mbit/s`,
        unit: 's',
        figure: times.product,
        baseline: { name: 'uplink', value: times.uplink },
        goal: { max: 1.1 },
        notes: [
          'dropped in a real page; readers are HTTP clients of the growing file (A4), each from its first byte',
        ],
      },
    ]
  } finally {
    await browser.close()
    await server.close()
    await rm(folder, { recursive: true })
  }
}

async function product(
  browser: Browser,
  server: ServerProcess,
  file: string,
  length: number,
): Promise<number> {
  const created = await fetch(`${server.url}/api/boards`, { method: 'POST' })
  const { id: board } = (await created.json()) as { id: string }
  const shaper = await Shaper.open(server.port)
  const context = await browser.newContext()
  try {
    const sender = await BoardPage.open(context, `http://localhost:${shaper.port}`)
    await sender.goto(`/b/${board}`)
    const start = performance.now()
    await sender.drop([file], { x: 400, y: 300 })
    const id = await announcedId(`${server.url}/api/boards/${board}/snapshot`)
    const address = `${server.url}/b/${board}/arrivals/${id}`
    const read = Array.from({ length: READER_COUNT }, (_, n) => readAll(`${address}?page=${n}`))
    for (const bytes of await Promise.all(read))
      if (bytes !== length) throw new Error(`${bytes} bytes of ${length}`)
    return (performance.now() - start) / 1000
  } finally {
    await context.close()
    await shaper.close()
  }
}

/** Resolves to the id of the board's one picture, once there is one. */
async function announcedId(snapshot: string): Promise<string> {
  for (;;) {
    const { records } = (await (await fetch(snapshot)).json()) as Snapshot
    const image = records.find(({ kind }) => kind === 'image')
    if (image) return image.id
    await setTimeout(POLL_INTERVAL_MS)
  }
}

/** Reads a file that may not have begun to come; resolves to its length in bytes. */
async function readAll(address: string): Promise<number> {
  for (;;) {
    const response = await fetch(address)
    if (response.ok) {
      let bytes = 0
      for await (const chunk of response.body!) bytes += chunk.length
      return bytes
    }
    await response.body?.cancel()
    await setTimeout(POLL_INTERVAL_MS)
  }
}

/** Returns the seconds for the same bytes on the same connection, and nothing else. */
async function uplink(photo: Buffer): Promise<number> {
  const sink = createServer().listen(0, '127.0.0.1')
  await once(sink, 'listening')
  const shaper = await Shaper.open((sink.address() as AddressInfo).port)
  try {
    const start = performance.now()
    const whole = new Promise<void>((resolve) => {
      sink.once('connection', (socket) => {
        let left = photo.length
        socket.on('data', (chunk) => {
          left -= chunk.length
          if (left === 0) resolve()
        })
      })
    })
    const sender = connect(shaper.port, '127.0.0.1')
    sender.end(photo)
    await whole
    return (performance.now() - start) / 1000
  } finally {
    await shaper.close()
    sink.close()
  }
}
