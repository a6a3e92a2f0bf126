import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { MediaType } from '@wirephoto/board'
import { EngineError, withoutPassword } from '@wirephoto/engine'
import type { RunningServer, ServerConfig } from '@wirephoto/server'
import type { Bounds } from '@wirephoto/server/bounds'
import { isPrivate } from '@wirephoto/server/loopback'
import { makeOwnerCode, noteServerUrl } from '@wirephoto/server/owner-code'
import { basePathOf } from '@wirephoto/server/public-url'
import { Command, Option } from 'commander'
import { warningFor } from '../../bin/choose-node.js'
import { banner } from '../banner.ts'
import { namesCollector } from '../open-telemetry.ts'
import { OperatorError, operatorErrorOf } from '../operator-error.ts'
import {
  parseBoard,
  parseBounds,
  parseBus,
  parseClassicPort,
  parseCreate,
  parseFetchPorts,
  parseHosts,
  parseIssuer,
  parseLogLevel,
  parseMemory,
  parseMetrics,
  parseNodeUrl,
  parseOrigins,
  parseOwners,
  parseOwnUrl,
  parsePort,
  parseProxies,
  parseRefused,
  parseSize,
  parseYes,
} from '../parse.ts'
import { isRunByNpm, startedIn } from '../started-in.ts'

interface Options {
  readonly port: number
  readonly host: string
  readonly lan?: boolean
  readonly publicUrl?: string
  readonly trustProxy?: readonly string[]
  readonly allowOrigin?: readonly string[]
  readonly data: string
  readonly engine?: string
  readonly bus?: string
  readonly nodeUrl?: string
  readonly maxUpload: number
  readonly memory?: number
  readonly refuse?: readonly MediaType[]
  readonly fetchPorts?: readonly number[]
  readonly webhookTo?: readonly string[]
  readonly bound?: Partial<Bounds>
  readonly acceptLoss?: string
  readonly logLevel: NonNullable<ServerConfig['log']>
  readonly metrics: 'on' | ServerConfig['metrics']
  readonly classic?: string
  readonly open?: boolean
  readonly create?: ServerConfig['create']
  readonly oidc?: string
  readonly oidcOwner?: readonly string[]
  readonly classicPages?: string
  readonly classicPort?: number
}

/** A second signal within this time is the first one again: npm passes on what the terminal sends to all. */
const SIGNAL_ECHO_MS = 1_000
/** How often the server looks whether npm's shell still runs. */
const PARENT_POLL_MS = 500

/** Makes the command that serves boards until a signal ends it. */
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
      new Option(
        '--public-url <url>',
        'how it is reached from outside, as behind a proxy; may have a path',
      )
        .env('WIREPHOTO_PUBLIC_URL')
        .argParser(parseOwnUrl),
    )
    .addOption(
      new Option(
        '--trust-proxy <addresses>',
        'addresses of the proxies before it, whose X-Forwarded-Proto and -For are taken',
      )
        .env('WIREPHOTO_TRUST_PROXY')
        .argParser(parseProxies),
    )
    .addOption(
      new Option(
        '--allow-origin <origins>',
        'other sites whose pages may ask, by bearer and not by cookie, as https://site.example',
      )
        .env('WIREPHOTO_ALLOW_ORIGIN')
        .argParser(parseOrigins),
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
      new Option(
        '--bus <url>',
        'Redis or Valkey that carries what is under way between servers of one engine: redis://…',
      )
        .env('WIREPHOTO_BUS')
        .argParser(parseBus),
    )
    .addOption(
      new Option(
        '--node-url <url>',
        'how other servers of the engine reach this one, as http://10.0.0.5:8000',
      )
        .env('WIREPHOTO_NODE_URL')
        .argParser(parseNodeUrl),
    )
    .addOption(
      new Option(
        '--memory <size>',
        "memory of all decoders together (default: half of the machine's)",
      )
        .env('WIREPHOTO_MEMORY')
        .argParser(parseMemory),
    )
    .addOption(
      new Option('--max-upload <size>', 'largest picture, as 100MB or 1.5GiB')
        .env('WIREPHOTO_MAX_UPLOAD')
        .default(100_000_000, '100MB')
        .argParser(parseSize),
    )
    .addOption(
      new Option(
        '--refuse <kinds>',
        'kinds of pictures that are refused before they are decoded, as heic,avif',
      )
        .env('WIREPHOTO_REFUSE')
        .argParser(parseRefused),
    )
    .addOption(
      new Option(
        '--fetch-ports <ports>',
        'ports that pictures are fetched from by their addresses, beside 80 and 443',
      )
        .env('WIREPHOTO_FETCH_PORTS')
        .argParser(parseFetchPorts),
    )
    .addOption(
      new Option(
        '--webhook-to <hosts>',
        'hosts that webhooks may reach in your own network, as hooks.lan:8080',
      )
        .env('WIREPHOTO_WEBHOOK_TO')
        .argParser(parseHosts),
    )
    .addOption(
      new Option('--bound <name=number>', 'another bound of docs/bounds.md, once for each')
        .env('WIREPHOTO_BOUND')
        .argParser(parseBounds),
    )
    .addOption(
      new Option(
        '--accept-loss <code>',
        'go on without the data that are lost, by the code that the server named',
      ).env('WIREPHOTO_ACCEPT_LOSS'),
    )
    .addOption(
      new Option(
        '--log-level <level>',
        'the least that is logged on stderr: error, warn, info, debug or silent',
      )
        .env('WIREPHOTO_LOG_LEVEL')
        .default('warn')
        .argParser(parseLogLevel),
    )
    .addOption(
      new Option(
        '--metrics <where>',
        'where /metrics is: on (beside the boards), off, or a port or host:port of its own',
      )
        .env('WIREPHOTO_METRICS')
        .default('on')
        .argParser(parseMetrics),
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
      new Option(
        '--open',
        'open the front board to whoever reaches the server; with --classic its board too',
      ).env('WIREPHOTO_OPEN'),
    )
    .addOption(
      new Option(
        '--create <who>',
        'who may make boards: anyone or owner (default: anyone where only this computer reaches it)',
      )
        .env('WIREPHOTO_CREATE')
        .argParser(parseCreate),
    )
    .addOption(
      new Option(
        '--oidc <issuer>',
        'OpenID Connect provider whose people may own the server; WIREPHOTO_OIDC_CLIENT_ID and WIREPHOTO_OIDC_CLIENT_SECRET have the client',
      )
        .env('WIREPHOTO_OIDC')
        .argParser(parseIssuer),
    )
    .addOption(
      new Option(
        '--oidc-owner <who>',
        'with --oidc: verified e-mail addresses, or subjects, of those who own the server',
      )
        .env('WIREPHOTO_OIDC_OWNER')
        .argParser(parseOwners),
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
  const oidc = oidcOf(options)
  // Loaded late, so that --help and mistakes are answered at once.
  const { createWirephoto } = await import('../create-wirephoto.ts')
  const server = await createWirephoto({
    port: options.port,
    host,
    publicUrl: options.publicUrl ?? null,
    trustProxy: options.trustProxy,
    allowedOrigins: options.allowOrigin,
    isOpen: options.open,
    create: options.create,
    oidc,
    data,
    engine,
    bus: options.bus,
    nodeUrl: options.nodeUrl,
    maxUpload: options.maxUpload,
    memory: options.memory,
    refuse: options.refuse,
    fetchPorts: options.fetchPorts,
    webhookTo: options.webhookTo,
    bounds: options.bound,
    acceptLoss: options.acceptLoss,
    log: options.logLevel,
    metrics: options.metrics === 'on' ? undefined : options.metrics,
    openTelemetry: namesCollector(process.env),
    classic,
  }).catch((error: unknown) => {
    throw explain(error, { ...options, host, data, engine })
  })
  stopOnSignal(server)
  const outside = options.publicUrl ?? null
  // The query may hold a secret too.
  const shared = engine.startsWith('sqlite:') ? null : withoutPassword(engine).replace(/\?.*/, '')
  const { port, classicPort, urlsForOthers } = server
  const opened = classic ? { board: classic.board, port: classicPort } : null
  const warning = warningFor(process.versions.node)
  await noteServerUrl(data, outside ?? server.url).catch(() => {})
  // A folder that is full stops no server: another code can be made when there is room.
  const ownerCode = await makeOwnerCode(data).catch(() => null)
  process.stdout.write(
    banner({
      port,
      host,
      outside,
      urlsForOthers,
      data,
      shared,
      bus: options.bus === undefined ? null : withoutPassword(options.bus).replace(/\?.*/, ''),
      nodeUrl: options.nodeUrl ?? null,
      classic: opened,
      front: isPrivate({ ...options, host }) ? 'private' : options.open ? 'open' : 'closed',
      ownerCode: ownerCode?.code ?? null,
      warning,
    }),
  )
}

/** Checks the flags of --classic. Anything but loopback needs --open too. Throws `OperatorError`. */
async function classicOf(options: Options, host: string): Promise<ServerConfig['classic']> {
  const { classic: board, open, classicPages, classicPort: port = null, publicUrl } = options
  if (board === undefined) {
    const alone = Object.entries({
      '--classic-pages': classicPages,
      '--classic-port': port,
    })
    const [flag] = alone.find(([, value]) => value !== undefined && value !== null) ?? []
    if (flag) throw new OperatorError(`${flag} goes with --classic; give that too.`)
    return undefined
  }
  if (!open && !isPrivate({ ...options, host }))
    throw new OperatorError(
      `--classic opens the board ${board} to whoever reaches this server; give --open too if that may be others than this computer.`,
    )
  if (classicPages !== undefined && basePathOf(publicUrl ?? null) !== '')
    throw new OperatorError(
      "The tutorials' pages name their addresses from the root of a host; give --public-url without a path, or leave --classic-pages out.",
    )
  const pages = classicPages === undefined ? null : resolve(startedIn(), classicPages)
  const isFolder = pages === null || (await stat(pages).catch(() => null))?.isDirectory()
  if (!isFolder)
    throw new OperatorError(`There is no folder ${pages}; choose another with --classic-pages.`)
  return { board, pages, port }
}

/** Checks the settings of --oidc. Throws `OperatorError`. */
function oidcOf({ oidc: issuer, oidcOwner: owners }: Options): ServerConfig['oidc'] {
  if (issuer === undefined) {
    if (!owners) return undefined
    throw new OperatorError('--oidc-owner goes with --oidc; give that too.')
  }
  if (!owners)
    throw new OperatorError(
      '--oidc lets nobody in by itself; give --oidc-owner (WIREPHOTO_OIDC_OWNER) those who own the server.',
    )
  const { WIREPHOTO_OIDC_CLIENT_ID: clientId, WIREPHOTO_OIDC_CLIENT_SECRET: clientSecret } =
    process.env
  if (!clientId || !clientSecret)
    throw new OperatorError(
      '--oidc needs a client of the provider; set WIREPHOTO_OIDC_CLIENT_ID and WIREPHOTO_OIDC_CLIENT_SECRET.',
    )
  return { issuer, clientId, clientSecret, owners }
}

/** Closes the server at a signal; a second one ends the process at once. */
function stopOnSignal(server: RunningServer): void {
  let since: number | null = null
  const stop = () => {
    if (since !== null && performance.now() - since > SIGNAL_ECHO_MS) process.exit(1)
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
  // The reader of stdout may be gone already.
  process.stdout.on('error', () => {})
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
  if (isRunByNpm()) {
    const parent = process.ppid
    // npm's shell ends without passing the signal on.
    const watch = setInterval(() => {
      if (process.ppid === parent) return
      clearInterval(watch)
      stop()
    }, PARENT_POLL_MS).unref()
  }
}

/** Turns an error that a start failed with into a sentence for the operator; returns others as they are. */
function explain(
  error: unknown,
  { host, data, engine, ...options }: Options & { readonly engine: string },
): unknown {
  if (error instanceof EngineError) return operatorErrorOf(error)
  const { code, syscall, port, hostname, address } = error as NodeJS.ErrnoException & {
    port?: number
    hostname?: string
    address?: string
  }
  const metrics = typeof options.metrics === 'object' ? options.metrics : null
  const isOfMetrics = metrics !== null && [hostname, address].includes(metrics.host)
  const boardFlag = port === options.port ? '--port' : '--classic-port'
  const flag = port !== undefined && port === metrics?.port ? '--metrics' : boardFlag
  switch (code) {
    case 'wrong-issuer': {
      const { named } = error as { named?: string | null }
      return new OperatorError(
        named
          ? `The provider at ${options.oidc} names itself ${named}; give --oidc that.`
          : `No OpenID Connect provider answers at ${options.oidc}; give --oidc the issuer as the provider names it.`,
      )
    }
    case 'EADDRINUSE':
      return new OperatorError(
        `Port ${port} is taken; choose another with ${flag} or stop what uses it.`,
      )
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new OperatorError(
        isOfMetrics
          ? `This machine has no address ${metrics.host}; choose another with --metrics.`
          : `This machine has no address ${host}; choose another with --host.`,
      )
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
    case 'ENOTDIR':
    case 'EEXIST':
    case 'ENOENT':
      if (syscall === 'listen')
        return new OperatorError(
          `Port ${port} is not for this user; choose one above 1023 with ${flag}.`,
        )
      return new OperatorError(
        `The folder ${data} can't be written; choose another with --data or change its rights.`,
      )
    case 'away':
      return new OperatorError(
        `The database ${withoutPassword(engine)} went away during the start; see what it says and start again.`,
      )
    case 'disk-full':
      return new OperatorError(
        `The disk of the database ${withoutPassword(engine)} is full; make room there and start again.`,
      )
    case 'ENOSPC':
      return new OperatorError(
        `The disk of ${data} is full; make room or choose another with --data.`,
      )
    default:
      return error
  }
}

/** Prepares the environment for commander: drops empty variables, and flags whose value means no. */
export function useEnvironment(env: NodeJS.ProcessEnv): void {
  if (env['PORT'] && !env['WIREPHOTO_PORT']) env['WIREPHOTO_PORT'] = env['PORT']
  for (const name of Object.keys(env))
    if (name.startsWith('WIREPHOTO_') && !env[name]) delete env[name]
  for (const name of ['WIREPHOTO_LAN', 'WIREPHOTO_OPEN'])
    if (!parseYes(name, env[name])) delete env[name]
}
