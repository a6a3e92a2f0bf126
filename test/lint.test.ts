import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { test } from 'node:test'

const root = resolve(import.meta.dirname, '..')

/** Lints one file as the repository's configuration does; returns the rules that it breaks, by line. */
async function problemsIn(
  source: string,
  folder: string,
  name = 'board',
  file = 'sample.ts',
): Promise<string[]> {
  const path = join(folder, `packages/${name}/src`, file)
  await writeFile(path, source)
  const oxlint = join(root, 'node_modules/oxlint/bin/oxlint')
  const output = await new Promise<string>((done) => {
    const args = [oxlint, '--format', 'json', 'packages']
    execFile(process.execPath, args, { cwd: folder }, (_, out) => done(out))
  })
  await rm(path)
  const { diagnostics } = JSON.parse(output) as {
    diagnostics: { code: string; labels: { span: { line: number } }[] }[]
  }
  return diagnostics
    .filter(({ code }) => code.startsWith('house') || code === 'eslint(no-void)')
    .map(({ code, labels }) => `${labels[0]!.span.line} ${code.replace(/^\w+\((.*)\)$/, '$1')}`)
    .sort()
}

test('the linter demands units of constants, and plain sentences of comments', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'wirephoto-lint-'))
  t.after(() => rm(folder, { recursive: true }))
  for (const name of ['board', 'server', 'client', 'web'])
    await mkdir(join(folder, `packages/${name}/src`), { recursive: true })
  for (const name of ['oxlint.config.ts', 'lint', 'node_modules'])
    await symlink(join(root, name), join(folder, name))

  await t.test('units', async () => {
    const source = [
      'const PATIENCE = 30_000',
      'const LIMIT = 2 * 1024',
      'export const BEHIND_TIMEOUT_MS = 30_000',
      'const VIEWER_BACKLOG_BYTES = 512 * 1024',
      'const CHANGES_PER_SECOND = 30',
      'const OPCODE = 0x2',
      'const WIRE_VERSION = 4',
      "const NAME = 'text'",
      'const lower = 7',
    ].join('\n')
    assert.deepEqual(await problemsIn(source, folder), ['1 unit-in-name', '2 unit-in-name'])
  })

  for (const name of ['server', 'client', 'web'])
    await t.test(`E6, E36: no promise of the ${name} is let go by void`, async () => {
      const source = 'const run = async () => 1\nvoid run()\nexport const later = () => void run()'
      assert.deepEqual(await problemsIn(source, folder, name), ['2 no-void', '3 no-void'])
    })

  await t.test('I45: the copy of the page stands in its tables', async () => {
    const source = [
      'export const a = <p>Nothing here</p>',
      'export const b = <input aria-label="Find a board" type="search" />',
      "toasts.warn('It is gone.')",
      'app.toasts.say(`Deleted ${n} pictures.`)',
      'export const c = <p class="hint">{words.nothing} · %</p>',
      'toasts.say(words.deleted(n))',
    ].join('\n')
    assert.deepEqual(await problemsIn(source, folder, 'web', 'sample.tsx'), [
      '1 copy-in-tables',
      '2 copy-in-tables',
      '3 copy-in-tables',
      '4 copy-in-tables',
    ])
  })

  await t.test('comments', async () => {
    const long = Array.from({ length: 26 }, (_, i) => `word${i}`).join(' ')
    const source = [
      '/** What it is. */',
      'const a = 1',
      '// Fine. Whoever reads it stops here.',
      'const b = 1',
      `/** Says ${long}. */`,
      'const c = 1',
      '/** Streams the file to disk; resolves when the last byte is durable. */',
      'const d = 1',
      '// A comment that goes on over many lines is one comment, and its sentences',
      '// are counted as one text; this one has twenty-six words without its',
      '// full stop',
      'const e = 1',
    ].join('\n')
    assert.deepEqual(await problemsIn(source, folder), [
      '1 plain-comments',
      '3 plain-comments',
      '5 plain-comments',
      '9 plain-comments',
    ])
  })
})
