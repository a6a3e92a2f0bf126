import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { posix, resolve } from 'node:path'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'

const BUILT = resolve(import.meta.dirname, '../packages/web/dist')
/** The limit of JavaScript, gzip, before a picture can be dropped (S14). */
const MAX_SCRIPT_BYTES = 60_000

test("S14: the page's initial scripts are small", async () => {
  const scripts = await initialScripts()
  const told = [...scripts].map(([name, bytes]) => `${name} ${bytes}`).join(', ')
  assert.ok(scripts.size > 1, told)
  const sum = [...scripts.values()].reduce((all, bytes) => all + bytes, 0)
  assert.ok(sum <= MAX_SCRIPT_BYTES, `${sum} bytes: ${told}`)
})

/**
 * Returns the scripts that the built page names, with all that they import at once, and their
 * sizes.
 */
async function initialScripts(): Promise<Map<string, number>> {
  const html = await readFile(resolve(BUILT, 'index.html'), 'utf8')
  const waiting = [...html.matchAll(/(?:src|href)="\.?\/([^"]+\.js)"/g)].map(([, path]) => path!)
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
