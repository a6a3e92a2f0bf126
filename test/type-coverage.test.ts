import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join, relative, resolve } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'

const ROOT = resolve(import.meta.dirname, '..')
const TSC = join(ROOT, 'node_modules/typescript/bin/tsc')
const MAX_OUTPUT_BYTES = 10_000_000

test('every TypeScript file in git is type-checked by one of the projects', async () => {
  const { references } = JSON.parse(await readFile(join(ROOT, 'tsconfig.json'), 'utf8')) as {
    references: { path: string }[]
  }
  const checked = await Promise.all(references.map(({ path }) => filesOf(path)))
  const inGit = await linesOf('git', 'ls-files', '*.ts', '*.tsx', '*.mts')
  assert.ok(inGit.length > 300)
  const known = new Set(checked.flat())
  assert.deepEqual(
    inGit.filter((file) => !known.has(file)),
    [],
  )
})

/** Returns the files that a project checks, as paths from the root. */
async function filesOf(project: string): Promise<string[]> {
  const paths = await linesOf(process.execPath, TSC, '--project', project, '--listFilesOnly')
  return paths.map((path) => relative(ROOT, path))
}

async function linesOf(program: string, ...args: string[]): Promise<string[]> {
  const options = { cwd: ROOT, maxBuffer: MAX_OUTPUT_BYTES }
  const { stdout } = await promisify(execFile)(program, args, options)
  return stdout.split('\n').filter(Boolean)
}
