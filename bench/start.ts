import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ImageRecord, limits, uuidv7 } from '@wirephoto/board'
import { type Engine, openEngine } from '@wirephoto/engine'
import { ServerProcess } from '../test/support/server-process.ts'
import { startBaseline } from './support/baseline-process.ts'
import { type Figure, interleave } from './support/figures.ts'

const ROUND_COUNT = 9
const PICTURE_COUNT = 100_000

/** S13: the time from the start until the first answer. */
export async function start(): Promise<Figure[]> {
  const folder = await mkdtemp(join(tmpdir(), 'wirephoto-bench-'))
  try {
    const full = join(folder, 'full')
    await fill(full, join(folder, 'picture'))
    const times = await interleave(ROUND_COUNT, {
      empty: () => timeOf(() => ServerProcess.open()),
      bare: () => timeOf(() => startBaseline('bare-server')),
      full: () => timeOf(() => ServerProcess.open({ data: full })),
    })
    const baseline = { name: 'bare Fastify + Socket.IO', value: times.bare }
    return [
      {
        id: 'S13',
        label: 'start, no pictures',
        unit: 'ms',
        figure: times.empty,
        baseline,
        goal: { max: 3 },
      },
      {
        id: 'S13',
        label: `start, ${PICTURE_COUNT.toLocaleString('en')} pictures stored`,
        unit: 'ms',
        figure: times.full,
        baseline,
        goal: { max: 3 },
      },
      {
        id: 'S13',
        label: 'start with many pictures beside start with none',
        unit: 'ms',
        figure: times.full,
        baseline: { name: 'no pictures', value: times.empty },
        goal: { max: 1.1 },
      },
    ]
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** Returns the milliseconds from the start of the process to its first answer. */
async function timeOf(
  open: () => Promise<{ port: number; close(): Promise<void> }>,
): Promise<number> {
  const before = performance.now()
  const server = await open()
  const answer = await fetch(`http://127.0.0.1:${server.port}/healthz`)
  const time = performance.now() - before
  await server.close()
  if (!answer.ok) throw new Error(`/healthz was answered with ${answer.status}`)
  return time
}

/** Stores pictures through the engine's port: over HTTP, so many would take an hour. */
async function fill(folder: string, scratch: string): Promise<void> {
  const engine = await openEngine(`sqlite:${folder}`)
  for (let stored = 0; stored < PICTURE_COUNT; stored += limits.recordsPerBoard) {
    const board = `board-${stored}`
    await engine.boards.create(board)
    let { cursor } = await engine.log.load(board)
    for (let batch = 0; batch < limits.recordsPerBoard; batch += 1000) {
      const pictures = await Promise.all(
        Array.from({ length: 1000 }, (_, i) => store(engine, `${scratch}${i}`, batch + i)),
      )
      const changes = pictures.map((put) => ({ put }))
      cursor = (await engine.log.append(board, { expected: cursor, changes, clients: new Map() }))!
    }
  }
  await engine.close()
}

/** Stores a unique blob; returns the record that names it. */
async function store(engine: Engine, scratch: string, place: number): Promise<ImageRecord> {
  const bytes = randomBytes(64)
  const blob = createHash('sha256').update(bytes).digest('hex')
  await writeFile(scratch, bytes)
  await engine.blobs.put(scratch, blob)
  return {
    kind: 'image',
    id: uuidv7(Date.now(), randomBytes(10)),
    x: (place % 100) * 340,
    y: Math.floor(place / 100) * 260,
    w: 320,
    z: 'a0',
    caption: '',
    name: 'picture.jpg',
    type: 'image/jpeg',
    width: 4000,
    height: 3000,
    bytes: bytes.length,
    thumbhash: 'YJqGPQw7sFlslqhFafSE+Q6oJ1h2iHB2Rw==',
    blob,
    animated: false,
    variants: null,
    source: null,
    author: 'bench',
    by: '',
    createdAt: Date.now(),
    original: null,
    storedAt: Date.now(),
    deletedAt: null,
    deletedBy: null,
    replacedAt: null,
    slot: null,
    purgeAt: null,
    purgeBy: null,
    link: null,
  }
}
