import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { uuidv7 } from '@wirephoto/board'
import { openEngine } from '@wirephoto/engine'
import { pino } from 'pino'
import { FakeClock } from '../support/fake-clock.ts'
import { Boards, purgeExpired } from './boards/boards.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const YEARS_MS = 3_650 * DAY_MS

test('T8: nothing is old before the clock has run for ten minutes', () => {
  const time = new FakeClock()
  const clock = time.open()
  assert.equal(clock.expiredBefore(0), null)
  time.pass(9 * MINUTE_MS)
  assert.equal(clock.expiredBefore(0), null)
  time.pass(MINUTE_MS)
  assert.equal(clock.expiredBefore(0), clock.now() - 10 * MINUTE_MS)
  assert.equal(clock.problem(), null)
})

test('T8: a step of the clock over 5 s begins the ten minutes again, a smaller one does not', () => {
  const time = new FakeClock()
  const clock = time.open()
  time.pass(HOUR_MS)
  time.step(4_000)
  assert.notEqual(clock.expiredBefore(0), null)
  time.step(-6_000)
  assert.equal(clock.expiredBefore(0), null)
  assert.match(clock.problem()!, /was set/)
  time.pass(10 * MINUTE_MS)
  assert.notEqual(clock.expiredBefore(0), null)
  assert.equal(clock.problem(), null)
})

test('T9: a clock that is behind what is stored, or a day ahead of it, is believed after an hour', () => {
  for (const [gap, problem] of [
    [-YEARS_MS, /behind/],
    [2 * DAY_MS, /ahead/],
    [YEARS_MS, /ahead/],
  ] as const) {
    const time = new FakeClock()
    const newest = Date.now()
    time.step(gap)
    const clock = time.open({ newest })
    time.pass(59 * MINUTE_MS)
    assert.equal(clock.expiredBefore(0), null)
    assert.match(clock.problem()!, problem)
    time.pass(MINUTE_MS)
    assert.notEqual(clock.expiredBefore(0), null)
    assert.equal(clock.problem(), null)
  }
})

test('T9: a clock near the newest time is trusted after ten minutes', () => {
  const time = new FakeClock()
  const clock = time.open({ newest: Date.now() - DAY_MS / 2 })
  time.pass(10 * MINUTE_MS)
  assert.notEqual(clock.expiredBefore(0), null)
})

test('T10: each doubt about the clock is logged once', () => {
  const time = new FakeClock()
  const sentences: string[] = []
  const clock = time.open({
    log: { warn: (_fields: object, text?: string) => void sentences.push(text!) },
  })
  time.pass(HOUR_MS)
  for (const step of [YEARS_MS, -YEARS_MS]) {
    time.step(step)
    for (let i = 0; i < 5; i++) {
      clock.now()
      time.pass(MINUTE_MS)
    }
  }
  assert.equal(sentences.length, 2)
  assert.match(sentences[0]!, /was set/)
  assert.match(sentences[1]!, /ahead/)
})

test('T11: what is written under a clock that fell behind is as new as the rest', () => {
  const time = new FakeClock()
  const before = time.open().now()
  const clock = time.open()
  time.pass(HOUR_MS)
  time.step(-YEARS_MS)
  assert.ok(clock.now() >= before + HOUR_MS)
})

for (const [name, steps] of [
  ['ten years ahead and back', [YEARS_MS, -YEARS_MS]],
  ['ten years behind and back', [-YEARS_MS, YEARS_MS]],
] as const)
  test(`T8, T11: a clock that goes ${name} purges no picture, and the trash ends in its time`, async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'wirephoto-clock-'))
    const time = new FakeClock()
    const clock = time.open()
    const engine = await openEngine(`sqlite:${folder}`)
    const boards = await Boards.open(engine, clock, pino({ level: 'silent' }))
    t.after(async () => {
      await boards.close()
      await engine.close()
      await rm(folder, { recursive: true })
    })
    const { board } = await boards.hold('main')
    const anna = { visitor: 'anna', role: 'edit' } as const
    const trash = async () => {
      const id = uuidv7(Date.now(), randomBytes(10))
      await board.act([{ kind: 'image.add', id, width: 4, height: 3, name: 'a' }], anna)
      await board.act([{ kind: 'image.remove', id }], anna)
    }
    const purgeFor = async (ms: number) => {
      for (let passed = 0; passed < ms; passed += 10 * MINUTE_MS) {
        await purgeExpired(engine, board, clock)
        time.pass(10 * MINUTE_MS)
      }
    }
    await trash()
    await purgeFor(HOUR_MS)
    for (const step of steps) {
      time.step(step)
      await trash()
      await purgeFor(HOUR_MS - 10 * MINUTE_MS)
    }
    await purgeFor(2 * HOUR_MS)
    assert.equal(board.records.size, 3)
    await purgeFor(31 * DAY_MS)
    assert.equal(board.records.size, steps[0] > 0 ? 1 : 0)
  })
