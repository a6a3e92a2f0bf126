import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { copyFile, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { type TestContext, test } from 'node:test'

const root = resolve(import.meta.dirname, '..')
const mayImport: Record<string, readonly string[]> = {
  board: [],
  engine: ['board'],
  client: ['board'],
  server: ['board', 'engine'],
  web: ['board', 'client'],
  mcp: ['board', 'client'],
  cli: ['board', 'client', 'engine', 'mcp', 'server'],
  conformance: ['board'],
}

/** The page's folders and files, from the ground up. */
const pageLevels: readonly (readonly string[])[] = [
  ['browser', 'offline'],
  ['geometry', 'input', 'look', 'words'],
  ['state', 'api'],
  ['drop'],
  ['app-state.ts'],
  ['actions'],
  ['app.ts'],
  ['ui'],
  ['feed', 'lightbox', 'shell', 'stage', 'wall'],
  ['panel-views.ts'],
  ['page.tsx'],
  ['main.tsx'],
]
const isFolder = (name: string): boolean => !name.includes('.')

test('the linter enforces the arrows between packages', async (t) => {
  const folder = await workspace(t)
  const expected: string[] = []
  for (const [name, allowed] of Object.entries(mayImport)) {
    await mkdir(join(folder, 'packages', name, 'src'), { recursive: true })
    const lint = async (file: string, module: string, refused: boolean) => {
      const path = `packages/${name}/src/${file}`
      await writeFile(join(folder, path), `import '${module}'\n`)
      if (refused) expected.push(path)
    }
    for (const other of Object.keys(mayImport)) {
      if (other === name) continue
      const module = other === 'cli' ? 'wirephoto' : `@wirephoto/${other}`
      await lint(`${other}.ts`, module, !allowed.includes(other))
      await lint(`${other}-by-path.ts`, `../../${other}/src/index.ts`, true)
    }
    await lint('own.ts', '../own/other.ts', false)
    await lint('io.ts', 'node:fs', name === 'board')
    await lint('io.test.ts', 'node:fs', false)
  }
  assert.deepEqual(await refusedFiles(folder), expected.sort())
})

test("the linter enforces the arrows between the page's folders", async (t) => {
  const folder = await workspace(t)
  const source = 'packages/web/src'
  const expected: string[] = []
  for (const [i, level] of pageLevels.entries())
    for (const name of level.filter(isFolder)) {
      await mkdir(join(folder, source, name), { recursive: true })
      const lint = async (file: string, code: string, refused: boolean) => {
        const path = `${source}/${name}/${file}`
        await writeFile(join(folder, path), `${code}\n`)
        if (refused) expected.push(path)
      }
      for (const [j, others] of pageLevels.entries())
        for (const other of others) {
          if (other === name) continue
          const path = isFolder(other) ? `${other}/file.ts` : other
          await lint(`${other}-it.ts`, `import '../${path}'`, j >= i)
          await lint(`${other}-type.ts`, `import type { It } from '../${path}'`, j >= i)
          await lint(`${other}-later.ts`, `export const it = import('../${path}')`, j >= i)
          await lint(`${other}-around.ts`, `import '../../src/${path}'`, j >= i)
        }
      await lint('own.ts', "import './other.ts'", false)
      await lint('server.ts', "import '@wirephoto/server'", true)
    }
  assert.deepEqual(await refusedFiles(folder), expected.sort())
})

test("the linter enforces the arrows between the page's own files", async (t) => {
  const folder = await workspace(t)
  const source = 'packages/web/src'
  await mkdir(join(folder, source), { recursive: true })
  const expected: string[] = []
  for (const [i, level] of pageLevels.entries())
    for (const name of level.filter((each) => !isFolder(each))) {
      const others = pageLevels.flat().filter((other) => other !== name)
      const paths = others.map((other) => (isFolder(other) ? `${other}/file.ts` : other))
      await writeFile(
        join(folder, source, name),
        paths.map((path) => `import './${path}'\n`).join(''),
      )
      const below = pageLevels.slice(0, i).flat()
      for (const other of others) if (!below.includes(other)) expected.push(`${source}/${name}`)
    }
  assert.deepEqual(await refusedFiles(folder), expected.sort())
})

test('everything of the page has its level', async () => {
  const entries = await readdir(join(root, 'packages/web/src'))
  assert.deepEqual(entries.sort(), pageLevels.flat().sort())
})

/** An empty workspace under the linter of this one. */
async function workspace(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'wirephoto-arrows-'))
  t.after(() => rm(folder, { recursive: true }))
  await copyFile(join(root, 'oxlint.config.ts'), join(folder, 'oxlint.config.ts'))
  for (const name of ['lint', 'node_modules']) await symlink(join(root, name), join(folder, name))
  return folder
}

async function refusedFiles(folder: string): Promise<string[]> {
  const oxlint = join(root, 'node_modules/oxlint/bin/oxlint')
  const output = await new Promise<string>((done) => {
    const args = [oxlint, '--format', 'json', 'packages']
    execFile(process.execPath, args, { cwd: folder, maxBuffer: 1e7 }, (_, out) => done(out))
  })
  const { diagnostics } = JSON.parse(output) as {
    diagnostics: { code: string; filename: string }[]
  }
  return diagnostics
    .filter(({ code }) => code.includes('no-restricted-imports'))
    .map(({ filename }) => filename)
    .sort()
}
