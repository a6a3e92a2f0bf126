import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'

const ROOT = resolve(import.meta.dirname, '../..')
const PAGE_PATH = join(ROOT, 'docs/recipes.md')
/** Starts what `npx` starts, without asking npm, which takes a second. */
const NPX = `#!/bin/sh
program=$1; shift
case $program in
  wirephoto) exec node "${join(ROOT, 'packages/cli/bin/wirephoto.js')}" "$@" ;;
  node) exec node "$@" ;;
esac
exit 127
`

/** Texts of a command, each with the one that a test has in its place. */
type Stands = Readonly<Record<string, string>>

/** The commands of docs/recipes.md, and a folder to run them in: the repository's examples and clients lie in it. */
export class Recipes {
  readonly folder: string
  readonly #page: string
  readonly #bin: string

  private constructor(folder: string, page: string) {
    this.folder = folder
    this.#page = page
    this.#bin = join(folder, 'bin')
  }

  static async open(stack: AsyncDisposableStack): Promise<Recipes> {
    const folder = stack.adopt(await mkdtemp(join(tmpdir(), 'wirephoto-recipes-')), (each) =>
      rm(each, { recursive: true, force: true }),
    )
    const recipes = new Recipes(folder, await readFile(PAGE_PATH, 'utf8'))
    await mkdir(recipes.#bin)
    await writeFile(join(recipes.#bin, 'npx'), NPX, { mode: 0o755 })
    for (const name of ['examples', 'clients']) await symlink(join(ROOT, name), join(folder, name))
    return recipes
  }

  /** Returns the blocks of a section that are in a language, in their order. Throws if there is none. */
  blocks(section: string, language: string): string[] {
    const [, text = ''] = this.#page.split(`\n## ${section}\n`)
    const [own = ''] = text.split('\n## ')
    const blocks = [...own.matchAll(/^```(\w+)\n(.*?)^```$/gms)]
    const found = blocks.flatMap(([, of, content]) => (of === language ? [content!] : []))
    if (found.length === 0) throw new Error(`Nothing of ${language} stands under ${section}`)
    return found
  }

  /** Runs a command of the page in the folder. Every name of `stands` that occurs in it is replaced. */
  start(command: string, stands: Stands, env: NodeJS.ProcessEnv = {}): RunningRecipe {
    let line = command
    for (const [name, value] of Object.entries(stands)) line = line.replaceAll(name, value)
    return new RunningRecipe(line, this.folder, {
      ...process.env,
      ...env,
      PATH: [this.#bin, dirname(process.execPath), process.env['PATH']].join(delimiter),
    })
  }

  /** Runs a command to its end. Resolves to its standard output; rejects if it fails. */
  async run(command: string, stands: Stands, env?: NodeJS.ProcessEnv): Promise<string> {
    const { code, stdout, stderr } = await this.start(command, stands, env).ended
    if (code !== 0) throw new Error(`${command} ended with ${code}:\n${stdout}${stderr}`)
    return stdout
  }
}

/** A command that goes on until it is ended, with all processes of its pipe. */
export class RunningRecipe {
  readonly ended: Promise<{ code: number | null; stdout: string; stderr: string }>
  readonly #child: ChildProcess

  constructor(line: string, cwd: string, env: NodeJS.ProcessEnv) {
    const child = (this.#child = spawn('bash', ['--norc', '-euo', 'pipefail', '-c', line], {
      cwd,
      env,
      // A group of its own, so that all processes of a pipe can be ended.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    }))
    this.ended = Promise.all([once(child, 'close'), text(child.stdout), text(child.stderr)]).then(
      ([[code], stdout, stderr]) => ({ code: code as number | null, stdout, stderr }),
    )
  }

  /** Resolves when it has printed a line like that. */
  async until(line: RegExp): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const lines = createInterface(this.#child.stdout!)
    lines.on('line', (each) => line.test(each) && resolve())
    await this.while(promise)
  }

  /** Resolves to what comes of `wanted`; rejects with the command's output if that ends first. */
  async while<T>(wanted: Promise<T>): Promise<T> {
    const ended = this.ended.then(({ code, stdout, stderr }) => {
      throw new Error(`It ended with ${code}:\n${stdout}${stderr}`)
    })
    return await Promise.race([wanted, ended])
  }

  async end(): Promise<void> {
    try {
      process.kill(-this.#child.pid!, 'SIGTERM')
    } catch {
      // It has ended.
    }
    await this.ended
  }
}
