import { randomBytes } from 'node:crypto'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import sharp from 'sharp'
import { drawPicture, withUniqueBytes } from '../test/support/pictures.ts'
import { ServerProcess } from '../test/support/server-process.ts'
import { type Figure, interleave, spread } from './support/figures.ts'
import { postPicture, snapshotOf } from './support/raw-client.ts'
import { countSyncs } from './support/sync-counter.ts'

const UPLOADER_COUNT = 16
const ROUND_COUNT = 5
const ROUND_S = 5
const POLL_INTERVAL_MS = 500

/** S8: pictures that the server takes in a second, each stored before its answer, and their syncs. */
export async function ingest(): Promise<Figure[]> {
  const server = await ServerProcess.open({ openBoardCount: 2 * ROUND_COUNT })
  try {
    const pictures = await ingestOn(server, ROUND_COUNT, ROUND_S)
    return [{ ...pictures, goal: { min: 1 } }, ...(await syncsOn(server))]
  } finally {
    await server.close()
  }
}

/** Counts syncs in rounds of their own, since counting slows them. None where strace can't look. */
async function syncsOn(server: ServerProcess): Promise<Figure[]> {
  const { pid, port } = server
  const picture = await drawPicture({ width: 800, height: 600, quality: 80 })
  const perPicture: number[] = []
  const perCommit: number[] = []
  for (let round = 0; round < ROUND_COUNT; round++) {
    const board = await server.newBoard()
    const post = () => postPicture(port, withUniqueBytes(picture), board)
    let stored = 0
    const syncs = await countSyncs(pid, () =>
      perSecond(ROUND_S, async () => {
        await post()
        stored++
      }),
    )
    if (!syncs) {
      console.log('S8: syncs are not counted: strace is missing, or may not look at the server')
      return []
    }
    perPicture.push(syncs.all / stored)
    perCommit.push(stored / syncs.commits)
    await waitForVariants(port, board)
  }
  const label = `of pictures stored by ${UPLOADER_COUNT} uploaders`
  const row = { id: 'S8', baseline: null }
  return [
    {
      ...row,
      label: `syncs ${label}`,
      unit: 'a picture',
      figure: spread(perPicture),
      goal: { max: 1.5 },
    },
    {
      ...row,
      label: `transactions ${label}`,
      unit: 'pictures each',
      figure: spread(perCommit),
      goal: null,
    },
  ]
}

/** Measures S8 on any server that has an open board for each round, without a goal. */
export async function ingestOn(
  server: ServerProcess,
  rounds: number,
  seconds: number,
): Promise<Figure> {
  const { port } = server
  const picture = await drawPicture({ width: 800, height: 600, quality: 80 })
  const { product, bare } = await interleave(rounds, {
    product: async () => {
      const board = await server.newBoard()
      const stored = await perSecond(seconds, () =>
        postPicture(port, withUniqueBytes(picture), board),
      )
      await waitForVariants(port, board)
      return stored
    },
    bare: () =>
      withFolder((folder) =>
        perSecond(seconds, () => writeAndDecode(folder, withUniqueBytes(picture))),
      ),
  })
  return {
    id: 'S8',
    label: `pictures of ${Math.round(picture.length / 1000)} KB stored, ${UPLOADER_COUNT} uploaders`,
    unit: 'per s',
    figure: product,
    baseline: { name: 'write, fsync, decode', value: bare },
    goal: null,
  }
}

/**
 * Waits for the variants, which the server makes when it has time. The baseline's turn must not be
 * that time.
 */
async function waitForVariants(port: number, board: string): Promise<void> {
  let [before, missing] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]
  do {
    before = missing
    await setTimeout(POLL_INTERVAL_MS)
    const { records } = await snapshotOf(port, board)
    missing = records.filter((record) => record.kind === 'image' && !record.variants).length
  } while (missing < before)
}

/** Returns how often a second all uploaders together do it. */
async function perSecond(seconds: number, act: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  let done = 0
  const upload = async () => {
    for (; performance.now() < start + seconds * 1000; done++) await act()
  }
  await Promise.all(Array.from({ length: UPLOADER_COUNT }, upload))
  return done / ((performance.now() - start) / 1000)
}

async function writeAndDecode(folder: string, bytes: Buffer): Promise<void> {
  const file = await open(join(folder, randomBytes(8).toString('hex')), 'w')
  await file.writeFile(bytes)
  await file.sync()
  await file.close()
  const above = await open(folder)
  await above.sync()
  await above.close()
  await sharp(bytes).raw().toBuffer()
}

async function withFolder(act: (folder: string) => Promise<number>): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'wirephoto-bench-'))
  try {
    return await act(folder)
  } finally {
    await rm(folder, { recursive: true })
  }
}
