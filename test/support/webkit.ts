import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { findOnPath } from './browser.ts'
import { DESKTOP_VIEWPORT } from './e2e-fixture.ts'
import { freePort } from './free-port.ts'
import { killWithParent } from './kill-with-parent.ts'
import { PAGE_TIMEOUT_MS } from './page.ts'
import type { BrowserWindow } from './webdriver-page.ts'

/** The key under which WebDriver returns an element (W3C WebDriver, section 12.1). */
const ELEMENT_KEY = 'element-6066-11e4-a52e-4f735466cecf'
/**
 * Collects errors within the page, from when it has loaded: WebDriver can't read WebKit's console.
 */
const COLLECT_ERRORS = `
  if (!('heard' in window)) {
    window.heard = []
    const hear = (what) => heard.push(String(what))
    addEventListener('error', ({ message, target }) => hear(message ?? target.outerHTML), true)
    addEventListener('unhandledrejection', ({ reason }) => hear(reason?.stack ?? reason))
    addEventListener('securitypolicyviolation', ({ blockedURI }) => hear('blocked ' + blockedURI))
    const { error } = console
    console.error = (...all) => { hear(all.join(' ')); error(...all) }
  }`

/** WebKitGTK's small browser on a virtual screen, driven by its WebDriver (W3C). */
export class WebKit implements BrowserWindow {
  readonly problems: string[] = []
  readonly #processes: readonly ChildProcess[]
  readonly #folder: string
  readonly #driver: string
  #session = ''

  private constructor(programs: readonly ChildProcess[], folder: string, port: number) {
    this.#processes = programs
    this.#folder = folder
    this.#driver = `http://127.0.0.1:${port}`
  }

  /** Returns why there is no WebKit here; null when there is one. */
  static async skipReason(): Promise<string | null> {
    if (!(await findOnPath('WebKitWebDriver')))
      return 'there is no WebKitWebDriver here: install webkit2gtk-driver'
    return (await findOnPath('Xvfb')) ? null : 'WebKit has no screen here: install xvfb'
  }

  static async open(): Promise<WebKit> {
    const folder = await mkdtemp(join(tmpdir(), 'wirephoto-webkit-'))
    const screen = [
      '-screen',
      '0',
      `${DESKTOP_VIEWPORT.width}x${DESKTOP_VIEWPORT.height}x24`,
      '-nolisten',
      'tcp',
    ]
    // Xvfb takes the first free display, and prints its number.
    const xvfb = spawn('Xvfb', ['-displayfd', '3', ...screen], {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    })
    killWithParent(xvfb, folder, 'KILL')
    const [display] = (await Promise.race([
      once(xvfb.stdio[3]!, 'data'),
      once(xvfb, 'close').then(([code]) => {
        throw new Error(`Xvfb ended with code ${code}`)
      }),
    ])) as [Buffer]
    const port = await freePort()
    const driver = spawn('WebKitWebDriver', [`--port=${port}`], {
      stdio: 'ignore',
      env: { ...process.env, DISPLAY: `:${display.toString().trim()}`, HOME: folder },
    })
    killWithParent(driver, folder, 'KILL')
    const webkit = new WebKit([driver, xvfb], folder, port)
    try {
      await webkit.#startSession()
    } catch (error) {
      await webkit.close()
      throw error
    }
    return webkit
  }

  async #startSession(): Promise<void> {
    for (let tries = 0; ; tries++)
      try {
        await this.#send('GET', '/status')
        break
      } catch (error) {
        if (tries === 200) throw error
        await setTimeout(50)
      }
    const answer = await this.#send('POST', '/session', { capabilities: {} })
    this.#session = `/session/${(answer as { sessionId: string }).sessionId}`
    await this.#send('POST', '/timeouts', {
      script: PAGE_TIMEOUT_MS * 2,
      pageLoad: PAGE_TIMEOUT_MS,
    })
    await this.#send('POST', '/window/rect', { x: 0, y: 0, ...DESKTOP_VIEWPORT })
  }

  async goto(url: string): Promise<void> {
    await this.#send('POST', '/url', { url })
    await this.#execute(COLLECT_ERRORS)
  }

  async evaluate(expression: string): Promise<unknown> {
    const value = await this.#execute(`return ${expression}`)
    const heard = (await this.#execute('return window.heard?.splice(0) ?? []')) as string[]
    this.problems.push(...heard)
    return value
  }

  async chooseFile(input: string, path: string): Promise<void> {
    const locator = { using: 'css selector', value: input }
    const element = (await this.#send('POST', '/element', locator)) as Record<string, string>
    await this.#send('POST', `/element/${element[ELEMENT_KEY]}/value`, { text: path })
  }

  async performActions(actions: readonly object[]): Promise<void> {
    await this.#send('POST', '/actions', { actions })
  }

  async screenshot(): Promise<Buffer> {
    return Buffer.from((await this.#send('GET', '/screenshot')) as string, 'base64')
  }

  async close(): Promise<void> {
    // The browser ends with its session, or else with its screen.
    await this.#send('DELETE', '').catch(() => {})
    for (const program of this.#processes) {
      const closed = once(program, 'close')
      program.kill('SIGKILL')
      await closed
    }
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 10 })
  }

  #execute(script: string): Promise<unknown> {
    return this.#send('POST', '/execute/sync', { script, args: [] })
  }

  async #send(method: 'GET' | 'POST' | 'DELETE', path: string, body?: object): Promise<unknown> {
    const response = await fetch(this.#driver + this.#session + path, {
      method,
      signal: AbortSignal.timeout(PAGE_TIMEOUT_MS * 3),
      ...(body && { body: JSON.stringify(body) }),
    })
    const { value } = (await response.json()) as { value: unknown }
    if (response.ok) return value
    const { error, message } = value as { error: string; message: string }
    throw new Error(`${method} ${path}: ${error}: ${message}`)
  }
}
