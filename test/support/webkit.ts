import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { onPath } from './browser.ts'
import { DESK } from './e2e-fixture.ts'
import { freePort } from './free-port.ts'
import { guard } from './kill-with-parent.ts'
import { PATIENCE } from './page.ts'
import type { Window } from './webdriver-page.ts'

/** The key under which WebDriver hands out an element (W3C WebDriver, section 12.1). */
const ELEMENT = 'element-6066-11e4-a52e-4f735466cecf'
/**
 * Its console can't be read over WebDriver, and what it would print of it is not printed while it is
 * driven: the page is listened to from within, from when it has loaded.
 */
const LISTEN = `
  if (!('heard' in window)) {
    window.heard = []
    const hear = (what) => heard.push(String(what))
    addEventListener('error', ({ message, target }) => hear(message ?? target.outerHTML), true)
    addEventListener('unhandledrejection', ({ reason }) => hear(reason?.stack ?? reason))
    addEventListener('securitypolicyviolation', ({ blockedURI }) => hear('blocked ' + blockedURI))
    const { error } = console
    console.error = (...all) => { hear(all.join(' ')); error(...all) }
  }`

/** WebKitGTK's small browser on a screen of its own, driven by its WebDriver (W3C). */
export class WebKit implements Window {
  readonly problems: string[] = []
  readonly #programs: readonly ChildProcess[]
  readonly #folder: string
  readonly #driver: string
  #session = ''

  private constructor(programs: readonly ChildProcess[], folder: string, port: number) {
    this.#programs = programs
    this.#folder = folder
    this.#driver = `http://127.0.0.1:${port}`
  }

  /** Why there is none; null when there is. */
  static async missing(): Promise<string | null> {
    if (!(await onPath('WebKitWebDriver')))
      return 'there is no WebKitWebDriver here: install webkit2gtk-driver'
    return (await onPath('Xvfb')) ? null : 'WebKit has no screen here: install xvfb'
  }

  static async open(): Promise<WebKit> {
    const folder = await mkdtemp(join(tmpdir(), 'wirephoto-webkit-'))
    const screen = ['-screen', '0', `${DESK.width}x${DESK.height}x24`, '-nolisten', 'tcp']
    // It takes the first number that is free, and says which.
    const xvfb = spawn('Xvfb', ['-displayfd', '3', ...screen], {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    })
    guard(xvfb, folder, 'KILL')
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
    guard(driver, folder, 'KILL')
    const webkit = new WebKit([driver, xvfb], folder, port)
    try {
      await webkit.#begin()
    } catch (error) {
      await webkit.close()
      throw error
    }
    return webkit
  }

  async #begin(): Promise<void> {
    for (let tries = 0; ; tries++)
      try {
        await this.#ask('GET', '/status')
        break
      } catch (error) {
        if (tries === 200) throw error
        await setTimeout(50)
      }
    const answer = await this.#ask('POST', '/session', { capabilities: {} })
    this.#session = `/session/${(answer as { sessionId: string }).sessionId}`
    await this.#ask('POST', '/timeouts', { script: PATIENCE * 2, pageLoad: PATIENCE })
    await this.#ask('POST', '/window/rect', { x: 0, y: 0, ...DESK })
  }

  async go(url: string): Promise<void> {
    await this.#ask('POST', '/url', { url })
    await this.#run(LISTEN)
  }

  async evaluate(expression: string): Promise<unknown> {
    const value = await this.#run(`return ${expression}`)
    const heard = (await this.#run('return window.heard?.splice(0) ?? []')) as string[]
    this.problems.push(...heard)
    return value
  }

  async choose(input: string, path: string): Promise<void> {
    const locator = { using: 'css selector', value: input }
    const element = (await this.#ask('POST', '/element', locator)) as Record<string, string>
    await this.#ask('POST', `/element/${element[ELEMENT]}/value`, { text: path })
  }

  async act(actions: readonly object[]): Promise<void> {
    await this.#ask('POST', '/actions', { actions })
  }

  async photograph(): Promise<Buffer> {
    return Buffer.from((await this.#ask('GET', '/screenshot')) as string, 'base64')
  }

  async close(): Promise<void> {
    // The browser goes with its session, or else with its screen.
    await this.#ask('DELETE', '').catch(() => {})
    for (const program of this.#programs) {
      const closed = once(program, 'close')
      program.kill('SIGKILL')
      await closed
    }
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 10 })
  }

  #run(script: string): Promise<unknown> {
    return this.#ask('POST', '/execute/sync', { script, args: [] })
  }

  async #ask(method: 'GET' | 'POST' | 'DELETE', path: string, body?: object): Promise<unknown> {
    const response = await fetch(this.#driver + this.#session + path, {
      method,
      signal: AbortSignal.timeout(PATIENCE * 3),
      ...(body && { body: JSON.stringify(body) }),
    })
    const { value } = (await response.json()) as { value: unknown }
    if (response.ok) return value
    const { error, message } = value as { error: string; message: string }
    throw new Error(`${method} ${path}: ${error}: ${message}`)
  }
}
