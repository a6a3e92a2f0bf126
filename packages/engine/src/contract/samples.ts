import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import {
  type Change,
  type Cursor,
  type ErrorCode,
  type ImageRecord,
  uuidv7,
  WireError,
} from '@wirephoto/board'
import type { ClientState, Engine } from '../engine.ts'

/** A board that no other test touches, and where it stands. */
export async function newBoard(engine: Engine): Promise<{ board: string; cursor: Cursor }> {
  const board = randomBytes(16).toString('base64url')
  assert.equal(await engine.boards.create(board), true)
  return { board, cursor: (await engine.log.load(board)).cursor }
}

export const newId = (): string => uuidv7(Date.now(), randomBytes(10))

export const image = (id: string, fields: Partial<ImageRecord> = {}): ImageRecord => ({
  kind: 'image',
  id,
  x: 0,
  y: 0,
  w: 240,
  z: 'a0',
  caption: '',
  name: 'harbour.jpg',
  type: null,
  width: 640,
  height: 480,
  bytes: null,
  thumbhash: null,
  blob: null,
  animated: false,
  variants: null,
  source: null,
  author: 'somebody',
  createdAt: 1_700_000_000_000,
  deletedAt: null,
  ...fields,
})

export const put = (id: string, fields: Partial<ImageRecord> = {}): Change => ({
  put: image(id, fields),
})

export const noClients: ReadonlyMap<string, ClientState> = new Map()

/** Appends one batch, which must hold. */
export async function append(
  engine: Engine,
  board: string,
  expected: Cursor,
  changes: readonly Change[],
  clients = noClients,
): Promise<Cursor> {
  const to = await engine.log.append(board, { expected, changes, clients })
  assert.ok(to, 'the board stood elsewhere')
  return to
}

export const rejectsWith = (promise: Promise<unknown>, code: ErrorCode): Promise<void> =>
  assert.rejects(promise, (error) => {
    assert.ok(error instanceof WireError, String(error))
    assert.equal(error.code, code)
    return true
  })

/** The clock's next reading in milliseconds: what is done after it is dated later than what was before. */
export async function nextMillisecond(): Promise<number> {
  const now = Date.now()
  while (Date.now() <= now + 1) await new Promise(setImmediate)
  return Date.now()
}

/** Numbers from 0 up to and without 1, the same for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** A bell that can be waited for: it may say where the board stands, or only that it has moved. */
export function listener() {
  const heard: (Cursor | null)[] = []
  const waiting = new Set<() => void>()
  return {
    heard,
    ring(at: Cursor | null) {
      heard.push(at)
      for (const look of waiting) look()
    },
    rung: (at: Cursor) =>
      new Promise<void>((resolve) => {
        const look = () => {
          if (heard.includes(at) || heard.at(-1) === null) resolve()
        }
        waiting.add(look)
        look()
      }),
  }
}
