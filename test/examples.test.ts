import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { glob, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, test } from 'node:test'
import { drawPicture } from './support/pictures.ts'

const packages = resolve(import.meta.dirname, '../packages')
let folder: string

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wirephoto-examples-'))
})
after(() => rm(folder, { recursive: true }))

test('the README of each package shows its example as it is', async () => {
  const examples = await Array.fromAsync(glob('*/examples/*.ts', { cwd: packages }))
  assert.ok(examples.length >= 4)
  for (const example of examples) {
    const readme = await readFile(join(packages, dirname(example), '../README.md'), 'utf8')
    const code = await readFile(join(packages, example), 'utf8')
    assert.ok(readme.includes(`\`\`\`ts\n${code}\`\`\``), example)
    assert.ok(code.split('\n').length <= 16, `${example} is no ten-line example`)
  }
})

test('the example of board renames a board', async () => {
  assert.deepEqual(await linesOf(run('board/examples/rename.ts')), ['Harbour'])
})

test('the example of engine appends a change and reads it back', async () => {
  const lines = await linesOf(run('engine/examples/append.ts', `sqlite:${join(folder, 'engine')}`))
  assert.match(lines.join('\n'), /title: 'Harbour'/)
})

test('the examples of client send a picture to the example of server, and hear of it', async (t) => {
  const server = run('server/examples/serve.ts', join(folder, 'server'))
  t.after(() => end(server))
  const url = await nextLine(server, /^http/)
  const client = run('client/examples/watch.ts', url)
  t.after(() => end(client))
  const path = join(folder, 'harbour.jpg')
  await writeFile(path, await drawPicture({ width: 40, height: 30 }))
  const stored = nextLine(client, /^harbour\.jpg http/)
  const told = await linesOf(run('client/examples/send.ts', url, path))
  assert.equal(told.at(-1), 'harbour.jpg: 40 × 30 pixels')
  assert.match(await stored, /^harbour\.jpg http.*\/b\/main\/blob\/\w{64}\/original$/)
})

function run(example: string, ...args: string[]): ChildProcess {
  return spawn(process.execPath, [join(packages, example), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}

async function linesOf(child: ChildProcess): Promise<string[]> {
  const lines = await Array.fromAsync(createInterface(child.stdout!))
  if (child.exitCode === null) await once(child, 'exit')
  assert.equal(child.exitCode, 0)
  return lines
}

async function nextLine(child: ChildProcess, pattern: RegExp): Promise<string> {
  for await (const line of createInterface(child.stdout!)) if (pattern.test(line)) return line
  throw new Error(`It ended without a line like ${pattern}`)
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return
  child.kill('SIGTERM')
  await once(child, 'exit')
}
