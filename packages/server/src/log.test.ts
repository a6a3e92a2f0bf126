import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLog, type LogLevel } from './log.ts'

interface Line {
  readonly msg: string
  readonly repeated?: number
  readonly err?: { readonly message: string }
}

function open(level: LogLevel): { log: ReturnType<typeof createLog>; lines: Line[] } {
  const lines: Line[] = []
  const stream = { write: (text: string) => void lines.push(JSON.parse(text) as Line) }
  return { log: createLog(level, stream), lines }
}

const failure = (i: number, code = 'EMFILE') => Object.assign(new Error(`file ${i}`), { code })

test('Y9: the first line of a cause comes at once, later ones once a minute with their number', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const { log, lines } = open('warn')
  for (let i = 0; i < 1_000; i++) log.error({ err: failure(i) }, 'unforeseen')
  log.error({ err: failure(0, 'EIO') }, 'unforeseen')
  log.child({ board: 'main' }).warn('another')
  const told = () => lines.map(({ msg, repeated, err }) => [msg, repeated, err?.message])
  const first = [
    ['unforeseen', undefined, 'file 0'],
    ['unforeseen', undefined, 'file 0'],
    ['another', undefined, undefined],
  ]
  assert.deepEqual(told(), first)
  t.mock.timers.tick(60_000)
  assert.deepEqual(told().slice(3), [['unforeseen', 999, 'file 999']])
  t.mock.timers.tick(60_000)
  assert.equal(lines.length, 4)
  log.error({ err: failure(7) }, 'unforeseen')
  assert.deepEqual(told().slice(4), [['unforeseen', undefined, 'file 7']])
})

test('Y9: more causes than the log tells apart count as one', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const { log, lines } = open('warn')
  for (let i = 0; i < 10_000; i++) log.warn(`words of a client: ${i}`)
  assert.ok(lines.length < 300, `${lines.length} lines`)
  t.mock.timers.tick(60_000)
  assert.ok(lines.length < 600, `${lines.length} lines`)
})

test('Y9: the level says which lines there are', () => {
  const { log, lines } = open('error')
  log.warn('a warning')
  log.error('an error')
  assert.deepEqual(
    lines.map(({ msg }) => msg),
    ['an error'],
  )
})
