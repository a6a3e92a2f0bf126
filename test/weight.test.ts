import assert from 'node:assert/strict'
import { glob, readFile } from 'node:fs/promises'
import { join, posix, resolve } from 'node:path'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'

const PACKAGES = resolve(import.meta.dirname, '../packages')
const BUILT = join(PACKAGES, 'web/dist')
/** The limit of what an element loads, gzip, before anything is sent. */
const MAX_ELEMENT_BYTES = 25_000
/** The limit of JavaScript, gzip, before a picture can be dropped (S14). */
const MAX_SCRIPT_BYTES = 60_000

test("S14: the page's initial scripts are small", async () => {
  const scripts = await initialScripts()
  const told = [...scripts].map(([name, bytes]) => `${name} ${bytes}`).join(', ')
  assert.ok(scripts.size > 1, told)
  const sum = [...scripts.values()].reduce((all, bytes) => all + bytes, 0)
  assert.ok(sum <= MAX_SCRIPT_BYTES, `${sum} bytes: ${told}`)
})

test('I23: an element loads little before anything is sent', async () => {
  const scripts = await withImports(['elements.js'])
  assert.ok(scripts.size > 1)
  const sum = [...scripts.values()].reduce((all, bytes) => all + bytes, 0)
  assert.ok(sum <= MAX_ELEMENT_BYTES, `${sum} bytes`)
})

test('S14: the page makes no error whose sentence its build leaves out', async () => {
  const path = join(PACKAGES, 'board/src/program-error-messages.ts')
  const codes = [...(await readFile(path, 'utf8')).matchAll(/^ {2}'([a-z-]+)':/gm)]
  assert.ok(codes.length > 5)
  const made = new RegExp(`WireError\\('(?:${codes.map(([, code]) => code).join('|')})'`)
  for await (const file of glob('{web,client}/src/**/*.{ts,tsx}', { cwd: PACKAGES }))
    assert.doesNotMatch(await readFile(join(PACKAGES, file), 'utf8'), made, file)
})

/** Returns the scripts that the built page names, with all that they import at once, and their sizes. */
async function initialScripts(): Promise<Map<string, number>> {
  const html = await readFile(resolve(BUILT, 'index.html'), 'utf8')
  return withImports(
    [...html.matchAll(/(?:src|href)="\.?\/([^"]+\.js)"/g)].map(([, path]) => path!),
  )
}

/** Returns scripts of the build, with all that they import at once, and their sizes. */
async function withImports(waiting: string[]): Promise<Map<string, number>> {
  const sizes = new Map<string, number>()
  for (let path = waiting.pop(); path; path = waiting.pop()) {
    if (sizes.has(path)) continue
    const code = await readFile(resolve(BUILT, path), 'utf8')
    sizes.set(path, gzipSync(code, { level: 9 }).length)
    for (const [, file] of code.matchAll(/(?:from|import)\s*"(\.[^"]+\.js)"/g))
      waiting.push(posix.join(posix.dirname(path), file!))
  }
  return sizes
}
