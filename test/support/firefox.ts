import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { WebSocket } from 'ws'
import { onPath } from './browser.ts'
import { DESK } from './e2e-fixture.ts'
import { guard } from './kill-with-parent.ts'
import { PATIENCE } from './page.ts'
import type { Window } from './webdriver-page.ts'

const PREFERENCES = `
  user_pref('app.update.enabled', false)
  user_pref('browser.shell.checkDefaultBrowser', false)
  user_pref('datareporting.policy.dataSubmissionEnabled', false)
  user_pref('network.captive-portal-service.enabled', false)
  user_pref('network.connectivity-service.enabled', false)
  user_pref('toolkit.telemetry.server', '')
`

/** What a browser says; what is in it is by the method. */
interface Message {
  readonly id?: number
  readonly method?: string
  readonly error?: string
  readonly message?: string
  readonly params: any
  readonly result: any
}

/** Firefox without a screen, driven by the WebDriver BiDi that it speaks itself (W3C). */
export class Firefox implements Window {
  readonly problems: string[] = []
  readonly #program: ChildProcess
  readonly #folder: string
  readonly #socket: WebSocket
  readonly #waiting = new Map<number, PromiseWithResolvers<Message>>()
  #asked = 0
  #context!: string

  private constructor(program: ChildProcess, folder: string, socket: WebSocket) {
    this.#program = program
    this.#folder = folder
    this.#socket = socket
    socket.on('message', (data: Buffer) => this.#hear(JSON.parse(data.toString()) as Message))
    socket.on('close', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error('Firefox has gone'))
    })
  }

  /** Why there is none; null when there is. */
  static async missing(): Promise<string | null> {
    return (await find()) ? null : 'there is no Firefox here: install firefox-esr'
  }

  static async open(): Promise<Firefox> {
    const folder = await mkdtemp(join(tmpdir(), 'wirephoto-firefox-'))
    await writeFile(join(folder, 'user.js'), PREFERENCES)
    const flags = ['--headless', '--no-remote', '--remote-debugging-port=0', '--profile', folder]
    const program = spawn((await find())!, flags, { stdio: ['ignore', 'ignore', 'pipe'] })
    guard(program, folder, 'KILL')
    const socket = new WebSocket(`${await addressOf(program)}/session`)
    await once(socket, 'open')
    const firefox = new Firefox(program, folder, socket)
    await firefox.#begin()
    return firefox
  }

  async #begin(): Promise<void> {
    await this.#ask('session.new', { capabilities: {} })
    await this.#ask('session.subscribe', {
      events: ['log.entryAdded', 'browsingContext.userPromptOpened'],
    })
    this.#context = (await this.#ask('browsingContext.create', { type: 'window' })).context
    await this.#ask('browsingContext.setViewport', { context: this.#context, viewport: DESK })
  }

  async go(url: string): Promise<void> {
    await this.#ask('browsingContext.navigate', { context: this.#context, url, wait: 'complete' })
  }

  async evaluate(expression: string): Promise<unknown> {
    const { result, exceptionDetails } = await this.#ask('script.evaluate', {
      expression: `Promise.resolve(${expression}).then((value) => JSON.stringify(value))`,
      target: { context: this.#context },
      awaitPromise: true,
    })
    if (exceptionDetails) throw new Error(exceptionDetails.text)
    return result.value === undefined ? undefined : JSON.parse(result.value)
  }

  async choose(input: string, path: string): Promise<void> {
    const locator = { type: 'css', value: input }
    const context = this.#context
    const { nodes } = await this.#ask('browsingContext.locateNodes', { context, locator })
    const [{ sharedId }] = nodes
    await this.#ask('input.setFiles', { context, element: { sharedId }, files: [path] })
  }

  async act(actions: readonly object[]): Promise<void> {
    await this.#ask('input.performActions', { context: this.#context, actions })
  }

  async photograph(): Promise<Buffer> {
    const context = this.#context
    const { data } = await this.#ask('browsingContext.captureScreenshot', { context })
    return Buffer.from(data, 'base64')
  }

  async close(): Promise<void> {
    const closed = once(this.#program, 'close')
    this.#socket.terminate()
    this.#program.kill('SIGKILL')
    await closed
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 10 })
  }

  async #ask(method: string, params: object): Promise<any> {
    const id = ++this.#asked
    const answer = Promise.withResolvers<Message>()
    this.#waiting.set(id, answer)
    this.#socket.send(JSON.stringify({ id, method, params }))
    const { error, message, result } = await answer.promise
    if (error) throw new Error(`${method}: ${error}: ${message}`)
    return result
  }

  #hear(message: Message): void {
    const { id, method, params } = message
    if (id !== undefined) {
      this.#waiting.get(id)?.resolve(message)
      this.#waiting.delete(id)
    } else if (method === 'browsingContext.userPromptOpened') {
      this.problems.push(`dialog: ${params.message}`)
    } else if (params.level === 'error') {
      const [from] = params.stackTrace?.callFrames ?? []
      this.problems.push(`${params.text} (${from?.url})`)
    }
  }
}

const find = (): Promise<string | null> => onPath('firefox-esr', 'firefox')

/** Where it listens, as it says on the way up. */
function addressOf(program: ChildProcess): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  let output = ''
  const fail = (why: string) => reject(new Error(`Firefox ${why}:\n${output}`))
  const timer = setTimeout(() => {
    program.kill('SIGKILL')
    fail(`said nothing for ${PATIENCE} ms`)
  }, PATIENCE)
  program.stderr!.on('data', (chunk: Buffer) => {
    output += chunk.toString()
    const address = /BiDi listening on (ws:\S+)/.exec(output)?.[1]
    if (address !== undefined) resolve(address)
  })
  program.once('close', (code) => fail(`ended with code ${code}`))
  return promise.finally(() => clearTimeout(timer))
}
