import assert from 'node:assert/strict'
import { createHash, randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import type { ImageRecord } from '@wirephoto/board'
import type { Engine } from '@wirephoto/engine'
import { Harness } from '../../support/http-harness.ts'
import { cornersPng } from '../../support/sample-images.ts'
import { checkStored, type Finding } from './check.ts'

const LOST_COUNT = 100
const BOARD = 'main'

let server: Harness
before(async () => {
  server = await Harness.open()
  await loseFiles()
})
after(() => server.close())

test('C26: a board is read a few times, however many of its files are lost', async () => {
  const { engine } = server
  let loads = 0
  const findings = await findingsOf({
    ...engine,
    log: {
      ...engine.log,
      load(board) {
        loads++
        return engine.log.load(board)
      },
    },
  })
  assert.equal(findings.filter(({ kind }) => kind === 'missing').length, LOST_COUNT)
  assert.equal(findings.filter(({ kind }) => kind === 'variant-missing').length, LOST_COUNT)
  assert.ok(loads <= 3, `${loads} loads`)
})

test('C26: a board that is removed meanwhile has no faults', async () => {
  const { engine } = server
  let isRemoved = false
  const findings = await findingsOf({
    ...engine,
    log: {
      ...engine.log,
      async load(board) {
        const loaded = await engine.log.load(board)
        if (!isRemoved) isRemoved = await engine.boards.remove(board)
        return loaded
      },
    },
  })
  assert.equal(isRemoved, true)
  assert.deepEqual(findings, [])
})

/** Names many files on the board that aren't there. */
async function loseFiles(): Promise<void> {
  const body = new Uint8Array(await cornersPng(400, 300))
  const answer = await fetch(`${server.url}/p.png`, { method: 'PUT', body })
  const made = (await answer.json()) as ImageRecord
  await server.images.variants.whenIdle()
  const { cursor } = await server.engine.log.load(BOARD)
  const changes = Array.from({ length: LOST_COUNT }, (_, n) => {
    const id = made.id.slice(0, 24) + randomUUID().slice(24)
    const blob = createHash('sha256').update(`lost ${n}`).digest('hex')
    return { put: { ...made, id, blob, variants: [64] } }
  })
  await server.engine.log.append(BOARD, { expected: cursor, changes, clients: new Map() })
}

async function findingsOf(engine: Engine): Promise<Finding[]> {
  const findings: Finding[] = []
  await checkStored(engine, {
    mends: true,
    onFinding: (finding) => findings.push(finding),
    onProgress: () => {},
  })
  return findings
}
