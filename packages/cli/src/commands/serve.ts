import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { EngineError, withoutPassword } from '@wirephoto/engine'
import type { RunningServer, ServerConfig } from '@wirephoto/server'
import { Command, Option } from 'commander'
import { banner } from '../banner.ts'
import {
  parseBoard,
  parseClassicPort,
  parseOrigin,
  parsePort,
  parseSize,
  parseYes,
} from '../parse.ts'
import { Unusable, unusable } from '../unusable.ts'

interface Options {
  readonly port: number
  readonly host: string
  readonly lan?: boolean
  readonly publicUrl?: string
  readonly data: string
  readonly engine?: string
  readonly maxUpload: number
  readonly classic?: string
  readonly open?: boolean
  readonly classicPages?: string
  readonly classicPort?: number
}

const PAGE = fileURLToPath(new URL('../../../web/dist', import.meta.url))
/** Milliseconds in which a signal is the same one again: npm passes on what its terminal sends to all. */
const ECHO = 1_000
/** Milliseconds between looks at whether npm's shell is still there. */
const PARENT = 500

/** Serves boards until it is told to stop. */
export function serveCommand(): Command {
  return new Command('serve')
    .description('Serve boards from this machine.')
    .addOption(
      new Option('--port <number>', 'port to listen on, 0 for any (PORT is read too)')
        .env('WIREPHOTO_PORT')
        .default(8000)
        .argParser(parsePort),
    )
    .addOption(
      new Option('--host <name>', 'name or address to listen on')
        .env('WIREPHOTO_HOST')
        .default('127.0.0.1'),
    )
    .addOption(
      new Option('--lan', 'listen on all addresses, for everybody on this network')
        .env('WIREPHOTO_LAN')
        .conflicts('host'),
    )
    .addOption(
      new Option('--public-url <url>', 'how it is reached from outside, as behind a proxy')
        .env('WIREPHOTO_PUBLIC_URL')
        .argParser(parseOrigin),
    )
    .addOption(
      new Option('--data <folder>', 'where boards and pictures lie')
        .env('WIREPHOTO_DATA')
        .default('./data'),
    )
    .addOption(
      new Option(
        '--engine <url>',
        'where boards live: sqlite:<folder>, postgres://… or rethinkdb://… (default: sqlite:<the data folder>)',
      ).env('WIREPHOTO_ENGINE'),
    )
    .addOption(
      new Option('--max-upload <size>', 'largest picture, as 100MB or 1.5GiB')
        .env('WIREPHOTO_MAX_UPLOAD')
        .default(100_000_000, '100MB')
        .argParser(parseSize),
    )
    .addOption(
      new Option(
        '--classic [board]',
        "open a board (default: main) to the tutorials' pages, and to whoever reaches the server",
      )
        .env('WIREPHOTO_CLASSIC')
        .preset('main')
        .argParser(parseBoard),
    )
    .addOption(
      new Option('--open', 'with --classic: also when others than this computer reach it').env(
        'WIREPHOTO_OPEN',
      ),
    )
    .addOption(
      new Option('--classic-pages <folder>', "with --classic: serve the tutorials' own pages").env(
        'WIREPHOTO_CLASSIC_PAGES',
      ),
    )
    .addOption(
      new Option('--classic-port <number>', 'with --classic: a second port to listen on')
        .env('WIREPHOTO_CLASSIC_PORT')
        .argParser(parseClassicPort),
    )
    .action(serve)
}

async function serve(options: Options): Promise<void> {
  const data = resolve(startedIn(), options.data)
  const host = options.lan ? '0.0.0.0' : options.host
  const engine = options.engine ?? `sqlite:${data}`
  const classic = await classicOf(options, host)
  // Loaded only now, so that help and mistakes are answered at once.
  const { startServer } = await import('@wirephoto/server')
  const server = await startServer({
    port: options.port,
    host,
    publicUrl: options.publicUrl ?? null,
    data,
    engine,
    maxUpload: options.maxUpload,
    webRoot: PAGE,
    classic,
  }).catch((error: unknown) => {
    throw explain(error, { ...options, host, data, engine })
  })
  stopOnSignal(server)
  const outside = options.publicUrl ?? null
  // What stands behind the ? may be a secret too.
  const shared = engine.startsWith('sqlite:') ? null : withoutPassword(engine).replace(/\?.*/, '')
  const { port, classicPort } = server
  const opened = classic ? { board: classic.board, port: classicPort } : null
  process.stdout.write(banner({ port, host, outside, data, shared, classic: opened }))
}

/** What is open to the tutorials' pages, and to whoever comes: on loopback, unless more is meant. */
async function classicOf(options: Options, host: string): Promise<ServerConfig['classic']> {
  const { classic: board, open, classicPages, classicPort: port = null, publicUrl } = options
  if (board === undefined) {
    const alone = Object.entries({
      '--open': open,
      '--classic-pages': classicPages,
      '--classic-port': port,
    })
    const [flag] = alone.find(([, value]) => value !== undefined && value !== null) ?? []
    if (flag) throw new Unusable(`${flag} goes with --classic; give that too.`)
    return undefined
  }
  if (!open && (publicUrl !== undefined || !/^(?:localhost|127\..*|::1)$/.test(host)))
    throw new Unusable(
      `--classic opens the board ${board} to whoever reaches this server; give --open too if that may be others than this computer.`,
    )
  const pages = classicPages === undefined ? null : resolve(startedIn(), classicPages)
  const isFolder = pages === null || (await stat(pages).catch(() => null))?.isDirectory()
  if (!isFolder)
    throw new Unusable(`There is no folder ${pages}; choose another with --classic-pages.`)
  return { board, pages, port }
}

/** Finishes what is under way and closes the database; a second signal doesn't wait for that. */
function stopOnSignal(server: RunningServer): void {
  let since: number | null = null
  const stop = () => {
    if (since !== null && performance.now() - since > ECHO) process.exit(1)
    if (since !== null) return
    since = performance.now()
    process.stdout.write('Finishing what is under way. Once more to stop at once.\n')
    server.close().then(
      () => process.exit(0),
      (error: unknown) => {
        process.stderr.write(`${String(error)}\n`)
        process.exit(1)
      },
    )
  }
  // Nobody may be left to read what is said.
  process.stdout.on('error', () => {})
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
  if (byNpm()) {
    const parent = process.ppid
    // npm's shell passes no signal on, it only goes.
    const watch = setInterval(() => {
      if (process.ppid === parent) return
      clearInterval(watch)
      stop()
    }, PARENT).unref()
  }
}

/** What a start failed of, in a sentence that says what to do; an error of ours stays what it is. */
function explain(
  error: unknown,
  { host, data, engine, ...options }: Options & { readonly engine: string },
): unknown {
  if (error instanceof EngineError) return unusable(error)
  const { code, syscall, port } = error as NodeJS.ErrnoException & { port?: number }
  const flag = port === options.port ? '--port' : '--classic-port'
  switch (code) {
    case 'EADDRINUSE':
      return new Unusable(
        `Port ${port} is taken; choose another with ${flag} or stop what uses it.`,
      )
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new Unusable(`This machine has no address ${host}; choose another with --host.`)
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
    case 'ENOTDIR':
    case 'EEXIST':
    case 'ENOENT':
      if (syscall === 'listen')
        return new Unusable(
          `Port ${port} is not for this user; choose one above 1023 with ${flag}.`,
        )
      return new Unusable(
        `The folder ${data} can't be written; choose another with --data or change its rights.`,
      )
    case 'busy':
      return new Unusable(
        `The database ${withoutPassword(engine)} went away during the start; see what it says and start again.`,
      )
    case 'disk-full':
      return new Unusable(
        `The disk of the database ${withoutPassword(engine)} is full; make room there and start again.`,
      )
    case 'ENOSPC':
      return new Unusable(`The disk of ${data} is full; make room or choose another with --data.`)
    default:
      return error
  }
}

const byNpm = (): boolean => process.env['npm_lifecycle_event'] === 'start'

/** Where the operator stood: npm runs scripts in the package's folder. */
const startedIn = (): string => (byNpm() && process.env['INIT_CWD']) || process.cwd()

/** Makes ready what commander reads: an empty variable says nothing, and a flag's says yes or no. */
export function useEnvironment(env: NodeJS.ProcessEnv): void {
  if (env['PORT'] && !env['WIREPHOTO_PORT']) env['WIREPHOTO_PORT'] = env['PORT']
  for (const name of Object.keys(env))
    if (name.startsWith('WIREPHOTO_') && !env[name]) delete env[name]
  for (const name of ['WIREPHOTO_LAN', 'WIREPHOTO_OPEN'])
    if (!parseYes(name, env[name])) delete env[name]
}
