import { execFile } from 'node:child_process'
import { cp, glob, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { type Manifest, packedManifest, withBundled } from './manifest.ts'

const run = promisify(execFile)

const ROOT = resolve(import.meta.dirname, '..')
const COMPILER_PATH = join(ROOT, 'node_modules/typescript/bin/tsc')
/** The packages that can be installed. */
export const PACKAGES = [
  'board',
  'engine',
  'client',
  'server',
  'mcp',
  'cli',
  'conformance',
] as const
export type PackageName = (typeof PACKAGES)[number]
/** The packages of ours that the program brings. */
const BROUGHT_BY_CLI = ['board', 'engine', 'client', 'server'] as const

/**
 * Builds every package into a folder of its own below `folder`, and packs it there. Resolves with the tarballs. The
 * workspace itself stays as it is, and goes on running its sources.
 */
export async function packAll(folder: string): Promise<Record<PackageName, string>> {
  await rm(folder, { recursive: true, force: true })
  const staged = (name: PackageName) => join(folder, name)
  const compiled = join(folder, 'compiled')
  const config = join(import.meta.dirname, 'build.tsconfig.json')
  await run(process.execPath, [COMPILER_PATH, '-p', config, '--outDir', compiled])
  const manifests = {} as Record<PackageName, Manifest>
  for (const name of PACKAGES) {
    const source = join(ROOT, 'packages', name)
    const manifest = JSON.parse(await readFile(join(source, 'package.json'), 'utf8')) as Manifest
    manifests[name] = manifest
    await mkdir(staged(name), { recursive: true })
    await rename(join(compiled, name, 'src'), join(staged(name), 'dist'))
    await renameTypes(join(staged(name), 'dist'))
    await cp(join(source, 'README.md'), join(staged(name), 'README.md'))
    await cp(join(ROOT, 'LICENSE'), join(staged(name), 'LICENSE'))
    await writeManifest(staged(name), packedManifest(manifest))
  }
  await stageProgram(staged, manifests)
  const tarballs = {} as Record<PackageName, string>
  for (const name of PACKAGES) tarballs[name] = await pack(staged(name), folder)
  await rm(compiled, { recursive: true })
  return tarballs
}

/** Has declarations name the built files, as scripts do: the compiler rewrites the imports of scripts alone. */
async function renameTypes(folder: string): Promise<void> {
  for await (const path of glob('**/*.d.ts', { cwd: folder })) {
    const file = join(folder, path)
    const text = await readFile(file, 'utf8')
    await writeFile(file, text.replace(/(['"]\.\.?\/[^'"\n]*)(?<!\.d)\.ts(?=['"])/g, '$1.js'))
  }
}

/** Adds what the program needs beside its code: its start, the built page, and the packages that it brings. */
async function stageProgram(
  staged: (name: PackageName) => string,
  manifests: Record<PackageName, Manifest>,
): Promise<void> {
  const cli = staged('cli')
  const source = join(ROOT, 'packages/cli/bin')
  await cp(source, join(cli, 'bin'), { recursive: true })
  const start = await readFile(join(source, 'wirephoto.js'), 'utf8')
  await writeFile(
    join(cli, 'bin/wirephoto.js'),
    start.replace("require('../src/main.ts')", "require('../dist/main.js')"),
  )
  await cp(join(ROOT, 'packages/web/dist'), join(cli, 'page'), { recursive: true })
  for (const name of BROUGHT_BY_CLI) {
    const inside = join(cli, 'node_modules', manifests[name].name)
    await mkdir(dirname(inside), { recursive: true })
    await cp(staged(name), inside, { recursive: true })
  }
  const brought = BROUGHT_BY_CLI.map((name) => manifests[name])
  await writeManifest(cli, withBundled(packedManifest(manifests.cli), brought))
}

const writeManifest = (folder: string, manifest: object): Promise<void> =>
  writeFile(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`)

async function pack(folder: string, destination: string): Promise<string> {
  const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', destination], {
    cwd: folder,
    shell: process.platform === 'win32',
  })
  const [{ filename }] = JSON.parse(stdout) as [{ filename: string }]
  return join(destination, filename)
}
