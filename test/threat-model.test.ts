import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { test } from 'node:test'

const ROOT = resolve(import.meta.dirname, '..')
const read = (path: string) => readFile(join(ROOT, path), 'utf8')

/** The requirements of levels 1 and 2 in chapters V5, V7 and V8 of OWASP's ASVS 5.0.0, with their levels. */
const REQUIREMENTS: Record<string, 1 | 2> = {
  '5.1.1': 2,
  '5.2.1': 1,
  '5.2.2': 1,
  '5.2.3': 2,
  '5.3.1': 1,
  '5.3.2': 1,
  '5.4.1': 2,
  '5.4.2': 2,
  '5.4.3': 2,
  '7.1.1': 2,
  '7.1.2': 2,
  '7.1.3': 2,
  '7.2.1': 1,
  '7.2.2': 1,
  '7.2.3': 1,
  '7.2.4': 1,
  '7.3.1': 2,
  '7.3.2': 2,
  '7.4.1': 1,
  '7.4.2': 1,
  '7.4.3': 2,
  '7.4.4': 2,
  '7.4.5': 2,
  '7.5.1': 2,
  '7.5.2': 2,
  '7.6.1': 2,
  '7.6.2': 2,
  '8.1.1': 1,
  '8.1.2': 2,
  '8.2.1': 1,
  '8.2.2': 1,
  '8.2.3': 2,
  '8.3.1': 1,
  '8.4.1': 2,
}

test('B64: docs/threat-model.md has a row for each requirement, and a test for each rule that a row quotes', async () => {
  const page = await read('docs/threat-model.md')
  const rows = [
    ...page.matchAll(/^\| (\d\.\d\.\d) \| (\d) \| [^|]+ \| ([^|]+) \|([^|]*)\|$/gm),
  ].map(([, id, level, here, tests]) => ({ id: id!, level, here: here!, tests: tests! }))
  assert.deepEqual(
    Object.fromEntries(rows.map(({ id, level }) => [id, Number(level)])),
    REQUIREMENTS,
  )
  const faults: string[] = []
  for (const { id, here, tests } of rows) {
    if (!/^(?:Met: |Not met: |Doesn't apply, because )/.test(here)) faults.push(`${id}: ${here}`)
    const paths = Array.from(tests.matchAll(/`([^`]+)`/g), ([, path]) => path!)
    const sources = (await Promise.all(paths.map(read))).join('\n')
    const [, quoted = ''] = /\(((?:[A-Z]\d+(?:, )?)+)\)/.exec(here) ?? []
    for (const rule of quoted.split(', ').filter(Boolean))
      if (!new RegExp(`\\b${rule}\\b`).test(sources)) faults.push(`${id}: ${rule} is in no test`)
    if (quoted && paths.length === 0) faults.push(`${id} names no test`)
  }
  assert.deepEqual(faults, [])
})
