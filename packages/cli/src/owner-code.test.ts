import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { ServerProcess } from '../../../test/support/server-process.ts'

const BIN = fileURLToPath(new URL('../bin/wirephoto.js', import.meta.url))
const CODE = /\b[B-DF-HJ-NP-TV-XZ]{4}-[B-DF-HJ-NP-TV-XZ]{4}\b/

/** `wirephoto owner-code`, to its end. */
function ownerCode(...args: string[]): Promise<{ out: string; err: string; code: number }> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [BIN, 'owner-code', ...args], (_error, out, err) =>
      resolve({ out, err, code: child.exitCode ?? -1 }),
    )
  })
}

async function openServer(t: TestContext, ...args: string[]): Promise<ServerProcess> {
  const server = await ServerProcess.open({ args })
  t.after(() => server.close())
  return server
}

test('B53: the start prints an owner code; `wirephoto owner-code` prints another, and the address', async (t) => {
  const server = await openServer(t, '--public-url', 'https://board.example/photos')
  const [first] = CODE.exec(server.output) ?? []
  assert.ok(first, server.output)
  const { out, err, code } = await ownerCode('--data', server.data)
  assert.match(out, new RegExp(`^${CODE.source}\n$`))
  assert.notEqual(out.trim(), first)
  assert.match(err, /^Enter it at https:\/\/board\.example\/photos within ten minutes\. .*\.\n$/)
  assert.equal(code, 0)
})

test('B53: `wirephoto owner-code` without a server says so in one sentence, and makes nothing', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'wirephoto-no-server-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const none = await ownerCode('--data', folder)
  assert.match(none.err, /^There is no server's data in .*; name the folder [^\n]+ --data\.\n$/)
  assert.deepEqual([none.out, none.code, await readdir(folder)], ['', 2, []])
  const server = await ServerProcess.open({ data: join(folder, 'data') })
  await server.close()
  const ended = await ownerCode('--data', server.data)
  assert.match(ended.err, /^No server runs with .*; start it, and it prints a code, or [^\n]+\.\n$/)
  assert.deepEqual([ended.out, ended.code], ['', 2])
})
