import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { ImageRecord } from '@wirephoto/board'
import { connect } from '@wirephoto/client'
import sharp from 'sharp'
import { InProcessServer } from '../../../test/support/in-process-server.ts'
import { Proxy } from '../../../test/support/proxy.ts'
import { RunningCommand, runCommand } from '../../../test/support/run-command.ts'

let server: InProcessServer
before(async () => {
  server = await InProcessServer.open({ bounds: { 'purge-grace': 1 } })
})
after(() => server.close())

const draw = (red: number): Promise<Buffer> =>
  sharp({ create: { width: 20, height: 10, channels: 3, background: { r: red, g: 9, b: 99 } } })
    .png()
    .toBuffer()

/** Draws a picture that is large as a file. */
const drawNoise = (side: number): Promise<Buffer> =>
  sharp({
    create: {
      width: side,
      height: side,
      channels: 3,
      background: 'red',
      noise: { type: 'gaussian', mean: 128, sigma: 60 },
    },
  })
    .png({ compressionLevel: 0 })
    .toBuffer()

async function filled(t: TestContext, files: Record<string, string | Buffer>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'wirephoto-push-'))
  t.after(() => rm(folder, { recursive: true }))
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), content)
  }
  return folder
}

async function picturesOn(board: string): Promise<ImageRecord[]> {
  const response = await fetch(`${server.url}/api/boards/${board}/snapshot`)
  const { records } = (await response.json()) as { records: ImageRecord[] }
  return records.filter(({ kind }) => kind === 'image').sort((a, b) => (a.name < b.name ? -1 : 1))
}

const addressOf = (board: string): string => `${server.url}/b/${board}`

test('K40, K45: push adds files, folders, patterns and stdin, each once', async (t) => {
  const board = await server.newBoard()
  const folder = await filled(t, {
    'a.png': await draw(1),
    'in/deeper/b.png': await draw(2),
    'in/notes.txt': 'no picture',
    'in/.hidden.png': await draw(3),
    'in/copy-of-a.png': await draw(1),
    'plots/c1.png': await draw(4),
    'plots/c2.png': await draw(5),
  })
  const args = ['push', join(folder, 'a.png'), join(folder, 'in'), join(folder, 'plots/*.png'), '-']
  const options = [
    '--url',
    addressOf(board),
    '--name',
    'in.png',
    '--by',
    'Anna',
    '--caption',
    'C & d',
  ]
  const first = await runCommand([...args, ...options, '--json'], { input: await draw(6) })
  assert.deepEqual([first.code, first.err], [0, ''])
  const lines = first.out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { result: string })
  assert.deepEqual(lines.map(({ result }) => result).sort(), [...Array(5).fill('added'), 'there'])
  const names = (await picturesOn(board)).map(({ name }) => name)
  // One of the two equal files came first.
  assert.deepEqual(
    names.map((name) => name.replace('copy-of-', '')),
    ['a.png', 'b.png', 'c1.png', 'c2.png', 'in.png'],
  )
  assert.ok(
    (await picturesOn(board)).every(({ by, caption }) => by === 'Anna' && caption === 'C & d'),
  )

  const second = await runCommand([...args, ...options], { input: await draw(6) })
  assert.deepEqual(second, { out: '', err: '', code: 0 })
  assert.equal((await picturesOn(board)).length, 5)
})

test('K40: push adds a file again whose picture was deleted for good', async (t) => {
  const board = await server.newBoard()
  const folder = await filled(t, { 'a.png': await draw(1) })
  const args = ['push', folder, '--json', '--url', addressOf(board)]
  await runCommand(args)
  const [first] = await picturesOn(board)
  await using client = await connect(addressOf(board), { token: server.newOwner(board) })
  client.remove([first!.id])
  await client.settled()
  const trashed = await runCommand(args)
  assert.deepEqual([trashed.code, /"code":"in-trash"/.test(trashed.out)], [1, true])
  client.purge([first!.id])
  for await (const change of client.changes()) if (!change.new) break
  assert.match((await runCommand(args)).out, /"result":"added"/)
  assert.match((await runCommand(args)).out, /"result":"there"/)
})

test('K45: push shows bars on a terminal', async (t) => {
  // Others of that name have other options.
  const { stdout } = spawnSync('script', ['--version'], { encoding: 'utf8' })
  if (!stdout?.includes('util-linux')) return t.skip('without script of util-linux')
  const board = await server.newBoard()
  const folder = await filled(t, { 'a.png': await draw(1) })
  const program = fileURLToPath(new URL('../bin/wirephoto.js', import.meta.url))
  const line = [process.execPath, program, 'push', folder, '--url', addressOf(board)].join(' ')
  const { stdout: shown } = await promisify(execFile)('script', ['-qec', line, '/dev/null'])
  assert.match(shown, /a\.png +[━─]{20} +\d+ %/)
  assert.match(shown, /1 added: http/)
})

test('K41: push tells what it leaves, and adds the others', async (t) => {
  const board = await server.newBoard()
  const folder = await filled(t, { 'a.png': await draw(1), 'b.txt': 'no picture', 'c.png': '' })
  const files = ['a.png', 'b.txt', 'c.png', 'gone.png', '*.webp'].map((name) => join(folder, name))
  const { code, err } = await runCommand(['push', ...files, '--url', addressOf(board)])
  assert.equal(code, 1)
  assert.match(err, /b\.txt: .*can't be added|b\.txt: /)
  assert.match(err, /c\.png: /)
  assert.match(err, /gone\.png: there is no such file/)
  assert.match(err, /\*\.webp: no file is called like that/)
  assert.equal((await picturesOn(board)).length, 1)
})

test('K42: after Ctrl-C nothing half is on the board, and the same command goes on', async (t) => {
  const board = await server.newBoard()
  const folder = await filled(t, { 'a.png': await draw(1), 'b.png': await drawNoise(1_500) })
  const proxy = await Proxy.open(server.port)
  t.after(() => proxy.close())
  const args = ['push', folder, '--jobs', '1', '--json', '--url']
  const push = new RunningCommand([...args, `http://127.0.0.1:${proxy.port}/b/${board}`])
  await proxy.up.waitForBytes(1_000_000)
  proxy.up.stall()
  push.child.kill('SIGINT')
  const broken = await push.end()
  assert.equal(broken.code, 130)
  assert.match(broken.err, /^Broken off: 1 added\. The same command goes on from there\.\n$/)
  proxy.up.resume()

  const again = await runCommand([...args, addressOf(board)])
  assert.equal(again.code, 0, again.err)
  assert.match(again.out, /a\.png","result":"there".*\n.*b\.png","result":"added"/)
  const pictures = await picturesOn(board)
  assert.deepEqual(
    pictures.map(({ name, blob }) => [name, blob !== null]),
    [
      ['a.png', true],
      ['b.png', true],
    ],
  )
})

test('K43: push goes on when a server comes back that was away', async (t) => {
  const board = await server.newBoard()
  const folder = await filled(t, { 'a.png': await draw(1), 'b.png': await drawNoise(1_500) })
  const proxy = await Proxy.open(server.port)
  t.after(() => proxy.close())
  const address = `http://127.0.0.1:${proxy.port}/b/${board}`
  const push = new RunningCommand(['push', folder, '--jobs', '1', '--json', '--url', address])
  await proxy.up.waitForBytes(1_000_000)
  proxy.disconnect()
  await push.prints('err', /The server doesn't answer\. Trying again\./)
  proxy.reconnect()
  const { code, out } = await push.end()
  assert.equal(code, 0)
  assert.match(out, /b\.png","result":"added"/)
  assert.equal((await picturesOn(board)).length, 2)
})

test('K44: push ends with a sentence and a code of its own where it is refused', async (t) => {
  const folder = await filled(t, { 'a.png': await draw(1) })
  const made = await fetch(`${server.url}/api/boards`, { method: 'POST' })
  const { id, links } = (await made.json()) as {
    id: string
    links: { role: string; url: string }[]
  }
  const of = (role: string) => links.find((each) => each.role === role)!.url.split('#')[1]!
  const push = (token: string, ...more: string[]) =>
    runCommand(['push', folder, '--url', addressOf(id), ...more], {
      env: { WIREPHOTO_TOKEN: token },
    })

  const viewer = await push(of('view'))
  assert.deepEqual(viewer, {
    out: '',
    err: "This link doesn't allow that. Ask for another one.\n",
    code: 4,
  })
  const owner = { authorization: `Bearer ${of('own')}` }
  const listed = await fetch(`${server.url}/api/boards/${id}/links`, { headers: owner })
  const { links: told } = (await listed.json()) as { links: { id: string; role: string }[] }
  const adding = told.find(({ role }) => role === 'add')!
  await fetch(`${server.url}/api/boards/${id}/links/${adding.id}`, {
    method: 'DELETE',
    headers: owner,
  })
  const ended = await push(of('add'))
  assert.deepEqual(ended, {
    out: '',
    err: 'This link no longer works. Ask for a new one.\n',
    code: 4,
  })
  const mistaken = await runCommand(['push', folder], { env: { WIREPHOTO_TOKEN: 'x' } })
  assert.deepEqual(mistaken, {
    out: '',
    err: 'WIREPHOTO_TOKEN has what stands after # in a link, or the whole link.\n',
    code: 2,
  })
  const none = await push(of('add'), '--url', 'http://127.0.0.1:9')
  assert.equal(none.code, 3)
  assert.match(none.err, /^There is no answer from http:\/\/127\.0\.0\.1:9; .*\n$/)
})
