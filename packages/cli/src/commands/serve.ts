import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { EngineError, withoutPassword } from '@wirephoto/engine'
import type { RunningServer } from '@wirephoto/server'
import { Command, Option } from 'commander'
import { banner } from '../banner.ts'
import { parseOrigin, parsePort, parseSize, parseYes } from '../parse.ts'
import { Unusable } from '../unusable.ts'

interface Options {
  readonly port: number
  readonly host: string
  readonly lan?: boolean
  readonly publicUrl?: string
  readonly data: string
  readonly engine?: string
  readonly maxUpload: number
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
    .action(serve)
}

async function serve(options: Options): Promise<void> {
  const data = resolve(startedIn(), options.data)
  const host = options.lan ? '0.0.0.0' : options.host
  const engine = options.engine ?? `sqlite:${data}`
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
  }).catch((error: unknown) => {
    throw explain(error, { port: options.port, host, data, engine })
  })
  stopOnSignal(server)
  const outside = options.publicUrl ?? null
  // What stands behind the ? may be a secret too.
  const shared = engine.startsWith('sqlite:') ? null : withoutPassword(engine).replace(/\?.*/, '')
  process.stdout.write(banner({ port: server.port, host, outside, data, shared }))
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
  { port, host, data, engine }: { port: number; host: string; data: string; engine: string },
): unknown {
  if (error instanceof EngineError)
    return new Unusable(error.message.replace(/\. (\w)/, (_, next) => `; ${next.toLowerCase()}`))
  const { code, syscall } = error as NodeJS.ErrnoException
  switch (code) {
    case 'EADDRINUSE':
      return new Unusable(`Port ${port} is taken; choose another with --port or stop what uses it.`)
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
        return new Unusable(`Port ${port} is not for this user; choose one above 1023 with --port.`)
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
  if (!parseYes(env['WIREPHOTO_LAN'])) delete env['WIREPHOTO_LAN']
}
