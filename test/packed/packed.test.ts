import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { PACKAGES, type PackageName, packAll } from '../../packing/pack.ts'
import { EFFORT_FACTOR } from '../support/effort.ts'
import { drawPicture } from '../support/pictures.ts'

/* The packages as they are published. Here they find what they depend on in the workspace. */

const run = promisify(execFile)
const ROOT = resolve(import.meta.dirname, '../..')
const LIBRARIES = ['board', 'engine', 'client', 'server', 'cli'] as const

let folder: string
let tarballs: Record<PackageName, string>

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wirephoto-packed-'))
  tarballs = await packAll(join(folder, 'packed'))
})
after(() => rm(folder, { recursive: true, force: true }))

interface Manifest {
  readonly name: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly bundleDependencies?: readonly string[]
}

/** Unpacks packages into the `node_modules` of a new folder, with links to all that they name as dependencies. */
async function install(...names: PackageName[]): Promise<string> {
  const place = await mkdtemp(join(folder, 'place-'))
  const modules = join(place, 'node_modules')
  const inside = (name: string) => join(modules, name)
  const wanted = new Set<string>()
  const brought = new Set<string>()
  for (const name of names) {
    const unpacked = await mkdtemp(join(folder, 'unpacked-'))
    await run('tar', ['-xzf', tarballs[name], '-C', unpacked])
    const text = await readFile(join(unpacked, 'package/package.json'), 'utf8')
    const manifest = JSON.parse(text) as Manifest
    await mkdir(dirname(inside(manifest.name)), { recursive: true })
    await run('mv', [join(unpacked, 'package'), inside(manifest.name)])
    brought.add(manifest.name)
    for (const each of manifest.bundleDependencies ?? []) brought.add(each)
    for (const each of Object.keys(manifest.dependencies ?? {})) wanted.add(each)
  }
  for (const name of wanted) {
    if (brought.has(name)) continue
    await mkdir(dirname(inside(name)), { recursive: true })
    await symlink(join(ROOT, 'node_modules', name), inside(name))
  }
  return place
}

describe('the packed packages', { concurrency: true }, () => {
  for (const name of PACKAGES)
    test(`I13: publint finds nothing in ${name}`, async () => {
      const tarball = await readFile(tarballs[name])
      const { messages, pkg } = await publint({
        pack: { tarball: new Uint8Array(tarball).buffer },
        strict: true,
      })
      assert.deepEqual(
        messages.map((message) => formatMessage(message, pkg!)),
        [],
      )
    })

  for (const name of LIBRARIES)
    test(`I13: the types of ${name} are those of its code, wherever modules are resolved`, {
      skip: EFFORT_FACTOR === 1 && 'by npm run test:long',
    }, async () => {
      const attw = join(ROOT, 'node_modules/@arethetypeswrong/cli/dist/index.js')
      const args = [
        attw,
        tarballs[name],
        '--profile',
        'esm-only',
        '--no-color',
        '--no-definitely-typed',
      ]
      await run(process.execPath, args).catch((error: Error & { stdout?: string }) => {
        assert.fail(error.stdout ?? error.message)
      })
    })

  test('I14: the program serves the page that it brings, and a script with the client sends to it', async () => {
    const program = await install('cli')
    const script = await install('client', 'board')
    const photo = join(folder, 'harbour.jpg')
    await writeFile(photo, await drawPicture({ width: 320, height: 240 }))
    const code = `import { connect } from '@wirephoto/client'
      await using board = await connect(process.argv[2])
      const { name, width, blob } = await board.add(process.argv[3])
      console.log(name, width, blob.length)`
    await writeFile(join(script, 'send.mjs'), code)
    const start = join(program, 'node_modules/wirephoto/bin/wirephoto.js')
    const flags = ['serve', '--port', '0', '--data', join(program, 'data')]
    const serving = spawn(process.execPath, [start, ...flags], {
      cwd: program,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    try {
      const url = await addressOf(serving.stdout)
      const page = await fetch(url)
      assert.match(await page.text(), /<script type="module"/)
      const { stdout } = await run(process.execPath, [join(script, 'send.mjs'), url, photo])
      assert.equal(stdout, 'harbour.jpg 320 64\n')
      const pushed = await run(process.execPath, [start, 'push', photo, '--json', '--url', url])
      assert.match(pushed.stdout, /"result":"added"/)
    } finally {
      serving.kill('SIGTERM')
      await once(serving, 'exit')
    }
  })

  test('I64: a program of somebody else has the boards and the page below a path of its server', async () => {
    const place = await install('cli')
    const code = `import { createServer } from 'node:http'
      import { createWirephoto, WireError } from 'wirephoto'
      const server = createServer((request, response) => response.end('theirs')).listen(0)
      const data = process.argv[2]
      const wirephoto = await createWirephoto({ server, path: '/photos', data, isOpen: true })
      const url = \`http://localhost:\${server.address().port}\`
      const text = async (path) => (await fetch(url + path)).text()
      console.log(await text('/'), /<script type="module"/.test(await text('/photos/')))
      const error = await wirephoto.push('nowhere', new Uint8Array(1)).catch((error) => error)
      console.log(error instanceof WireError, error.code)
      await wirephoto.close()
      server.close()`
    await writeFile(join(place, 'mine.mjs'), code)
    const args = [join(place, 'mine.mjs'), join(place, 'data')]
    const { stdout } = await run(process.execPath, args)
    assert.equal(stdout, 'theirs true\ntrue unknown-board\n')
  })

  test('L75: the program says what an agent needs, which the package brings', async () => {
    const [program, agent] = await Promise.all([install('cli'), install('mcp', 'client', 'board')])
    const start = join(program, 'node_modules/wirephoto/bin/wirephoto.js')
    await assert.rejects(run(process.execPath, [start, 'mcp']), {
      code: 2,
      stderr: 'wirephoto mcp needs a further package: npm install @wirephoto/mcp\n',
    })
    const main = join(agent, 'node_modules/@wirephoto/mcp/dist/main.js')
    const { stdout } = await run(process.execPath, [main, '--help'])
    assert.match(stdout, /^Usage: wirephoto-mcp /)
  })

  test('I15: the program needs no database package, and says which one a URL needs', async () => {
    const program = await install('cli')
    const start = join(program, 'node_modules/wirephoto/bin/wirephoto.js')
    for (const [engine, driver] of [
      ['postgres://a@127.0.0.1:9/a', 'pg'],
      ['rethinkdb://127.0.0.1:9/a', 'rethinkdb-ts'],
    ] as const) {
      const flags = ['serve', '--port', '0', '--data', join(program, 'none'), '--engine', engine]
      await assert.rejects(run(process.execPath, [start, ...flags], { cwd: program }), {
        code: 2,
        stderr: new RegExp(`needs the package ${driver}; install it with "npm install ${driver}"`),
      })
    }
  })
})

/** Resolves with the address that a server prints. */
async function addressOf(output: NodeJS.ReadableStream): Promise<string> {
  for await (const line of createInterface(output)) {
    const [url] = /http:\/\/[\w.:[\]-]+/.exec(line) ?? []
    if (url) return url
  }
  throw new Error('It ended without an address')
}
