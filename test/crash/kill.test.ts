import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { type ImageRecord, type Snapshot, VARIANT_SIDES_PX } from '@wirephoto/board'
import { type Board, openBoard } from '@wirephoto/client'
import { FAILPOINTS, variantKey } from '@wirephoto/server'
import sharp from 'sharp'
import { rounds, SEED } from '../support/effort.ts'
import { drawPicture, seededRandom, withUniqueBytes } from '../support/pictures.ts'
import { ServerProcess } from '../support/server-process.ts'

/** Two of three kills are at failpoints: this number reaches each failpoint once. */
const LEAST_KILL_COUNT = (3 / 2) * FAILPOINTS.length
/** Pictures without variants beyond which nobody sends more. */
const WAITING_COUNT = 10
const KILL_COUNT = rounds(LEAST_KILL_COUNT)

describe(`kill -9, ${KILL_COUNT} times (SEED=${SEED})`, () => {
  const random = seededRandom(SEED)
  const stop = new AbortController()
  /** The sha256 of each picture that was answered as stored, by the picture's id. */
  const stored = new Map<string, string>()
  /** The sha256 of every sent picture: each blob on the disk comes from one of them. */
  const sent = new Set<string>()
  /** The time at which a blob that was found intact had been written, by its name. */
  const whole = new Map<string, number>()
  /** Codes of all notices. */
  const notices: string[] = []
  const boards: Board[] = []
  let data: string
  let server: ServerProcess
  let pictures: Buffer[]

  /** Returns a picture with unique bytes. */
  function fresh(): Buffer<ArrayBuffer> {
    const bytes = withUniqueBytes(pictures[Math.floor(random() * pictures.length)]!, random)
    sent.add(sha256(bytes))
    return bytes
  }

  before(async () => {
    data = await mkdtemp(join(tmpdir(), 'wirephoto-kill-'))
    server = await ServerProcess.open({
      data,
      main: join(import.meta.dirname, 'serve-with-fast-gc.ts'),
    })
    pictures = await Promise.all([
      drawPicture({ width: 200, height: 150, quality: 60 }),
      drawPicture({ width: 640, height: 480 }),
      drawPicture({ width: 1600, height: 1200, quality: 98 }),
    ])
  })
  after(async () => {
    stop.abort()
    await Promise.all(boards.map((board) => board.close()))
    await server.kill()
    await rm(data, { recursive: true, maxRetries: 10 })
  })

  /** Acts as a script: sends whole pictures, one after the other. */
  async function script(): Promise<void> {
    while (!stop.signal.aborted) {
      const bytes = fresh()
      const answer = await fetch(`${server.url}/p.jpg`, { method: 'PUT', body: bytes }).catch(
        () => null,
      )
      if (answer?.status === 201) stored.set((await answer.json()).id, sha256(bytes))
      await setTimeout(50)
      await whenFewWait()
    }
  }

  /** Acts as a page: adds, moves, trashes and restores pictures, with resumable uploads. */
  async function page(): Promise<void> {
    const board = openBoard({ url: server.url, board: 'main' })
    boards.push(board)
    board.on('notice', ({ code }) => notices.push(code))
    while (!stop.signal.aborted) {
      const bytes = fresh()
      const { width, height } = await sharp(bytes).metadata()
      const [id] = board.addPictures([
        { file: new Blob([bytes]), name: 'p.jpg', width, height, x: 0, y: 0 },
      ])
      board.patch(id!, { x: 1, caption: 'once' })
      await Promise.race([board.stored(id!), aborted()])
      if (stop.signal.aborted && !board.pictures.get(id!)?.blob) continue
      stored.set(id!, sha256(bytes))
      board.remove([id!])
      board.patch(id!, { x: 2 })
      if (random() < 0.7) board.restore([id!])
      await whenFewWait()
    }
  }

  /** Resolves when few pictures wait for variants: in the end all are waited for, on a slow machine too. */
  async function whenFewWait(): Promise<void> {
    const waiting = () =>
      [...(boards[0]?.pictures.values() ?? [])].filter(({ variants }) => variants === null).length
    while (!stop.signal.aborted && waiting() > WAITING_COUNT) await setTimeout(50)
  }

  const aborted = () =>
    new Promise<void>((resolve) => {
      if (stop.signal.aborted) resolve()
      stop.signal.addEventListener('abort', () => resolve())
    })

  test('F1, F3, R19: what was answered is there, once, and nothing else stays', async (t) => {
    const load = [script(), page(), page()]
    const reached = new Map<string, number>()
    for (let kill = 0; kill < KILL_COUNT; kill++) {
      await server.kill()
      await assertIntactFolder(data, sent, whole)
      const nthPoint = 2 * Math.floor(kill / 3) + (kill % 3) - 1
      const failpoint = kill % 3 ? FAILPOINTS[nthPoint % FAILPOINTS.length] : undefined
      const nth = 1 + Math.floor(random() * 2)
      // The server may die while it starts.
      await server
        .start(failpoint && { WIREPHOTO_FAILPOINT: `${failpoint}:${nth}` })
        .catch(() => {})
      const died = server.waitForExit().then(() => true)
      const patience = failpoint ? 10_000 : random() * 600
      if ((await Promise.race([died, setTimeout(patience, false)])) && failpoint)
        reached.set(failpoint, (reached.get(failpoint) ?? 0) + 1)
    }
    await server.kill()
    await server.start()
    for (const failpoint of FAILPOINTS)
      assert.ok(KILL_COUNT < LEAST_KILL_COUNT || reached.get(failpoint), `${failpoint} was passed`)

    await setTimeout(1_500)
    stop.abort()
    await Promise.all(load)
    await Promise.all(boards.map((board) => board.settled()))
    await waitUntil(
      async () => (await records()).every(({ variants }) => variants !== null),
      120_000,
    )

    const found = new Map((await records()).map((record) => [record.id, record]))
    for (const [id, hash] of stored) {
      const record = found.get(id)
      assert.ok(record, `${id} was answered as stored and is gone`)
      assert.equal(record.blob, hash)
    }
    for (const record of found.values()) {
      const bytes = Buffer.from(
        await (await fetch(`${server.url}/b/main/blob/${record.blob}/original`)).arrayBuffer(),
      )
      assert.equal(sha256(bytes), record.blob)
      assert.equal((await sharp(bytes).metadata()).width, record.width)
      const sides = VARIANT_SIDES_PX.filter((side) => side < record.width)
      assert.deepEqual(record.variants, sides, 'V3')
      for (const side of sides) {
        const variant = await fetch(`${server.url}/b/main/blob/${record.blob}/${side}`)
        const { width } = await sharp(await variant.arrayBuffer()).metadata()
        assert.equal(width, side)
      }
    }
    assert.deepEqual(notices, [], 'a command that took effect twice is refused the second time')
    const truth = [...found.values()].sort(byId)
    for (const board of boards) {
      const seen = () => [...board.pictures.values()].sort(byId)
      // A client that has waited in vain for many servers takes its time to try the next.
      await waitUntil(async () => isDeepStrictEqual(seen(), truth), 20_000).catch(() => {})
      const shown = seen()
      assert.deepEqual(shown, truth, 'F4')
      // Added, trashed, moved and perhaps restored, in this order, with nothing lost.
      for (const { id, x, caption } of shown)
        if (caption === 'once' && stored.has(id)) assert.ok(x === 2 || x === 1, id)
    }
    const wanted = new Set(
      [...found.values()].flatMap(({ blob, variants }) => [
        blob!,
        ...variants!.map((side) => variantKey(blob!, side)),
      ]),
    )
    await waitUntil(async () => (await blobNames(data)).length === wanted.size, 20_000)
    assert.deepEqual((await blobNames(data)).sort(), [...wanted].sort())
    assert.deepEqual(await readdir(join(data, 'arrivals')), [])
    t.diagnostic(
      `${stored.size} pictures stored, failpoints reached ${JSON.stringify([...reached])}`,
    )
  })

  async function records(): Promise<ImageRecord[]> {
    const response = await fetch(`${server.url}/api/boards/main/snapshot`)
    const { records } = (await response.json()) as Snapshot
    return records.filter((record) => record.kind === 'image')
  }
})

/**
 * Checks the folder of a dead server: every blob is intact, and every variant belongs to a picture
 * that was sent. Blobs that were intact and haven't been written since are not read again.
 */
async function assertIntactFolder(
  data: string,
  sent: ReadonlySet<string>,
  whole: Map<string, number>,
): Promise<void> {
  const variants = new Set(
    [...sent].flatMap((blob) => VARIANT_SIDES_PX.map((side) => variantKey(blob, side))),
  )
  for (const name of await blobNames(data)) {
    const path = join(data, 'blobs', name.slice(0, 2), name)
    const { mtimeMs } = await stat(path)
    if (whole.get(name) === mtimeMs) continue
    const bytes = await readFile(path)
    if (variants.has(name)) await sharp(bytes, { failOn: 'error' }).stats()
    else assert.equal(sha256(bytes), name, 'a blob is what its name says')
    whole.set(name, mtimeMs)
  }
}

async function blobNames(data: string): Promise<string[]> {
  const names = await readdir(join(data, 'blobs'), { recursive: true }).catch(() => [])
  // Those that a kill has left without a record lie aside.
  return names.flatMap((name) => /^..\/([0-9a-f]{64})$/.exec(name)?.[1] ?? [])
}

async function waitUntil(done: () => Promise<boolean>, patience: number): Promise<void> {
  const end = Date.now() + patience
  while (!(await done())) {
    assert.ok(Date.now() < end, 'not in time')
    await setTimeout(100)
  }
}

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')
const byId = (a: { id: string }, b: { id: string }): number => (a.id < b.id ? -1 : 1)
