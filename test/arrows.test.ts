import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { test } from 'node:test'

const root = resolve(import.meta.dirname, '..')
const mayImport: Record<string, readonly string[]> = {
  board: [],
  engine: ['board'],
  client: ['board'],
  server: ['board', 'engine'],
  web: ['board', 'client'],
  cli: ['board', 'client', 'engine', 'server'],
}

test('the linter enforces the arrows between packages', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'wirephoto-arrows-'))
  t.after(() => rm(folder, { recursive: true }))
  await copyFile(join(root, 'oxlint.config.ts'), join(folder, 'oxlint.config.ts'))
  for (const name of ['lint', 'node_modules']) await symlink(join(root, name), join(folder, name))

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
