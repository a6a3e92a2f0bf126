import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ImageRecord } from '@wirephoto/board'
import sharp from 'sharp'
import { EFFORT_FACTOR, rounds, SEED } from '../support/effort.ts'
import { drawPicture, seededRandom, withUniqueBytes } from '../support/pictures.ts'
import { ServerProcess } from '../support/server-process.ts'

const DONE_TIMEOUT_MS = 60_000
const PICTURES_COUNT = rounds(2)
const KILL_INTERVALS_MS = { min: 100, max: 900 }

test(`E1, D2: decoders that are killed at any step cost no picture (SEED=${SEED})`, async (t) => {
  if (process.platform !== 'linux') return t.skip('finds the processes in /proc')
  const random = seededRandom(SEED)
  const server = await ServerProcess.open()
  t.after(() => server.close())
  const jpeg = await drawPicture({ width: 1600, height: 1200 })
  const tiff = await sharp(await drawPicture({ width: 400, height: 300 }))
    .tiff()
    .toBuffer()
  const svg = Buffer.from(
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><rect width="9" height="9"/></svg>',
  )
  const fresh = [
    () => withUniqueBytes(jpeg),
    () =>
      sharp(tiff)
        .modulate({ hue: Math.floor(random() * 360) })
        .tiff()
        .toBuffer(),
    () => Buffer.from(svg.toString().replace('/>', ` fill="hsl(${random() * 360} 50% 50%)"/>`)),
  ]
  const stored: string[] = []
  const answers = new Map<string, number>()

  /** Sends a picture until it is stored. */
  async function send(i: number): Promise<void> {
    const body = new Uint8Array(await fresh[i % fresh.length]!())
    for (;;) {
      const answer = await fetch(`${server.url}/p`, { method: 'PUT', body })
      const text = await answer.text()
      const said = `${answer.status} ${answer.ok ? '' : /"code":"([^"]+)"/.exec(text)?.[1]}`.trim()
      answers.set(said, (answers.get(said) ?? 0) + 1)
      if (answer.status === 201) return void stored.push((JSON.parse(text) as ImageRecord).id)
      assert.equal(said, '503 busy')
    }
  }

  let kills = 0
  let isOver = false
  const killing = (async () => {
    while (!isOver) {
      const { min, max } = KILL_INTERVALS_MS
      await sleep(min + random() * (max - min))
      const signal = random() < 0.7 ? 'SIGKILL' : 'SIGTERM'
      for (const pid of childrenOf(server.pid)) if (killed(pid, signal)) kills++
    }
  })()
  try {
    const next = Array.from({ length: PICTURES_COUNT }, (_, i) => i)
    const sender = async () => {
      for (let i = next.shift(); i !== undefined; i = next.shift()) await send(i)
    }
    await Promise.all([sender(), sender(), sender()])
  } finally {
    isOver = true
    await killing
  }
  // Those that are idle now, too.
  for (const pid of childrenOf(server.pid)) killed(pid, 'SIGKILL')
  await send(0)
  // One that lost its process four times is tried again after 15 s, for which the short run doesn't wait.
  const isDone = ({ variants }: ImageRecord) => variants !== null || EFFORT_FACTOR === 1
  for (const end = Date.now() + DONE_TIMEOUT_MS; !(await records()).every(isDone); await sleep(100))
    assert.ok(Date.now() < end, 'variants are not there in time')
  const found = new Map((await records()).map((record) => [record.id, record]))
  for (const id of stored) assert.notDeepEqual(found.get(id)?.variants, [], 'V13')
  t.diagnostic(`${kills} kills, ${JSON.stringify([...answers])}`)

  async function records(): Promise<ImageRecord[]> {
    const answer = await fetch(`${server.url}/api/boards/main/snapshot`)
    const { records } = (await answer.json()) as { records: ImageRecord[] }
    return records.filter(({ kind }) => kind === 'image')
  }
})

function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim()
  return text === '' ? [] : text.split(' ').map(Number)
}

function killed(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal)
  } catch {
    return false
  }
}
