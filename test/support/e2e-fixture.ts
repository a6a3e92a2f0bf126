import { after, type TestContext } from 'node:test'
import type { Browser, BrowserContext, BrowserContextOptions } from 'playwright-core'
import { launchBrowser } from './browser.ts'
import { freePort } from './free-port.ts'
import { BoardPage, NOTHING } from './page.ts'
import { Proxy } from './proxy.ts'
import { Gallery } from './sample-files.ts'
import { type ServeOptions, ServerProcess } from './server-process.ts'
import { Witness } from './wire-client.ts'

/** `wire.test` is a name as on a LAN: plain http there is no secure context. */
export const HOSTS = ['localhost', 'wire.test'] as const
export type Host = (typeof HOSTS)[number]

export const DESK = { width: 1440, height: 900 }
export const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true }

export interface PageOptions extends BrowserContextOptions {
  /** Another port than the server's: a line's. */
  port?: number
  /** The same visitor with the same store as the page of this one. */
  context?: BrowserContext
  /** What the browser may say on the console: it reports failed requests there. */
  tolerates?: RegExp
}

/** Of the server: further flags of `wirephoto serve`, another program that serves. */
type StandOptions = Pick<ServeOptions, 'args' | 'main'>

/** For all tests of a file, closed after the last: a stand, and pictures to drop. */
export async function furnish(options?: StandOptions): Promise<{ stand: Stand; gallery: Gallery }> {
  const [stand, gallery] = await Promise.all([Stand.open(options), Gallery.open()])
  after(() => closeAll([() => gallery.close(), () => stand.close()]))
  return { stand, gallery }
}

/** One browser and one server. */
export class Stand {
  readonly browser: Browser
  readonly server: ServerProcess
  readonly #closes = new WeakMap<TestContext, (() => unknown)[]>()
  readonly #pairs = new Map<Host, Promise<[BoardPage, BoardPage]>>()

  private constructor(browser: Browser, server: ServerProcess) {
    this.browser = browser
    this.server = server
  }

  static async open({ args = [], ...options }: StandOptions = {}): Promise<Stand> {
    const port = await freePort()
    const flags = ['--public-url', `http://wire.test:${port}`, ...args]
    const [browser, server] = await Promise.all([
      launchBrowser(),
      ServerProcess.open({ port, args: flags, ...options }),
    ])
    return new Stand(browser, server)
  }

  /** A new board, for a test of its own. */
  async newBoard(): Promise<string> {
    const response = await fetch(`${this.server.url}/api/boards`, { method: 'POST' })
    return ((await response.json()) as { id: string }).id
  }

  /** A new board, live on two pages of two people; opening them once for all tests is quick. */
  async pair(
    t: TestContext,
    host: Host,
  ): Promise<{ board: string; anna: BoardPage; ben: BoardPage }> {
    if (!this.#pairs.has(host))
      this.#pairs.set(host, Promise.all([this.#opened(host), this.#opened(host)]))
    const pages = await this.#pairs.get(host)!
    const board = await this.newBoard()
    for (const page of pages) {
      page.tolerates = NOTHING
      this.#last(t, () => page.close(t))
      await page.go(`/b/${board}`)
    }
    const [anna, ben] = pages
    return { board, anna, ben }
  }

  /** A line to the server, that lasts as long as the test's pages. */
  async line(t: TestContext): Promise<Proxy> {
    const line = await Proxy.open(this.server.port)
    this.#last(t, () => line.close())
    return line
  }

  /** Somebody else on the board. */
  async witness(t: TestContext, board: string): Promise<Witness> {
    const witness = await Witness.follow(this.server.url, board)
    this.#last(t, () => witness.close())
    return witness
  }

  /** At the end of the test what was opened last is closed first. */
  #last(t: TestContext, close: () => unknown): void {
    let closes = this.#closes.get(t)
    if (!closes) {
      this.#closes.set(t, (closes = []))
      t.after(() => closeAll(closes!))
    }
    closes.push(close)
  }

  async #opened(host: Host): Promise<BoardPage> {
    const context = await this.browser.newContext({ viewport: DESK })
    return BoardPage.open(context, `http://${host}:${this.server.port}`)
  }

  /** Opens a board in a browser of its own, and waits until it is live. Closed with the test. */
  async open(
    t: TestContext,
    host: Host,
    board: string,
    options: PageOptions = {},
  ): Promise<BoardPage> {
    const { port = this.server.port, context: shared, tolerates = NOTHING, ...further } = options
    const context = shared ?? (await this.browser.newContext({ viewport: DESK, ...further }))
    const page = await BoardPage.open(context, `http://${host}:${port}`)
    page.tolerates = tolerates
    this.#last(t, async () => {
      await page.close(t)
      await (shared ? page.page.close() : context.close())
    })
    await page.go(board === 'main' ? '/' : `/b/${board}`)
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
