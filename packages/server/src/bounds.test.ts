import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { BOUNDS, boundsWith, parseBound } from './bounds.ts'

const DOCUMENT = new URL('../../../docs/bounds.md', import.meta.url)

test('F7: every bound stands in docs/bounds.md, with its default', async () => {
  const rows = (await readFile(DOCUMENT, 'utf8'))
    .split('\n')
    .filter((line) => line.startsWith('| `'))
  const expected = Object.entries(BOUNDS).map(([name, { value, unit, what }]) => {
    const number = value.toLocaleString('en')
    return `| \`${name}\` | ${number}${unit === 'count' ? '' : ` ${unit}`} | ${what} |`
  })
  assert.deepEqual(rows, expected)
})

test('F7: a bound is set by its name and a whole number', () => {
  assert.deepEqual(parseBound('fetches=4'), { fetches: 4 })
  for (const wrong of [
    'fetches',
    'fetches=',
    'fetches=0',
    'fetches=-1',
    'fetches=1.5',
    'toString=1',
  ])
    assert.equal(parseBound(wrong), null, wrong)
  assert.equal(boundsWith({ fetches: 4 }).fetches, 4)
  assert.equal(boundsWith({ fetches: 4 })['waiting-decodes'], BOUNDS['waiting-decodes'].value)
})
