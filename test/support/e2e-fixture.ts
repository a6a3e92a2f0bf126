import { openAsBlob } from 'node:fs'
import { basename } from 'node:path'
import type { TestContext } from 'node:test'
import type { ImageRecord } from '@wirephoto/board'
import type { Browser, BrowserContext, BrowserContextOptions } from 'playwright-core'
import { launchBrowser } from './browser.ts'
import { cleanupAfter } from './cleanup.ts'
import { EFFORT_FACTOR } from './effort.ts'
import { freePort } from './free-port.ts'
import { BoardPage, NO_ERRORS } from './page.ts'
import { Proxy } from './proxy.ts'
import { SampleFiles } from './sample-files.ts'
import { type ServeOptions, ServerProcess } from './server-process.ts'
import { WireClient } from './wire-client.ts'

/** Two names of this machine. Plain http at `wire.test` is no secure context, as on a LAN. */
export const BOTH_HOSTS = ['localhost', 'wire.test'] as const
export type Host = (typeof BOTH_HOSTS)[number]
/**
 * The hosts of tests that use nothing of a secure context. `npm test` runs them at the LAN's name alone,
 * `npm run test:long` at both.
 */
export const HOSTS: readonly Host[] = EFFORT_FACTOR > 1 ? BOTH_HOSTS : ['wire.test']

export const DESKTOP_VIEWPORT = { width: 1440, height: 900 }
export const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true }

interface NewContextOptions extends BrowserContextOptions {
  /** Whether a phone's page begins with the feed, as for a person; else it shows the board. */
  hasFeed?: boolean
}

export interface PageOptions extends NewContextOptions {
  /** A proxy's port, in place of the server's. */
  port?: number
  /** The path under which the server is there. */
  path?: string
  /** Behind a proxy with https; `http` if absent. */
  scheme?: 'https'
  /** The context of another page: the same visitor with the same storage. */
  context?: BrowserContext
  /** The words about the connection to wait for; if absent that it is live. */
  says?: string
  /** Console errors to ignore. The browser reports failed requests there. */
  allowedErrors?: RegExp
}

/** The server's options: further flags of `wirephoto serve`, or another program that serves. */
type FixtureOptions = Pick<ServeOptions, 'args' | 'main'>

/** Flags of a server on which everybody may use the front board and make boards, for tests of other things. */
export const OPEN_TO_ALL = ['--open', '--create', 'anyone'] as const
/** More than the tests of one file need. */
const OPEN_BOARDS_COUNT = 60

/** Opens a fixture and sample files for all tests of a file, and closes them after the last test. */
export async function openFixture(
  options?: FixtureOptions,
): Promise<{ fixture: E2eFixture; samples: SampleFiles }> {
  const stack = cleanupAfter()
  const samples = stack.adopt(await SampleFiles.open(), (each) => each.close())
  const fixture = await E2eFixture.open(stack, options)
  return { fixture, samples }
}

/** One browser and one server. */
export class E2eFixture {
  readonly browser: Browser
  readonly server: ServerProcess
  readonly #stacks = new WeakMap<TestContext, AsyncDisposableStack>()
  readonly #pairs = new Map<Host, Promise<[BoardPage, BoardPage]>>()

  private constructor(browser: Browser, server: ServerProcess) {
    this.browser = browser
    this.server = server
  }

  /** Opens it; disposing the stack closes the browser and the server. */
  static async open(
    stack: AsyncDisposableStack,
    { args = [], ...options }: FixtureOptions = {},
  ): Promise<E2eFixture> {
    const port = await freePort()
    const flags = ['--public-url', `http://wire.test:${port}`, ...OPEN_TO_ALL, ...args]
    const opening = ServerProcess.open({
      port,
      args: flags,
      openBoardCount: OPEN_BOARDS_COUNT,
      ...options,
    })
    stack.defer(async () => (await opening).close())
    const browser = stack.adopt(await launchBrowser(), (each) => each.close())
    return new E2eFixture(browser, await opening)
  }

  /** Returns an open board, for one test. */
  newBoard(): Promise<string> {
    return this.server.newBoard()
  }

  /**
   * Opens a new board on two pages of two people. All tests share the pages, since opening them
   * takes long.
   */
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
      this.closeAfter(t, () => page.close(t))
      await this.#letOwn(page.context, host, board)
      await page.goto(`/b/${board}`)
    }
    const [anna, ben] = pages
    return { board, anna, ben }
  }

  /** Opens a proxy to the server; it closes after the test's pages. */
  async openProxy(t: TestContext): Promise<Proxy> {
    const proxy = await Proxy.open(this.server.port)
    this.closeAfter(t, () => proxy.close())
    return proxy
  }

  /** Opens a server of the test's own; it closes after the test's pages. */
  async openServer(
    t: TestContext,
    args: readonly string[],
    openBoardCount = 0,
  ): Promise<ServerProcess> {
    const server = await ServerProcess.open({ args, openBoardCount })
    this.closeAfter(t, () => server.close())
    return server
  }

  /** Stores a file of this machine by HTTP, which is cheaper than by a page; at a place if one is given. */
  async storePicture(
    board: string,
    path: string,
    place: { x?: number; y?: number; w?: number } = {},
  ): Promise<ImageRecord> {
    const url = new URL(`/api/boards/${board}/images`, this.server.url)
    url.searchParams.set('name', basename(path))
    for (const [name, value] of Object.entries(place)) url.searchParams.set(name, `${value}`)
    const response = await fetch(url, { method: 'POST', body: await openAsBlob(path) })
    if (!response.ok) throw new Error(`The picture was answered with ${response.status}`)
    return (await response.json()) as ImageRecord
  }

  /** Opens a client that takes part in the board without a page. */
  async openWireClient(t: TestContext, board: string): Promise<WireClient> {
    const token = this.server.newOwner(board)
    const wireClient = await WireClient.connect(this.server.url, board, undefined, token)
    this.closeAfter(t, () => wireClient.close())
    return wireClient
  }

  /** Closes something at the end of the test; the last one opened is the first one closed. */
  closeAfter(t: TestContext, close: () => unknown): void {
    let stack = this.#stacks.get(t)
    if (!stack) this.#stacks.set(t, (stack = cleanupAfter(t)))
    stack.defer(async () => void (await close()))
  }

  /** Service workers would answer in place of a test that intercepts requests, so a test asks for one. */
  async newContext({ hasFeed, ...options }: NewContextOptions = {}): Promise<BrowserContext> {
    const context = await this.browser.newContext({
      viewport: DESKTOP_VIEWPORT,
      serviceWorkers: 'block',
      ...options,
    })
    const isNarrow = (options.viewport?.width ?? DESKTOP_VIEWPORT.width) < 600
    if (isNarrow && !hasFeed)
      await context.addInitScript(() => {
        try {
          localStorage.setItem('phone-view', 'board')
        } catch {
          // This page has no site data.
        }
      })
    return context
  }

  /** Makes the visitor of a browser context an owner of an open board, as one of its links would. */
  async #letOwn(context: BrowserContext, host: Host, board: string): Promise<void> {
    const url = `http://${host}:${this.server.port}`
    const kept = (await context.cookies(url)).map(({ name, value }) => `${name}=${value}`)
    const response = await fetch(`${this.server.url}/api/boards/${board}/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', cookie: kept.join('; ') },
      body: JSON.stringify({ secret: this.server.newOwner(board) }),
    })
    if (!response.ok) throw new Error(`The link was answered with ${response.status}`)
    const [, name, value] = /^([^=]+)=([^;]+)/.exec(response.headers.get('set-cookie') ?? '') ?? []
    if (name !== undefined)
      await context.addCookies([{ name, value: value!, url, httpOnly: true, sameSite: 'Lax' }])
  }

  async #newPage(host: Host): Promise<BoardPage> {
    const context = await this.newContext()
    return BoardPage.open(context, `http://${host}:${this.server.port}`)
  }

  /** Opens a board in a browser context, and waits until it is live. It closes with the test. */
  async openPage(
    t: TestContext,
    host: Host,
    board: string,
    options: PageOptions = {},
  ): Promise<BoardPage> {
    const {
      port = this.server.port,
      path = '',
      scheme = 'http',
      context: shared,
      allowedErrors = NO_ERRORS,
      says,
      ...further
    } = options
    const context = shared ?? (await this.newContext(further))
    const page = await BoardPage.open(context, `${scheme}://${host}:${port}${path}`)
    page.allowedErrors = allowedErrors
    this.closeAfter(t, async () => {
      await page.close(t)
      await (shared ? page.page.close() : context.close())
    })
    if (this.server.hasOpenBoard(board)) await this.#letOwn(context, host, board)
    await page.goto(board === 'main' ? '/' : `/b/${board}`, says)
    return page
  }
}
