import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { findOnPath } from './browser.ts'
import { freePort } from './free-port.ts'
import { killWithParent } from './kill-with-parent.ts'

/** Time in which nginx must start, on a slow machine. */
const START_TIMEOUT_MS = 30_000
const GUIDE = resolve(import.meta.dirname, '../../docs/put-it-online.md')

/** A real nginx, with Debian's configuration and a `location` for each server of ours behind it. */
export class Nginx {
  readonly port: number
  readonly #process: ChildProcess
  readonly #folder: string

  private constructor(program: ChildProcess, folder: string, port: number) {
    this.#process = program
    this.#folder = folder
    this.port = port
  }

  /** Returns why there is no nginx here; null when there is one. */
  static async skipReason(): Promise<string | null> {
    return (await findNginx()) ? null : 'there is no nginx here: install nginx-light'
  }

  /** Starts it with these lines, on a free port if none is given. */
  static async open(locations: string, givenPort?: number): Promise<Nginx> {
    const folder = await mkdtemp(join(tmpdir(), 'wirephoto-nginx-'))
    const port = givenPort ?? (await freePort())
    const config = join(folder, 'nginx.conf')
    await writeFile(config, configOf(locations, folder, port))
    const flags = ['-c', config, '-e', join(folder, 'error.log'), '-g', 'daemon off;']
    const program = spawn((await findNginx())!, flags, { stdio: ['ignore', 'ignore', 'pipe'] })
    killWithParent(program, folder, 'QUIT')
    await started(program)
    return new Nginx(program, folder, port)
  }

  /** Ends it. Idempotent. */
  async close(): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      const closed = once(this.#process, 'close')
      this.#process.kill('SIGTERM')
      await closed
    }
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 10 })
  }
}

/** Returns the `location` that docs/put-it-online.md tells operators to write, for a server at this port, not 8000. */
export async function documentedLocation(serverPort: number): Promise<string> {
  const [, lines] = /```nginx\n([\s\S]+?)```/.exec(await readFile(GUIDE, 'utf8')) ?? []
  if (!lines) throw new Error('docs/put-it-online.md has no lines for nginx')
  return lines.replaceAll(':8000', `:${serverPort}`)
}

const findNginx = async (): Promise<string | null> =>
  (await findOnPath('nginx')) ?? (await findOnPath('/usr/sbin/nginx'))

/** Resolves when nginx says that it has a process which takes connections. */
function started(program: ChildProcess): Promise<void> {
  const { promise, resolve: done, reject } = Promise.withResolvers<void>()
  let output = ''
  const fail = (why: string) => reject(new Error(`nginx ${why}:\n${output}`))
  const timer = setTimeout(() => {
    program.kill('SIGKILL')
    fail(`said nothing for ${START_TIMEOUT_MS} ms`)
  }, START_TIMEOUT_MS)
  program.stderr!.on('data', (chunk: Buffer) => {
    output += chunk.toString()
    if (output.includes('start worker process ')) done()
  })
  program.once('close', (code) => fail(`ended with code ${code}`))
  return promise.finally(() => clearTimeout(timer))
}

/**
 * Debian's nginx.conf and its default site, with the `locations` in place of the site's own. Only the port,
 * the user and where files lie differ.
 */
function configOf(locations: string, folder: string, port: number): string {
  const user = process.getuid?.() === 0 ? 'user root;' : ''
  return `${user}
worker_processes auto;
pid ${folder}/nginx.pid;
error_log stderr notice;
events {
	worker_connections 768;
}
http {
	client_body_temp_path ${folder}/body;
	proxy_temp_path ${folder}/proxy;
	fastcgi_temp_path ${folder}/fastcgi;
	uwsgi_temp_path ${folder}/uwsgi;
	scgi_temp_path ${folder}/scgi;
	sendfile on;
	tcp_nopush on;
	types_hash_max_size 2048;
	default_type application/octet-stream;
	access_log off;
	gzip on;
	server {
		listen 127.0.0.1:${port} default_server;
		root ${folder};
		index index.html index.htm index.nginx-debian.html;
		server_name _;
		${locations}
	}
}
`
}
