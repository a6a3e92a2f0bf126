import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import {
  createServer as createHttpServer,
  type IncomingMessage,
  request,
  type ServerResponse,
} from 'node:http'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { EFFORT_FACTOR } from '../../../test/support/effort.ts'
import { warningFor } from '../bin/choose-node.js'

const BIN = fileURLToPath(new URL('../bin/wirephoto.js', import.meta.url))
const PICTURE = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
)

let folder: string

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wirephoto-cli-'))
})
after(() => rm(folder, { recursive: true, force: true }))

/** `under` is a program that starts it. */
function run(args: string[], env: NodeJS.ProcessEnv = {}, under: string[] = []): ChildProcess {
  const clean = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(?:WIREPHOTO_|PORT$|npm_)/.test(name)),
  )
  const [program, ...rest] = [...under, process.execPath, BIN, ...args]
  return spawn(program!, rest, {
    cwd: folder,
    env: { ...clean, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

/** Runs to the end. */
async function outcome(args: string[], env: NodeJS.ProcessEnv = {}) {
  const child = run(args, env)
  const [out, err, [code]] = await Promise.all([
    text(child.stdout!),
    text(child.stderr!),
    once(child, 'close'),
  ])
  return { out, err, code: code as number }
}

/** Runs until the banner says where it listens. */
async function serving(args: string[], env: NodeJS.ProcessEnv = {}, under: string[] = []) {
  const child = run(['serve', '--port', '0', ...args], env, under)
  let banner = ''
  for await (const chunk of child.stdout!.iterator({ destroyOnReturn: false })) {
    banner += String(chunk)
    if (banner.includes('lie in')) break
  }
  const url = /http:\/\/localhost:\d+/.exec(banner)?.[0]
  assert.ok(url, banner)
  const stop = async (signal: NodeJS.Signals) => {
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
    const closed = once(child, 'close')
    child.kill(signal)
    return ((await closed) as [number])[0]
  }
  return { child, banner, url, stop }
}

test('help tells every flag with its default and its variable', async () => {
  const { out, code } = await outcome(['serve', '--help'])
  assert.equal(code, 0)
  const classic = ['open', 'create', 'classic', 'classic-pages', 'classic-port']
  const flags = [
    'port',
    'host',
    'lan',
    'public-url',
    'trust-proxy',
    'allow-origin',
    'data',
    'engine',
    'max-upload',
    'memory',
    'refuse',
    'fetch-ports',
    'webhook-to',
    'bound',
    'accept-loss',
    'log-level',
    'metrics',
    ...classic,
  ]
  for (const flag of flags) {
    assert.match(out, new RegExp(`--${flag}\\b`))
    assert.match(out, new RegExp(`WIREPHOTO_${flag.toUpperCase().replaceAll('-', '_')}\\b`))
  }
  for (const value of ['8000', '127.0.0.1', './data', '100MB']) assert.ok(out.includes(value))
  assert.match((await outcome(['--help'])).out, /^Usage: wirephoto/)
  const bare = await outcome([], { WIREPHOTO_PORT: 'x' })
  assert.deepEqual([bare.code, (await outcome(['serve', '--port', 'x'])).err], [2, bare.err])
})

test('what the operator can mend is one sentence, and exit code 2', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1')
  t.after(() => taken.close())
  await once(taken, 'listening')
  const port = String((taken.address() as AddressInfo).port)
  const noIssuer = createHttpServer((_request, response) => response.writeHead(404).end())
  noIssuer.listen(0, '127.0.0.1')
  t.after(() => noIssuer.close())
  await once(noIssuer, 'listening')
  const issuer = `http://127.0.0.1:${(noIssuer.address() as AddressInfo).port}`
  const file = join(folder, 'file')
  await writeFile(file, '')
  let n = 0
  const serve = (...args: string[]) => ['serve', '--port', '0', '--data', `x${n++}`, ...args]
  const cases: [string[], RegExp, NodeJS.ProcessEnv?][] = [
    [serve('--port', port), /^Port \d+ is taken; choose another with --port/],
    [serve('--port', 'x'), /^"x" is no port; give --port/],
    [serve('--port', '65536'), /^"65536" is no port/],
    [['serve'], /^"70000" is no port/, { PORT: '70000' }],
    [['serve'], /^"-1" is no port/, { WIREPHOTO_PORT: '-1', PORT: '80' }],
    [serve('--data', join(file, 'data')), /^The folder .*file\/data can't be written; choose/],
    [serve('--host', 'no.such.host.invalid'), /^This machine has no address no\.such/],
    [serve('--max-upload', '5 bananas'), /^"5 bananas" is no size; give --max-upload/],
    [serve('--memory', '5MB'), /^"5MB" won't do; give --memory/],
    [serve('--refuse', 'heic,jpg'), /^"jpg" can't be refused; give --refuse .* avif, heic, jxl, /],
    [serve('--bound', 'fetches=4,cats=9'), /^"cats=9" is no bound; give --bound/],
    [serve(), /^"fetches=0" is no bound/, { WIREPHOTO_BOUND: 'fetches=0' }],
    [serve('--metrics', 'no'), /^"no" won't do; give --metrics/],
    [serve('--metrics', port), /^Port \d+ is taken; choose another with --metrics/],
    [
      serve('--metrics', 'no.such.host.invalid:9464'),
      /^This machine has no address no\.such.*--metrics/,
    ],
    [serve('--metrics', '0.0.0.0:0'), /^"0.0.0.0:0" won't do/],
    [serve('--log-level', 'loud'), /^"loud" is no level; give --log-level/],
    [serve('--public-url', 'board.example'), /^"board.example" won't do; give --public-url/],
    [serve('--public-url', 'https://board.example/?path'), /won't do/],
    [serve('--public-url', 'https://host/b/photos'), /isn't one of the server's own/],
    [serve('--trust-proxy', '10.0.0.1, proxy'), /^"proxy" is no address; give --trust-proxy/],
    [serve('--trust-proxy', '10.0.0.0/33'), /^"10.0.0.0\/33" is no address/],
    [serve('--allow-origin', 'https://a.example/x'), /^"https:.*" is no origin; give --allow-o/],
    [serve('--allow-origin', 'https://a.example,*'), /^"\*" is no origin/],
    [serve(), /^"null" is no origin/, { WIREPHOTO_ALLOW_ORIGIN: 'null' }],
    [serve('--fetch-ports', '8080,0'), /^"0" is no port; give --fetch-ports/],
    [serve('--fetch-ports', 'all'), /^"all" is no port/],
    [serve(), /^"65536" is no port/, { WIREPHOTO_FETCH_PORTS: '65536' }],
    [serve('--webhook-to', 'hooks.lan,http://x/y'), /^"http:.*" is no host; give --webhook-to/],
    [serve('--engine', 'oracle:x'), /^There is no engine "oracle:x"; use sqlite/],
    [serve('--lan', '--host', '127.0.0.1'), /^Option '--lan' cannot be used with option '--host/],
    [serve(), /^"maybe" is neither yes nor no; set WIREPHOTO_LAN/, { WIREPHOTO_LAN: 'maybe' }],
    [serve('--classic', 'a/b'), /^"a\/b" is no board; give letters/],
    [serve('--create', 'guests'), /^"guests" won't do; give --create \(WIREPHOTO_CREATE\) anyone/],
    [serve('--oidc', 'http://sso.example'), /^"http:.*" is no issuer; give --oidc/],
    [serve('--oidc', 'https://sso.example'), /^--oidc lets nobody in by itself; give --oidc-owner/],
    [serve('--oidc-owner', 'anna@example.com'), /^--oidc-owner goes with --oidc/],
    [serve('--oidc-owner', ', '), /^", " names nobody; give --oidc-owner/],
    [
      serve('--oidc', issuer, '--oidc-owner', 'a@b.c'),
      /needs a client .* WIREPHOTO_OIDC_CLIENT_ID/,
    ],
    [
      serve('--oidc', issuer, '--oidc-owner', 'a@b.c'),
      /^No OpenID Connect provider answers at http.*; give --oidc the issuer/,
      { WIREPHOTO_OIDC_CLIENT_ID: 'a', WIREPHOTO_OIDC_CLIENT_SECRET: 'b' },
    ],
    [serve('--classic-port', '0'), /^--classic-port goes with --classic/],
    [serve('--classic', '--classic-port', 'x'), /^"x" is no port; give --classic-port/],
    [serve('--classic', '--classic-port', port), /^Port \d+ is taken; .* --classic-port or/],
    [serve('--classic', '--classic-pages', 'none'), /^There is no folder .*none; choose another/],
    [
      serve('--classic', 'party', '--lan'),
      /^--classic opens the board party to .* give --open too/,
    ],
    [serve('--classic', '--public-url', 'https://b.example'), /give --open too/],
    [serve('--prot', '1'), /^Unknown option '--prot' \(Did you mean --port\?\); see/],
    [['sreve'], /^Unknown command 'sreve' \(Did you mean serve\?\); see/],
  ]
  // Each is a start of the program: `npm test` has one of four, the long run all.
  const tried = EFFORT_FACTOR > 1 ? cases : cases.filter((_, i) => i % 4 === 0)
  await Promise.all(
    tried.map(async ([args, sentence, env]) => {
      const { out, err, code } = await outcome(args, env)
      assert.deepEqual([args, out, code], [args, '', 2])
      assert.match(err, sentence)
      assert.match(err, /^[^\n]+\.\n$/)
    }),
  )
})

/** Runs the program under the versions of another Node, as if npm had brought that. */
async function runUnderNode(
  versions: { readonly node: string; readonly sqlite?: string },
  program: string,
  { args = ['--version'], path = process.env['PATH'] }: { args?: string[]; path?: string } = {},
) {
  const disguise = join(folder, `${versions.node}.cjs`)
  await writeFile(
    disguise,
    `Object.defineProperty(process, 'versions', { value: ${JSON.stringify(versions)} })
    Object.defineProperty(process, 'execPath', { value: '/node_modules/.bin/node' })
    require(${JSON.stringify(program)})`,
  )
  const { npm_node_execpath: _, ...env } = process.env
  const child = spawn(process.execPath, [disguise, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...env, PATH: path },
  })
  const [out, err, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ])
  return { out, err, code }
}

/** Makes a folder whose `node` tells its version and its arguments, and is asked for its versions as any. */
async function folderOfNode(node: string): Promise<string> {
  const bin = join(folder, `node-${node}`)
  await mkdir(bin)
  const script = `#!/bin/sh
[ "$1" = -p ] && echo '{"node":"${node}","sqlite":"3.53.0"}' || echo "Node ${node} runs $2"
`
  await writeFile(join(bin, 'node'), script, { mode: 0o755 })
  return bin
}

const OLD_NODE = { node: '18.2.0' }
/** The newest that npm has for some platforms. */
const UNSAFE_NODE = { node: '24.21.0', sqlite: '3.53.0' }
const noShell = process.platform === 'win32' ? 'needs sh' : false

test('an old Node is told so in one sentence', async () => {
  const alone = join(folder, 'wirephoto.js')
  await copyFile(BIN, alone)
  await copyFile(join(BIN, '../choose-node.js'), join(folder, 'choose-node.js'))
  assert.deepEqual(await runUnderNode(OLD_NODE, alone, { path: '' }), {
    out: '',
    err: 'This is Node 18.2.0, which is too old; install Node 24 or newer and start again.\n',
    code: 2,
  })
})

const ownNode = join(import.meta.dirname, '../../../node_modules/.bin/node')
const skip = existsSync(ownNode) ? false : 'npm has no Node for this platform'
test('an old Node hands over to the one that npm has brought', { skip }, async () => {
  const { out, err, code } = await runUnderNode(OLD_NODE, BIN, { path: '' })
  assert.match(out, /^\d+\.\d+\.\d+\n$/)
  assert.deepEqual([err, code], ['', 0])
})

test("E16: the first safe Node on the PATH runs in place of npm's", { skip: noShell }, async () => {
  const [newer, ended, safe] = await Promise.all(['24.22.0', '25.9.0', '26.12.1'].map(folderOfNode))
  const outcomeOf = async (...folders: string[]) => {
    const path = [...folders, '/bin', '/usr/bin'].join(delimiter)
    return (await runUnderNode(UNSAFE_NODE, BIN, { path, args: ['--help'] })).out
  }
  assert.equal(await outcomeOf(newer!, ended!, safe!), 'Node 26.12.1 runs --help\n')
  assert.equal(await outcomeOf(ended!, newer!), 'Node 24.22.0 runs --help\n')
  // Its line has ended, so nobody mends it any more.
  assert.match(await outcomeOf(ended!), /^Usage: wirephoto/)
})

test('E16: a Node that is run by its own path is somebody’s choice', {
  skip: noShell,
}, async () => {
  const program = join(folder, 'chosen.cjs')
  await writeFile(
    program,
    `Object.defineProperty(process, 'execPath', { value: '/opt/node/bin/node' })
    require(${JSON.stringify(BIN)})`,
  )
  const path = [await folderOfNode('26.13.0'), '/bin'].join(delimiter)
  assert.match((await runUnderNode(UNSAFE_NODE, program, { path })).out, /^\d+\.\d+\.\d+\n$/)
})

test('E17: a start says that its Node lacks security fixes, and what to do', async () => {
  const said = (node: string) => warningFor(node)
  for (const safe of ['24.22.1', '24.23.0', '26.12.1', '26.13.0', '27.0.0', '28.1.2'])
    assert.equal(said(safe), null)
  for (const unsafe of ['24.9.0', '24.22.0', '25.9.0', '26.12.0'])
    assert.equal(
      said(unsafe),
      `Node ${unsafe} lacks security fixes of October 2026; install Node 24.22.1, 26.12.1 or newer from nodejs.org and start again, then that one is used.`,
    )
  const here = await serving(['--data', 'warned'], {}, [])
  assert.equal(await here.stop('SIGTERM'), 0)
  const expected = said(process.versions.node)
  assert.equal(here.banner.includes('lacks security fixes'), expected !== null)
  if (expected) assert.ok(here.banner.endsWith(`${expected}\n`), here.banner)
})

test('U8: a folder that another server serves is refused; it is free again when that one has ended', async () => {
  const data = join(folder, 'served')
  const first = await serving(['--data', data])
  // Wherever its boards are, its uploads on their way lie in the folder.
  for (const engine of [data, join(folder, 'elsewhere')]) {
    const args = ['--port', '0', '--data', data, '--engine', `sqlite:${engine}`]
    const { err, code } = await outcome(['serve', ...args])
    assert.match(err, /^Another server uses the folder .*served; [^\n]+\.\n$/)
    assert.equal(code, 2)
  }
  assert.equal(await first.stop('SIGINT'), 0)
  const second = await serving(['--data', data])
  assert.equal(await second.stop('SIGTERM'), 0)
})

test('the banner says where it listens and where the data lie, with --lan for the network too', async () => {
  const here = await serving(['--data', 'relative'])
  assert.doesNotMatch(here.banner, /Whoever|Only who/)
  assert.ok(here.banner.includes(join(folder, 'relative')))
  assert.equal((await fetch(`${here.url}/healthz`)).status, 200)
  await here.stop('SIGTERM')
  const lan = await serving(['--data', 'lan', '--public-url', 'https://board.example/'], {
    WIREPHOTO_LAN: '1',
    WIREPHOTO_HOST: '',
  })
  assert.match(lan.banner, /from outside: https:\/\/board\.example\n/)
  assert.match(lan.banner, /[▀▄█]{4}/)
  await lan.stop('SIGTERM')
})

test('B50, B63: where others reach it, only the owner code or a link opens the front board', async () => {
  const server = await serving(['--data', 'closed', '--lan'])
  assert.match(server.banner, /\nOnly who has the owner code or a link gets in\n/)
  assert.doesNotMatch(server.banner, /Whoever/)
  const ask = (
    path: string,
    method = 'GET',
    body?: string | Uint8Array<ArrayBuffer>,
    further: object = {},
  ) =>
    fetch(server.url + path, {
      method,
      headers: { 'content-type': 'application/json', ...further },
      ...(body !== undefined && { body }),
    })
  const stranger = await ask('/api/boards/main/snapshot')
  assert.equal(stranger.status, 401)
  const picture = new Uint8Array(PICTURE)
  assert.equal((await ask('/a.png', 'PUT', picture)).status, 401)
  assert.equal((await ask('/api/boards', 'POST')).status, 403)
  const [code] = /[B-Z]{4}-[B-Z]{4}/.exec(server.banner) ?? []
  const entered = await ask('/api/owner', 'POST', JSON.stringify({ code }))
  assert.equal(entered.status, 204)
  const cookies = entered.headers.getSetCookie().map((line) => line.split(';')[0])
  const owner = { cookie: cookies.join('; '), origin: server.url }
  assert.equal((await ask('/a.png', 'PUT', picture, owner)).status, 201)
  assert.equal((await ask('/api/boards', 'POST', undefined, owner)).status, 201)
  await server.stop('SIGTERM')
})

test('B63: --open opens the front board to all, and --create says who may make boards', async () => {
  const env = { WIREPHOTO_OPEN: '1', WIREPHOTO_CREATE: 'anyone' }
  const server = await serving(['--data', 'open', '--lan'], env)
  assert.match(
    server.banner,
    /\nWhoever reaches it may see and change the front board, which --open/,
  )
  assert.equal((await fetch(`${server.url}/api/boards/main/snapshot`)).status, 200)
  assert.equal((await fetch(`${server.url}/api/boards`, { method: 'POST' })).status, 201)
  await server.stop('SIGTERM')
})

test('Z1: the start says the addresses under the path of --public-url', async () => {
  const args = ['--data', 'path', '--lan', '--public-url', 'https://host/photos/']
  const { banner, stop } = await serving(args, {}, [])
  assert.match(banner, /^Wirephoto is at http:\/\/localhost:\d+\/photos\n/)
  assert.match(banner, /from outside: https:\/\/host\/photos\n/)
  for (const [, url] of banner.matchAll(/on this network: (\S+)/g)) assert.match(url!, /\/photos$/)
  await stop('SIGTERM')
})

test("Z9: the tutorials' pages are refused together with a path", async () => {
  const pages = ['--classic', '--open', '--classic-pages', folder]
  const { err, code } = await outcome(['serve', ...pages, '--public-url', 'http://host/photos'])
  assert.match(err, /^The tutorials' pages name .* from the root of a host; give --public-url/)
  assert.equal(code, 2)
})

test('K9 K10 --classic says what it opens, and to whom', async () => {
  const here = await serving(['--data', 'classic', '--classic', '--classic-port', '0'])
  assert.match(here.banner, /and at http:\/\/localhost:\d+\n/)
  assert.match(here.banner, /Whoever reaches it may see and change the board main, which --classic/)
  const [, second] = here.banner.match(/and at (\S+)/) ?? []
  assert.equal((await fetch(`${second}/socket.io/socket.io.js`)).status, 200)
  await here.stop('SIGTERM')
  const wide = await serving(['--data', 'wide', '--lan', '--classic', 'party', '--open'])
  assert.match(wide.banner, /may see and change the board party/)
  await wide.stop('SIGTERM')
  const without = await serving(['--data', 'without'])
  assert.doesNotMatch(without.banner, /classic/)
  await without.stop('SIGTERM')
})

test('E109, E110: it sends measurements to the collector that its environment names', async (t) => {
  const collector = createHttpServer().listen(0, '127.0.0.1')
  t.after(() => collector.close())
  await once(collector, 'listening')
  const asked = once(collector, 'request') as Promise<[IncomingMessage, ServerResponse]>
  const server = await serving(['--data', 'measured'], {
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${(collector.address() as AddressInfo).port}`,
    OTEL_METRIC_EXPORT_INTERVAL: '50',
  })
  const [{ method, url }, response] = await asked
  assert.deepEqual([method, url], ['POST', '/v1/metrics'])
  // It isn't answered, and the server ends all the same.
  assert.equal(await server.stop('SIGTERM'), 0)
  response.destroy()
})

test('F1: SIGTERM lets a picture that is on its way arrive', async () => {
  const data = join(folder, 'term')
  const server = await serving(['--data', data])
  const put = request(`${server.url}/late.png`, {
    method: 'PUT',
    headers: { 'content-length': PICTURE.length },
  })
  put.write(PICTURE.subarray(0, 30))
  await once(put, 'socket')
  while ((await fetch(`${server.url}/healthz`)).status !== 200);
  const closed = once(server.child, 'close')
  server.child.kill('SIGTERM')
  // It takes nobody new, and waits for this one.
  while (
    await fetch(`${server.url}/healthz`).then(
      () => true,
      () => false,
    )
  );
  put.end(PICTURE.subarray(30))
  const [response] = await once(put, 'response')
  assert.equal(response.statusCode, 201)
  const { id } = JSON.parse(await text(response))
  assert.equal((await closed)[0], 0)

  const again = await serving(['--data', data])
  const file = await fetch(`${again.url}/api/boards/main/images/${id}/file`)
  assert.deepEqual(Buffer.from(await file.arrayBuffer()), PICTURE)
  await again.stop('SIGTERM')
})

test('it ends with the shell that npm ran it by', { timeout: 60_000 }, async (t) => {
  if (process.platform === 'win32') return t.skip('needs sh')
  const shell = ['sh', '-c', '"$@"; true', 'sh']
  const npm = { npm_lifecycle_event: 'start', INIT_CWD: folder }
  const { child, stop } = await serving(['--data', 'npm'], npm, shell)
  child.stdout!.resume()
  await stop('SIGKILL')
  const again = await serving(['--data', 'npm'])
  assert.equal(await again.stop('SIGTERM'), 0)
})

test('a second signal does not wait', async () => {
  const server = await serving(['--data', 'twice'])
  const put = request(`${server.url}/never.png`, {
    method: 'PUT',
    headers: { 'content-length': 99, expect: '100-continue' },
  })
  put.on('error', () => {})
  put.flushHeaders()
  // From then on the server has something to wait for.
  await once(put, 'continue')
  put.write('x')
  const started = performance.now()
  server.child.kill('SIGINT')
  // Sooner it would be an echo of the first.
  await new Promise((resolve) => setTimeout(resolve, 1_200))
  assert.equal(await server.stop('SIGINT'), 1)
  assert.ok(performance.now() - started < 8_000)
})
