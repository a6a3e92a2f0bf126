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

/** Creates a board that no other test touches, and returns its cursor. */
export async function newBoard(engine: Engine): Promise<{ board: string; cursor: Cursor }> {
  const board = randomBytes(16).toString('base64url')
  assert.equal(await engine.boards.create(board), true)
  return { board, cursor: (await engine.log.load(board)).cursor }
}

/** Makes a record id. */
export const newId = (): string => uuidv7(Date.now(), randomBytes(10))

/** Makes a picture's record. */
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
  by: '',
  createdAt: 1_700_000_000_000,
  original: null,
  storedAt: null,
  deletedAt: null,
  deletedBy: null,
  replacedAt: null,
  slot: null,
  purgeAt: null,
  purgeBy: null,
  link: null,
  ...fields,
})

/** Makes the change that puts a picture's record. */
export const put = (id: string, fields: Partial<ImageRecord> = {}): Change => ({
  put: image(id, fields),
})

/** The clients of a batch that changes none. */
export const noClients: ReadonlyMap<string, ClientState> = new Map()

/** Appends a batch, and asserts that it succeeds. */
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

/** Asserts that a promise rejects with a WireError of the given code. */
export const rejectsWith = (promise: Promise<unknown>, code: ErrorCode): Promise<void> =>
  assert.rejects(promise, (error) => {
    assert.ok(error instanceof WireError, String(error))
    assert.equal(error.code, code)
    return true
  })

/** Waits until the clock has moved on, and returns it. Later writes get a later time than earlier ones. */
export async function nextMillisecond(): Promise<number> {
  const now = Date.now()
  while (Date.now() <= now + 1) await new Promise(setImmediate)
  return Date.now()
}

/** Makes a generator of numbers from 0 up to and excluding 1, the same for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/**
 * Makes a watcher that can be awaited. `rung` resolves when the bell has rung with a cursor, or last
 * without any.
 */
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
