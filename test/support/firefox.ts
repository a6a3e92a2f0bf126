import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { WebSocket } from 'ws'
import { findOnPath } from './browser.ts'
import { DESKTOP_VIEWPORT } from './e2e-fixture.ts'
import { killWithParent } from './kill-with-parent.ts'
import { PAGE_TIMEOUT_MS } from './page.ts'
import type { BrowserWindow } from './webdriver-page.ts'

const PREFERENCES = `
  user_pref('app.update.enabled', false);
  user_pref('browser.shell.checkDefaultBrowser', false);
  user_pref('datareporting.policy.dataSubmissionEnabled', false);
  user_pref('network.captive-portal-service.enabled', false);
  user_pref('network.connectivity-service.enabled', false);
  user_pref('toolkit.telemetry.server', '');
`

/** A message from the browser. The shape of `params` and `result` depends on the method. */
interface BidiMessage {
  readonly id?: number
  readonly method?: string
  readonly error?: string
  readonly message?: string
  readonly params: any
  readonly result: any
}

/** Headless Firefox, driven by its own WebDriver BiDi (W3C). */
export class Firefox implements BrowserWindow {
  readonly problems: string[] = []
  readonly #process: ChildProcess
  readonly #folder: string
  readonly #socket: WebSocket
  readonly #pending = new Map<number, PromiseWithResolvers<BidiMessage>>()
  #lastId = 0
  #context!: string

  private constructor(program: ChildProcess, folder: string, socket: WebSocket) {
    this.#process = program
    this.#folder = folder
    this.#socket = socket
    socket.on('message', (data: Buffer) =>
      this.#receive(JSON.parse(data.toString()) as BidiMessage),
    )
    socket.on('close', () => {
      for (const { reject } of this.#pending.values()) reject(new Error('Firefox has gone'))
    })
  }

  /** Returns why there is no Firefox here; null when there is one. */
  static async skipReason(): Promise<string | null> {
    return (await findFirefox()) ? null : 'there is no Firefox here: install firefox-esr'
  }

  /** Opens it with further preferences, as of a `user.js`. */
  static async open(preferences: Readonly<Record<string, unknown>> = {}): Promise<Firefox> {
    const folder = await mkdtemp(join(tmpdir(), 'wirephoto-firefox-'))
    const further = Object.entries(preferences).map(
      ([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});`,
    )
    await writeFile(join(folder, 'user.js'), [PREFERENCES, ...further].join('\n'))
    const flags = ['--headless', '--no-remote', '--remote-debugging-port=0', '--profile', folder]
    const program = spawn((await findFirefox())!, flags, { stdio: ['ignore', 'ignore', 'pipe'] })
    killWithParent(program, folder, 'KILL')
    const socket = new WebSocket(`${await bidiAddress(program)}/session`)
    await once(socket, 'open')
    const firefox = new Firefox(program, folder, socket)
    // A browser that resists fingerprinting says another size than it has, so the wait for it never ends.
    await firefox.#startSession(preferences['privacy.resistFingerprinting'] !== true)
    return firefox
  }

  async #startSession(hasViewport: boolean): Promise<void> {
    await this.#send('session.new', { capabilities: {} })
    await this.#send('session.subscribe', {
      events: ['log.entryAdded', 'browsingContext.userPromptOpened'],
    })
    this.#context = (await this.#send('browsingContext.create', { type: 'window' })).context
    if (!hasViewport) return
    await this.#send('browsingContext.setViewport', {
      context: this.#context,
      viewport: DESKTOP_VIEWPORT,
    })
  }

  async goto(url: string): Promise<void> {
    await this.#send('browsingContext.navigate', { context: this.#context, url, wait: 'complete' })
  }

  async evaluate(expression: string): Promise<unknown> {
    const { result, exceptionDetails } = await this.#send('script.evaluate', {
      expression: `Promise.resolve(${expression}).then((value) => JSON.stringify(value))`,
      target: { context: this.#context },
      awaitPromise: true,
    })
    if (exceptionDetails) throw new Error(exceptionDetails.text)
    return result.value === undefined ? undefined : JSON.parse(result.value)
  }

  async chooseFile(input: string, path: string): Promise<void> {
    const locator = { type: 'css', value: input }
    const context = this.#context
    const { nodes } = await this.#send('browsingContext.locateNodes', { context, locator })
    const [{ sharedId }] = nodes
    await this.#send('input.setFiles', { context, element: { sharedId }, files: [path] })
  }

  async performActions(actions: readonly object[]): Promise<void> {
    await this.#send('input.performActions', { context: this.#context, actions })
  }

  async screenshot(): Promise<Buffer> {
    const context = this.#context
    const { data } = await this.#send('browsingContext.captureScreenshot', { context })
    return Buffer.from(data, 'base64')
  }

  async close(): Promise<void> {
    const closed = once(this.#process, 'close')
    this.#socket.terminate()
    this.#process.kill('SIGKILL')
    await closed
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 10 })
  }

  async #send(method: string, params: object): Promise<any> {
    const id = ++this.#lastId
    const answer = Promise.withResolvers<BidiMessage>()
    this.#pending.set(id, answer)
    this.#socket.send(JSON.stringify({ id, method, params }))
    const { error, message, result } = await answer.promise
    if (error) throw new Error(`${method}: ${error}: ${message}`)
    return result
  }

  #receive(message: BidiMessage): void {
    const { id, method, params } = message
    if (id !== undefined) {
      this.#pending.get(id)?.resolve(message)
      this.#pending.delete(id)
    } else if (method === 'browsingContext.userPromptOpened') {
      this.problems.push(`dialog: ${params.message}`)
    } else if (params.level === 'error') {
      const [from] = params.stackTrace?.callFrames ?? []
      this.problems.push(`${params.text} (${from?.url})`)
    }
  }
}

const findFirefox = (): Promise<string | null> => findOnPath('firefox-esr', 'firefox')

/** Resolves to the address that Firefox prints when it listens. */
function bidiAddress(program: ChildProcess): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  let output = ''
  const fail = (why: string) => reject(new Error(`Firefox ${why}:\n${output}`))
  const timer = setTimeout(() => {
    program.kill('SIGKILL')
    fail(`said nothing for ${PAGE_TIMEOUT_MS} ms`)
  }, PAGE_TIMEOUT_MS)
  program.stderr!.on('data', (chunk: Buffer) => {
    output += chunk.toString()
    const address = /BiDi listening on (ws:\S+)/.exec(output)?.[1]
    if (address !== undefined) resolve(address)
  })
  program.once('close', (code) => fail(`ended with code ${code}`))
  return promise.finally(() => clearTimeout(timer))
}
