import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, describe, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { rounds, SEED } from '../support/effort.ts'
import { seededRandom } from '../support/pictures.ts'
import { check } from './power-loss/engine-workload.ts'
import { type CutOptions, type PowerCut, powerCuts } from './power-loss/simulated-disk.ts'
import { type Edge, record, recordSkipReason } from './power-loss/strace.ts'
import { check as checkUploads } from './power-loss/upload-workload.ts'

const CUT_COUNT = rounds(20)
const KILL_COUNT = rounds(4)
const WRITER = join(import.meta.dirname, 'power-loss/engine-writer.ts')
const UPLOADER = join(import.meta.dirname, 'power-loss/upload-writer.ts')

suite("the engine's folder", {
  // Long enough for a checkpoint of the log, and for a second start on the files of the first.
  program: (folder) => [WRITER, folder, join(folder, 'a/data'), '30', '150'],
  check: (image, said) => check(join(image, 'a/data'), said),
  needed: [
    ['log', /\.db-wal$/],
    ['database', /\.db$/],
    ['blobs', /arrivals/],
    ['folders of blobs', /blobs\/..$/],
    ['folder of new blobs', /blobs\/new$/],
    ['folder of these', /blobs$/],
    ['data folder', /data$/],
    ['folder above it', /a$/],
  ],
})

suite('uploads', {
  program: (folder) => [UPLOADER, join(folder, 'data')],
  check: (image, said) => checkUploads(join(image, 'data'), said),
  needed: [
    ['bytes that arrive', /arrivals\/[^/]*(?<!json)$/],
    ['word that they are there', /arrivals\/.*json$/],
    ['folder that they are in', /arrivals$/],
  ],
})

interface Suite {
  /** The program that runs on an empty folder, with its arguments. */
  readonly program: (folder: string) => readonly string[]
  /** Rejects when an acknowledgement doesn't hold in a folder as the power cut left it. */
  readonly check: (image: string, said: readonly string[]) => Promise<void>
  /** The files and folders that must be synced: a disk that ignores those syncs loses something. */
  readonly needed: readonly (readonly [what: string, path: RegExp])[]
}

function suite(what: string, { program, check, needed }: Suite): void {
  describe(`${what} when the power goes (SEED=${SEED})`, async () => {
    const skip = (await recordSkipReason()) ?? false
    let folder: string
    let edges: Edge[]
    before(async () => {
      folder = await mkdtemp(join(tmpdir(), 'wirephoto-power-'))
      if (!skip) edges = await record([process.execPath, ...program(folder)])
    })
    after(() => rm(folder, { recursive: true }))

    test(`F1, U1: what was acknowledged survives, ${CUT_COUNT} times`, { skip }, async () => {
      assert.deepEqual(await findLosses({ count: CUT_COUNT }), [])
    })

    for (const [name, path] of needed)
      test(`F1: that the ${name} must be synced is noticed`, { skip }, async () => {
        const [first] = await findLosses({
          count: 60,
          ignoresSync: (file) => path.test(file),
          most: 1,
        })
        assert.ok(first)
      })

    /** Returns the losses found at some power cuts. */
    async function findLosses({
      most = 3,
      ...options
    }: Pick<CutOptions, 'count' | 'ignoresSync'> & { most?: number }): Promise<string[]> {
      const found: string[] = []
      const cuts = powerCuts(edges, { folder, random: seededRandom(SEED), ...options })
      const looking = async () => {
        for (const cut of cuts) {
          await look(cut).catch((error: unknown) => found.push(String(error)))
          if (found.length >= most) break
        }
      }
      await Promise.all([looking(), looking(), looking()])
      return found
    }

    async function look(cut: PowerCut): Promise<void> {
      const image = await mkdtemp(join(tmpdir(), 'wirephoto-cut-'))
      try {
        await cut.restore(image)
        await check(image, cut.printedLines)
      } finally {
        await rm(image, { recursive: true })
      }
    }
  })
}

test(`F1: what the engine acknowledged survives kill -9, ${KILL_COUNT} times (SEED=${SEED})`, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'wirephoto-kill-'))
  t.after(() => rm(folder, { recursive: true }))
  const random = seededRandom(SEED)
  const said: string[] = []
  for (let kill = 0; kill < KILL_COUNT; kill++) {
    const writer = spawn(process.execPath, [WRITER, folder, join(folder, 'data'), '1000000'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const lines = createInterface({ input: writer.stdout })
    lines.on('line', (line) => said.push(line))
    await Promise.race([once(lines, 'line'), once(writer, 'exit')])
    await setTimeout(random() * 100)
    writer.kill('SIGKILL')
    await Promise.all([
      once(lines, 'close'),
      writer.exitCode ?? writer.signalCode ?? once(writer, 'exit'),
    ])
    await check(join(folder, 'data'), said)
  }
  assert.ok(said.length > KILL_COUNT)
})
