import { execFile } from 'node:child_process'
import { constants } from 'node:fs'
import { access, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type LaunchOptions,
} from 'playwright-core'

const CHROMIUM_ARGS = [
  '--no-sandbox',
  // Plain http on a name other than localhost shows what is missing on a LAN address.
  '--host-resolver-rules=MAP wire.test 127.0.0.1',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-domain-reliability',
  '--no-first-run',
  '--font-render-hinting=none',
]
const CHROMIUM_NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
/** Chromium without a window: it takes half of the time, as it warms up no processes and draws no tabs. */
const HEADLESS_SHELL_NAMES = ['chromium-headless-shell', 'chrome-headless-shell']

/**
 * Launches a headless Chromium: the installed one, else the one from npm (Linux x64), else the
 * desktop's Chrome. `which: 'whole'` asks for one that is more than a headless shell, where one is installed.
 */
export async function launchBrowser(options: BrowserOptions = {}): Promise<Browser> {
  return chromium.launch(await launchOptions(options))
}

/**
 * Launches a Chromium with a profile that has these preferences, which headless shells do not obey.
 * The profile goes with the context.
 */
export async function launchBrowserWithProfile(preferences: object): Promise<BrowserContext> {
  const folder = await mkdtemp(join(tmpdir(), 'wirephoto-profile-'))
  await mkdir(join(folder, 'Default'))
  await writeFile(join(folder, 'Default/Preferences'), JSON.stringify(preferences))
  const context = await launchBrowserIn(folder)
  context.on('close', () => void rm(folder, { recursive: true, force: true, maxRetries: 10 }))
  return context
}

/** Launches a whole Chromium with the profile that this folder keeps, also after it has closed. */
export async function launchBrowserIn(
  folder: string,
  options: BrowserContextOptions = {},
): Promise<BrowserContext> {
  return chromium.launchPersistentContext(folder, {
    ...(await launchOptions({ which: 'whole' })),
    ...options,
  })
}

interface BrowserOptions {
  readonly which?: 'any' | 'whole'
  readonly args?: readonly string[]
}

/** Why a test can't have a whole Chromium; false where it can. Headless shells lack profiles and screen locks. */
export async function missesWholeBrowser(): Promise<string | false> {
  if (process.platform !== 'linux' || (await findOnPath(...CHROMIUM_NAMES))) return false
  return 'there is no whole Chromium here: install chromium'
}

async function launchOptions(options: BrowserOptions = {}): Promise<LaunchOptions> {
  const args = [...CHROMIUM_ARGS, ...(options.args ?? [])]
  // Without a language, a file whose name has more than ASCII can't be dropped.
  const env = { ...process.env, LC_ALL: 'C.UTF-8' }
  const shells = options.which === 'whole' ? [] : HEADLESS_SHELL_NAMES
  const installed = await findOnPath(...shells, ...CHROMIUM_NAMES)
  if (installed) return { executablePath: installed, args, env }
  if (process.platform !== 'linux' || process.arch !== 'x64')
    return { channel: 'chrome', args, env }
  const folder = await unpackBrowser()
  return {
    executablePath: join(folder, 'chromium'),
    args: [...args, '--disable-gpu'],
    // The package brings its own libraries and fonts, for a machine that has none.
    env: {
      ...env,
      LD_LIBRARY_PATH: join(folder, 'al2023/lib'),
      FONTCONFIG_FILE: join(folder, FONT_CONFIG),
    },
  }
}

/** Returns the path of the first program on the PATH with one of these names, or null. */
export async function findOnPath(...names: readonly string[]): Promise<string | null> {
  for (const folder of (process.env.PATH ?? '').split(delimiter))
    for (const name of names) {
      const path = join(folder, name)
      if (await exists(path, constants.X_OK)) return path
    }
  return null
}

/**
 * Returns the folder of the browser from npm. It is unpacked once; test files that run side by side
 * may race for it. The package's own font configuration names folders of another machine, where
 * text would have no font.
 */
async function unpackBrowser(): Promise<string> {
  const home = fileURLToPath(new URL('..', import.meta.resolve('@sparticuz/chromium')))
  const folder = join(home, 'unpacked-with-fonts')
  if (await exists(folder)) return folder
  const fresh = await mkdtemp(join(home, 'unpacking-'))
  // The package unpacks into the process's TMPDIR, so it gets a process of its own.
  const script = `
    import chromium, { inflate } from '@sparticuz/chromium'
    await chromium.executablePath()
    await inflate(${JSON.stringify(join(home, 'bin/al2023.tar.br'))})`
  await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script], {
    cwd: import.meta.dirname,
    env: { ...process.env, TMPDIR: fresh },
  })
  await writeFile(join(fresh, FONT_CONFIG), fontConfig(join(folder, 'fonts')))
  await rename(fresh, folder).catch(() => rm(fresh, { recursive: true }))
  return folder
}

const FONT_CONFIG = 'wirephoto-fonts.conf'
const fontConfig = (folder: string): string =>
  `<fontconfig><dir>${folder}</dir><cachedir>${folder}/cache</cachedir></fontconfig>`

const exists = (path: string, mode = constants.F_OK): Promise<boolean> =>
  access(path, mode).then(
    () => true,
    () => false,
  )
