import assert from 'node:assert/strict'
import { execFile, execFileSync, spawnSync } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, type TestContext, test } from 'node:test'
import { promisify } from 'node:util'
import { makeOwnerCode } from '@wirephoto/server/owner-code'
import sharp from 'sharp'
import { InProcessServer } from '../../../test/support/in-process-server.ts'
import { Proxy } from '../../../test/support/proxy.ts'
import { RunningCommand, runCommand } from '../../../test/support/run-command.ts'

let server: InProcessServer
before(async () => {
  server = await InProcessServer.open()
})
after(() => server.close())

/** Draws a picture that is large as a file. */
const drawNoise = (): Promise<Buffer> => {
  const noise = { type: 'gaussian', mean: 128, sigma: 60 } as const
  return sharp({ create: { width: 1_500, height: 1_500, channels: 3, background: 'red', noise } })
    .png({ compressionLevel: 0 })
    .toBuffer()
}

async function boardWithPicture(): Promise<string> {
  const board = await server.newBoard()
  const address = `${server.url}/b/${board}/noise.png?x=7&y=8&caption=Snow`
  const { status } = await fetch(address, {
    method: 'PUT',
    body: new Uint8Array(await drawNoise()),
  })
  assert.equal(status, 201)
  return board
}

async function newFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'wirephoto-export-'))
  t.after(() => rm(folder, { recursive: true }))
  return folder
}

test('K53: export goes on from the byte where it was broken off', async (t) => {
  const board = await boardWithPicture()
  const folder = await newFolder(t)
  const zip = join(folder, 'board.zip')
  const proxy = await Proxy.open(server.port)
  t.after(() => proxy.close())
  const args = ['export', zip, '--url', `http://127.0.0.1:${proxy.port}/b/${board}`]
  const first = new RunningCommand(args)
  await proxy.down.waitForBytes(2_000_000)
  proxy.down.stall()
  first.child.kill('SIGINT')
  const { code, err } = await first.end()
  assert.equal(code, 130)
  assert.equal(err, 'Broken off. The same command goes on from there.\n')
  const { size: had } = await stat(`${zip}.part`)
  assert.ok(had > 500_000)
  proxy.down.resume()
  const passed = proxy.down.passedBytes
  assert.deepEqual(await runCommand(args), { out: '', err: '', code: 0 })
  const whole = await fetch(`${server.url}/api/boards/${board}/archive.zip?form=folder`)
  const expected = Buffer.from(await whole.arrayBuffer())
  assert.ok((await readFile(zip)).equals(expected))
  assert.ok(proxy.down.passedBytes - passed < expected.length - had + 100_000)
  assert.deepEqual(await readdir(folder), ['board.zip'])

  const again = await runCommand(args)
  assert.deepEqual(
    [again.code, again.err.endsWith(' is there already; name another one.\n')],
    [2, true],
  )
})

test('K54: export makes a folder that opens by itself, and comes back by import', async (t) => {
  const board = await boardWithPicture()
  const folder = join(await newFolder(t), 'saved')
  const env = { WIREPHOTO_URL: `${server.url}/b/${board}` }
  assert.deepEqual(await runCommand(['export', folder], { env }), { out: '', err: '', code: 0 })
  const names = await readdir(folder)
  assert.ok(names.includes('index.html') && names.includes('board.json'), names.join())
  const imported = await runCommand(['import', folder], { env: { WIREPHOTO_URL: server.url } })
  const copy = /\/b\/([\w-]+)#([\w-]+)/.exec(imported.out)!
  const answer = await fetch(`${server.url}/api/boards/${copy[1]}/snapshot`, {
    headers: { authorization: `Bearer ${copy[2]}` },
  })
  const { records } = (await answer.json()) as {
    records: { kind: string; x?: number; caption?: string }[]
  }
  const [picture] = records.filter(({ kind }) => kind === 'image')
  assert.deepEqual([picture!.x, picture!.caption], [7, 'Snow'])
})

test("K55: boards lists a server's boards by an owner code, and signs out", async () => {
  const board = await boardWithPicture()
  const { code } = await makeOwnerCode(server.data)
  const args = ['boards', '--url', server.url]
  const { out, code: exit } = await runCommand(args, { input: `${code}\n` })
  assert.equal(exit, 0)
  assert.match(out, new RegExp(` 1 +6\\.\\d MB +${server.url}/b/${board}\n`))
  const wrong = await runCommand(args, { input: '123456' })
  assert.deepEqual([wrong.code, wrong.out], [4, ''])
})

test('K56: completion knows each command and flag', async () => {
  const { out: bash } = await runCommand(['completion', 'bash'])
  const complete = async (...words: string[]) => {
    const script = `${bash}
COMP_WORDS=(wirephoto ${words.join(' ')}); COMP_CWORD=${words.length}; _wirephoto; echo "\${COMPREPLY[@]}"`
    return (await promisify(execFile)('bash', ['-c', script])).stdout.trim()
  }
  assert.equal(await complete('pu'), 'push')
  assert.equal(await complete('live', '--fr'), '--from')
  const { out: zsh } = await runCommand(['completion', 'zsh'])
  assert.match(zsh, /'--settle\[[^\]]+\]:value:_files'/)
  const { out: fish } = await runCommand(['completion', 'fish'])
  assert.match(fish, /__fish_seen_subcommand_from export' -l patience -r -d '/)
})

const noFish =
  spawnSync('fish', ['--version']).status === 0 ? false : 'fish is missing: apt-get install fish'

test('K56: fish completes commands and flags, and offers no files for a command', {
  skip: noFish,
}, async () => {
  const { out } = await runCommand(['completion', 'fish'])
  const complete = (line: string) =>
    execFileSync('fish', ['--no-config', '-c', `${out}\ncomplete -C '${line}'`], {
      encoding: 'utf8',
    })
  const commands = complete('wirephoto ').trim().split('\n')
  assert.ok(commands.some((each) => each.startsWith('push\t')))
  assert.deepEqual(
    commands.filter((each) => !each.includes('\t')),
    [],
  )
  assert.match(complete('wirephoto live loss --ev'), /^--every\t/)
})
