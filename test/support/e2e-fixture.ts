import { after, type TestContext } from 'node:test'
import type { Browser, BrowserContext, BrowserContextOptions } from 'playwright-core'
import { launchBrowser } from './browser.ts'
import { freePort } from './free-port.ts'
import { BoardPage, NO_ERRORS } from './page.ts'
import { Proxy } from './proxy.ts'
import { SampleFiles } from './sample-files.ts'
import { type ServeOptions, ServerProcess } from './server-process.ts'
import { WireClient } from './wire-client.ts'

/** `wire.test` is a name as on a LAN: plain http there is no secure context. */
export const HOSTS = ['localhost', 'wire.test'] as const
export type Host = (typeof HOSTS)[number]

export const DESKTOP_VIEWPORT = { width: 1440, height: 900 }
export const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true }

export interface PageOptions extends BrowserContextOptions {
  /** Another port than the server's: a line's. */
  port?: number
  /** The same visitor with the same store as the page of this one. */
  context?: BrowserContext
  /** What the browser may say on the console: it reports failed requests there. */
  allowedErrors?: RegExp
}

/** Of the server: further flags of `wirephoto serve`, another program that serves. */
type FixtureOptions = Pick<ServeOptions, 'args' | 'main'>

/** For all tests of a file, closed after the last: a stand, and pictures to drop. */
export async function openFixture(
  options?: FixtureOptions,
): Promise<{ fixture: E2eFixture; samples: SampleFiles }> {
  const [fixture, samples] = await Promise.all([E2eFixture.open(options), SampleFiles.open()])
  after(() => closeAll([() => samples.close(), () => fixture.close()]))
  return { fixture, samples }
}

/** One browser and one server. */
export class E2eFixture {
  readonly browser: Browser
  readonly server: ServerProcess
  readonly #closes = new WeakMap<TestContext, (() => unknown)[]>()
  readonly #pairs = new Map<Host, Promise<[BoardPage, BoardPage]>>()

  private constructor(browser: Browser, server: ServerProcess) {
    this.browser = browser
    this.server = server
  }

  static async open({ args = [], ...options }: FixtureOptions = {}): Promise<E2eFixture> {
    const port = await freePort()
    const flags = ['--public-url', `http://wire.test:${port}`, ...args]
    const [browser, server] = await Promise.all([
      launchBrowser(),
      ServerProcess.open({ port, args: flags, ...options }),
    ])
    return new E2eFixture(browser, server)
  }

  /** A new board, for a test of its own. */
  async newBoard(): Promise<string> {
    const response = await fetch(`${this.server.url}/api/boards`, { method: 'POST' })
    return ((await response.json()) as { id: string }).id
  }

  /** A new board, live on two pages of two people; opening them once for all tests is quick. */
  async openPair(
    t: TestContext,
    host: Host,
  ): Promise<{ board: string; anna: BoardPage; ben: BoardPage }> {
    if (!this.#pairs.has(host))
      this.#pairs.set(host, Promise.all([this.#newPage(host), this.#newPage(host)]))
    const pages = await this.#pairs.get(host)!
    const board = await this.newBoard()
    for (const page of pages) {
      page.allowedErrors = NO_ERRORS
      this.#closeAfter(t, () => page.close(t))
      await page.goto(`/b/${board}`)
    }
    const [anna, ben] = pages
    return { board, anna, ben }
  }

  /** A line to the server, that lasts as long as the test's pages. */
  async openProxy(t: TestContext): Promise<Proxy> {
    const proxy = await Proxy.open(this.server.port)
    this.#closeAfter(t, () => proxy.close())
    return proxy
  }

  /** Somebody else on the board. */
  async openWireClient(t: TestContext, board: string): Promise<WireClient> {
    const wireClient = await WireClient.connect(this.server.url, board)
    this.#closeAfter(t, () => wireClient.close())
    return wireClient
  }

  /** At the end of the test what was opened last is closed first. */
  #closeAfter(t: TestContext, close: () => unknown): void {
    let closes = this.#closes.get(t)
    if (!closes) {
      this.#closes.set(t, (closes = []))
      t.after(() => closeAll(closes!))
    }
    closes.push(close)
  }

  async #newPage(host: Host): Promise<BoardPage> {
    const context = await this.browser.newContext({ viewport: DESKTOP_VIEWPORT })
    return BoardPage.open(context, `http://${host}:${this.server.port}`)
  }

  /** Opens a board in a browser of its own, and waits until it is live. Closed with the test. */
  async openPage(
    t: TestContext,
    host: Host,
    board: string,
    options: PageOptions = {},
  ): Promise<BoardPage> {
    const {
      port = this.server.port,
      context: shared,
      allowedErrors = NO_ERRORS,
      ...further
    } = options
    const context =
      shared ?? (await this.browser.newContext({ viewport: DESKTOP_VIEWPORT, ...further }))
    const page = await BoardPage.open(context, `http://${host}:${port}`)
    page.allowedErrors = allowedErrors
    this.#closeAfter(t, async () => {
      await page.close(t)
      await (shared ? page.page.close() : context.close())
    })
    await page.goto(board === 'main' ? '/' : `/b/${board}`)
    return page
  }

  async close(): Promise<void> {
    await this.browser.close()
    await this.server.close()
  }
}

/** All of them, whatever goes wrong with one. */
async function closeAll(closes: (() => unknown)[]): Promise<void> {
  const errors: unknown[] = []
  for (const close of closes.reverse()) {
    try {
      await close()
    } catch (error) {
      errors.push(error)
    }
  }
  if (errors.length > 0) throw errors[0]
}
