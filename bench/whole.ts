import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import type { ImageRecord, Snapshot } from '@wirephoto/board'
import type { Browser } from 'playwright-core'
import sharp from 'sharp'
import { launchBrowser } from '../test/support/browser.ts'
import { BoardPage } from '../test/support/page.ts'
import { ServerProcess } from '../test/support/server-process.ts'
import { type Figure, interleave } from './support/figures.ts'
import { drawPhoto } from './support/photo.ts'
import { Shaper } from './support/shaper.ts'

const ROUND_COUNT = 5
const READER_COUNT = 20
const PHOTO_COUNT = 12
/** The part of the photo that each of twelve is, and how far apart they lie: phone photos of 12 megapixels. */
const [CROP_WIDTH_PX, CROP_HEIGHT_PX, CROP_STEP_PX] = [4_000, 3_000, 80]
const POLL_INTERVAL_MS = 20

/**
 * S2a: from the drop of one photo until the last of twenty readers has the file's last byte. S2b: from the drop of
 * twelve until the last one is stored.
 */
export async function whole(): Promise<Figure[]> {
  const folder = await mkdtemp(join(tmpdir(), 'wirephoto-bench-'))
  const server = await ServerProcess.open({ openBoardCount: 2 * ROUND_COUNT })
  const browser = await launchBrowser()
  try {
    const photo = await drawPhoto()
    const crops = await Promise.all(Array.from({ length: PHOTO_COUNT }, (_, n) => crop(photo, n)))
    const save = async (bytes: Buffer, name: string): Promise<string> => {
      const file = join(folder, name)
      await writeFile(file, bytes)
      return file
    }
    const one = [await save(photo, 'photo.jpg')]
    const twelve = await Promise.all(crops.map((bytes, n) => save(bytes, `${n}.jpg`)))
    const bytesOfTwelve = crops.reduce((sum, { length }) => sum + length, 0)
    const drop = { browser, server }
    const first = await interleave(ROUND_COUNT, {
      product: () =>
        product({ ...drop, files: one }, (board) => readByAll(server, board, photo.length)),
      uplink: () => uplink([photo]),
    })
    const last = await interleave(ROUND_COUNT, {
      product: () => product({ ...drop, files: twelve }, (board) => storedAll(server, board)),
      uplink: () => uplink(crops),
    })
    return [
      {
        id: 'S2a',
        label: `drop to the last byte at the last of ${READER_COUNT}, ${megabytes(photo.length)} on 5 Mbit/s`,
        unit: 's',
        figure: first.product,
        baseline: { name: 'uplink', value: first.uplink },
        goal: { max: 1.03 },
        notes: [
          'dropped in a real page; readers are HTTP clients of the growing file (A4), each from its first byte',
        ],
      },
      {
        id: 'S2b',
        label: `drop of ${PHOTO_COUNT} until the last is stored, ${megabytes(bytesOfTwelve)} on 5 Mbit/s`,
        unit: 's',
        figure: last.product,
        baseline: { name: 'uplink', value: last.uplink },
        goal: { max: 1.05 },
      },
    ]
  } finally {
    await browser.close()
    await server.close()
    await rm(folder, { recursive: true })
  }
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`

const crop = (photo: Buffer, n: number): Promise<Buffer> =>
  sharp(photo)
    .extract({
      left: n * CROP_STEP_PX,
      top: n * CROP_STEP_PX,
      width: CROP_WIDTH_PX,
      height: CROP_HEIGHT_PX,
    })
    .jpeg({ quality: 95 })
    .toBuffer()

/** Drops files on a new board. Returns the seconds until `isDone` resolves. */
async function product(
  drop: { browser: Browser; server: ServerProcess; files: readonly string[] },
  isDone: (board: string) => Promise<void>,
): Promise<number> {
  const { browser, server, files } = drop
  const board = await server.newBoard()
  const shaper = await Shaper.open(server.port)
  const context = await browser.newContext()
  try {
    const sender = await BoardPage.open(context, `http://localhost:${shaper.port}`)
    await sender.goto(`/b/${board}`)
    const start = performance.now()
    await sender.drop(files, { x: 400, y: 300 })
    await isDone(board)
    return (performance.now() - start) / 1000
  } finally {
    await context.close()
    await shaper.close()
  }
}

/** Resolves when every reader has the last byte of a board's one picture. */
async function readByAll(server: ServerProcess, board: string, length: number): Promise<void> {
  const [picture] = await pictures(server, board, (all) => all.length > 0)
  const address = `${server.url}/b/${board}/arrivals/${picture!.id}`
  const read = Array.from({ length: READER_COUNT }, (_, n) => readAll(`${address}?page=${n}`))
  for (const bytes of await Promise.all(read))
    if (bytes !== length) throw new Error(`${bytes} bytes of ${length}`)
}

/** Resolves when all of a board's pictures are stored. */
async function storedAll(server: ServerProcess, board: string): Promise<void> {
  await pictures(
    server,
    board,
    (all) => all.length === PHOTO_COUNT && all.every(({ blob }) => blob !== null),
  )
}

/** Resolves to a board's pictures, once they are as wanted. */
async function pictures(
  server: ServerProcess,
  board: string,
  isWanted: (pictures: readonly ImageRecord[]) => boolean,
): Promise<ImageRecord[]> {
  for (;;) {
    const response = await fetch(`${server.url}/api/boards/${board}/snapshot`)
    const { records } = (await response.json()) as Snapshot
    const found = records.filter((record): record is ImageRecord => record.kind === 'image')
    if (isWanted(found)) return found
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
async function uplink(photos: readonly Buffer[]): Promise<number> {
  const sink = createServer().listen(0, '127.0.0.1')
  await once(sink, 'listening')
  const shaper = await Shaper.open((sink.address() as AddressInfo).port)
  try {
    const start = performance.now()
    const whole = new Promise<void>((resolve) => {
      sink.once('connection', (socket) => {
        let left = photos.reduce((sum, { length }) => sum + length, 0)
        socket.on('data', (chunk) => {
          left -= chunk.length
          if (left === 0) resolve()
        })
      })
    })
    const sender = connect(shaper.port, '127.0.0.1')
    for (const photo of photos) sender.write(photo)
    sender.end()
    await whole
    return (performance.now() - start) / 1000
  } finally {
    await shaper.close()
    sink.close()
  }
}
