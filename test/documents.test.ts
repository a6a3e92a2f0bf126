import assert from 'node:assert/strict'
import { glob, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import { errors, words } from '@wirephoto/board'

const root = resolve(import.meta.dirname, '..')
const read = (path: string) => readFile(join(root, path), 'utf8')

async function files(...patterns: string[]): Promise<string[]> {
  return Array.fromAsync(
    glob(patterns, { cwd: root, exclude: (name) => name.includes('node_modules') }),
  )
}

test('SPEC.md lists every error with its status, and no other', async () => {
  const rows = (await read('SPEC.md')).matchAll(/^\| `([a-z-]+)` \| (\d+) \|/gm)
  const listed = Object.fromEntries(Array.from(rows, ([, code, status]) => [code, Number(status)]))
  assert.deepEqual(listed, { ...errors })
  assert.deepEqual(Object.keys(words.errors).sort(), Object.keys(errors).sort())
})

test('every rule of SPEC.md is quoted by a test', async () => {
  const spec = await read('SPEC.md')
  const ids = [...spec.matchAll(/^(?:\| (F\d+) \||- \*\*([A-Z]\d+)\*\*)/gm)].map(
    (m) => m[1] ?? m[2]!,
  )
  assert.ok(ids.length > 40)
  const sources = await Promise.all(
    (
      await files(
        'packages/*/src/**/*.test.ts',
        'packages/*/src/**/contract{,/*}.ts',
        'test/**/*.test.ts',
      )
    ).map(read),
  )
  const quoted = sources.join('\n')
  const missing = ids.filter((id) => !new RegExp(`\\b${id}\\b`).test(quoted))
  assert.deepEqual(missing, [])
})

test('ARCHITECTURE.md has a line for every dependency', async () => {
  const map = await read('ARCHITECTURE.md')
  for (const path of ['package.json', ...(await files('packages/*/package.json'))]) {
    const { dependencies, devDependencies, optionalDependencies } = JSON.parse(await read(path))
    for (const name of Object.keys({
      ...dependencies,
      ...devDependencies,
      ...optionalDependencies,
    }))
      if (!name.startsWith('@wirephoto/'))
        assert.ok(map.includes(`\`${name}\``), `${name} (${path})`)
  }
})

test('README.md names every flag of `wirephoto serve`', async () => {
  const readme = await read('README.md')
  const flags = (await read('packages/cli/src/commands/serve.ts')).matchAll(/--([a-z][a-z-]+)/g)
  for (const [flag] of flags) assert.ok(readme.includes(flag), flag)
})
