import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ImageRecord, justifiedBlock, uuidv7 } from '@wirephoto/board'
import { openEngine } from '@wirephoto/engine'
import { ServerProcess } from '../test/support/server-process.ts'
import { type Figure, spread } from './support/figures.ts'

const ROUND_COUNT = 15
const PICTURE_COUNT = 10_000
const BATCH_COUNT = 1_000
const THUMBHASH_BYTES = 24
/** Pixels of pictures as cameras make them, upright and lying. */
const SIZES = [
  [4000, 3000],
  [3000, 4000],
  [1920, 1080],
  [2048, 2048],
] as const

/** S18: the time in which a board of 10,000 pictures is drawn as one. */
export async function overview(): Promise<Figure[]> {
  const data = await mkdtemp(join(tmpdir(), 'wirephoto-bench-'))
  try {
    const [first] = await fill(data)
    const server = await ServerProcess.open({ data })
    try {
      const board = `http://127.0.0.1:${server.port}/api/boards/main`
      await fetch(`${board}/snapshot`).then((answer) => answer.arrayBuffer())
      const cold = await timeOf(board)
      const times: number[] = []
      for (let round = 0; round < ROUND_COUNT; round++) {
        await change(board, first!, round)
        times.push(await timeOf(board))
      }
      return [
        {
          id: 'S18',
          label: `${PICTURE_COUNT.toLocaleString('en')} pictures as one`,
          unit: 'ms',
          figure: spread(times),
          baseline: null,
          goal: { max: 150 },
          notes: [`the first one, with the start of its process, took ${Math.round(cold)} ms`],
        },
      ]
    } finally {
      await server.close()
    }
  } finally {
    await rm(data, { recursive: true })
  }
}

/** Returns the milliseconds from the request to the last byte. */
async function timeOf(board: string): Promise<number> {
  const before = performance.now()
  const answer = await fetch(`${board}/overview`)
  const { byteLength } = await answer.arrayBuffer()
  const time = performance.now() - before
  if (!answer.ok || byteLength === 0) throw new Error(`it was answered with ${answer.status}`)
  return time
}

async function change(board: string, { id }: ImageRecord, round: number): Promise<void> {
  const answer = await fetch(`${board}/images/${id}`, {
    method: 'PATCH',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ caption: `Round ${round}` }),
  })
  if (!answer.ok) throw new Error(`the change was answered with ${answer.status}`)
}

/** Puts pictures on the front board, through the engine's port. Their files aren't read: each tile is a blur. */
async function fill(data: string): Promise<ImageRecord[]> {
  const engine = await openEngine(`sqlite:${data}`)
  const sizes = Array.from({ length: PICTURE_COUNT }, (_, i) => SIZES[(i * 7) % SIZES.length]!)
  const ratios = sizes.map(([width, height]) => width / height)
  const boxes = justifiedBlock(ratios, { height: 240, gap: 16 })
  const pictures = sizes.map(([width, height], i): ImageRecord => {
    const { x, y, w } = boxes[i]!
    return { ...pictureOf(width, height), x, y, w, z: `a${String(i).padStart(5, '0')}` }
  })
  await engine.boards.create('main').catch(() => {})
  let { cursor } = await engine.log.load('main')
  for (let start = 0; start < PICTURE_COUNT; start += BATCH_COUNT) {
    const changes = pictures.slice(start, start + BATCH_COUNT).map((put) => ({ put }))
    cursor = (await engine.log.append('main', { expected: cursor, changes, clients: new Map() }))!
  }
  await engine.close()
  return pictures
}

function pictureOf(width: number, height: number): Omit<ImageRecord, 'x' | 'y' | 'w' | 'z'> {
  // Any bytes are a blur, of as many waves as these say: without alpha, and seven by five of them.
  const thumbhash = randomBytes(THUMBHASH_BYTES)
  thumbhash[2]! &= 0x7f
  thumbhash[3] = (thumbhash[3]! & 0xf8) | 5
  const now = Date.now()
  return {
    kind: 'image',
    id: uuidv7(now, randomBytes(10)),
    caption: '',
    name: 'picture.jpg',
    type: 'image/jpeg',
    width,
    height,
    bytes: 4_000_000,
    thumbhash: thumbhash.toString('base64'),
    blob: randomBytes(32).toString('hex'),
    animated: false,
    variants: [64, 320, 1280],
    source: null,
    author: 'bench',
    by: '',
    createdAt: now,
    original: null,
    storedAt: now,
    deletedAt: null,
    deletedBy: null,
    replacedAt: null,
    slot: null,
    purgeAt: null,
    purgeBy: null,
    link: null,
  }
}
