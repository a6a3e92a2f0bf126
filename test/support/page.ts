import assert from 'node:assert/strict'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { BrowserContext, CDPSession, Locator, Page } from 'playwright-core'

/** After this time a condition counts as never met. */
export const PAGE_TIMEOUT_MS = 45_000
/** Allows no console error. */
export const NO_ERRORS = /^$/

export interface Point {
  readonly x: number
  readonly y: number
}

/** Data that is dragged from another page, or copied there, by media type. */
export type DragData = Readonly<Record<string, string>>

/** A picture as it appears on the screen. */
export interface Tile {
  readonly id: string
  /** The accessible name. */
  readonly label: string
  readonly state: string
  readonly x: number
  readonly y: number
  readonly w: number
  readonly h: number
}

/** A tile at one moment: its box on the screen, its nodes, its picture's source and opacity. */
interface TileState {
  readonly x: number
  readonly y: number
  readonly w: number
  readonly h: number
  readonly nodes: readonly number[]
  readonly src?: string
  readonly opacity: string | false
}

export interface TileRecording {
  /** How often a picture has landed. */
  readonly landings: number
  /** Each tile's states by its picture's id; consecutive states differ. */
  readonly states: ReadonlyMap<string, readonly TileState[]>
}

/** A page on a board, and the errors that occurred on it. */
export class BoardPage {
  readonly page: Page
  readonly context: BrowserContext
  /**
   * Console errors (also of the content security policy), dialogs, and requests to other origins.
   */
  readonly problems: string[] = []
  /** Console errors, and requests to other origins, that this test causes. */
  allowedErrors = NO_ERRORS
  readonly #cdp: CDPSession
  readonly #origin: string

  private constructor(page: Page, cdp: CDPSession, origin: string) {
    this.page = page
    this.#origin = origin
    this.context = page.context()
    this.#cdp = cdp
    page.on('pageerror', (error) => this.problems.push(String(error.stack)))
    page.on('console', (message) => {
      if (message.type() !== 'error') return
      const problem = `${message.text()} (${message.location().url})`
      if (!this.allowedErrors.test(problem)) this.problems.push(problem)
    })
    page.on('dialog', (dialog) => {
      this.problems.push(`dialog: ${dialog.message()}`)
      void dialog.dismiss()
    })
    const here = (url: string) =>
      /^(?:blob|data):/.test(url) || new URL(url).host === new URL(origin).host
    page.on('request', (request) => {
      const problem = `request to ${request.url()}`
      if (!here(request.url()) && !this.allowedErrors.test(problem)) this.problems.push(problem)
    })
    page.on('websocket', (socket) => {
      if (!here(socket.url())) this.problems.push(`socket to ${socket.url()}`)
    })
  }

  static async open(context: BrowserContext, origin: string): Promise<BoardPage> {
    context.setDefaultTimeout(PAGE_TIMEOUT_MS)
    const page = await context.newPage()
    return new BoardPage(page, await context.newCDPSession(page), origin)
  }

  /** Opens a path, and resolves when the page says that it is live, or `says` of its connection. */
  async goto(path: string, says?: string): Promise<void> {
    await this.page.goto(this.#origin + path)
    await this.waitForLive(says)
  }

  async waitForLive(says = 'Live'): Promise<void> {
    await this.page.locator('.connection', { hasText: says }).waitFor({ state: 'attached' })
  }

  /** Ends a test: asserts that nothing went wrong on the page. */
  async close(t: TestContext): Promise<void> {
    // The types are older than the runner.
    if (!(t as TestContext & { passed: boolean }).passed) await this.#saveScreenshot(t)
    const problems = this.problems.splice(0)
    assert.deepEqual(problems, [], 'no errors, no dialogs, nothing from elsewhere')
  }

  /** Drops files of this machine, as from its desktop, or data from another page. */
  async drop(files: readonly string[] | DragData, at: Point): Promise<void> {
    await this.dragOver(files, at)
    await this.#drag('drop', files, at)
  }

  /** Drags files or data over the page without dropping them. */
  async dragOver(files: readonly string[] | DragData, at: Point): Promise<void> {
    await this.#drag('dragEnter', files, at)
    await this.#drag('dragOver', files, at)
  }

  async #drag(
    type: 'dragEnter' | 'dragOver' | 'drop',
    what: readonly string[] | DragData,
    at: Point,
  ): Promise<void> {
    const [files, rest] = Array.isArray(what) ? [[...what], {}] : [[], what]
    const items = Object.entries(rest).map(([mimeType, data]) => ({ mimeType, data }))
    const data = { items, files, dragOperationsMask: 1 }
    await this.#cdp.send('Input.dispatchDragEvent', { type, ...at, data })
  }

  /** Pastes data as a browser reports it to the page. */
  async paste(what: DragData): Promise<void> {
    await this.page.evaluate((data) => {
      const clipboardData = new DataTransfer()
      for (const [type, text] of Object.entries(data)) clipboardData.setData(type, text)
      const event = { clipboardData, bubbles: true, cancelable: true }
      ;(document.activeElement ?? document.body).dispatchEvent(new ClipboardEvent('paste', event))
    }, what)
  }

  /** Touches the screen at these points; no points means that all fingers are lifted. */
  async touch(type: 'touchStart' | 'touchMove' | 'touchEnd', ...at: Point[]): Promise<void> {
    const touchPoints = at.map((point, id) => ({ ...point, id }))
    await this.#cdp.send('Input.dispatchTouchEvent', { type, touchPoints })
  }

  /** Lifts the finger at once: one that waits for a busy page is a long press. */
  async tap(at: Point): Promise<void> {
    await Promise.all([this.touch('touchStart', at), this.touch('touchEnd')])
  }

  /** Returns the pictures that have a node, oldest first. */
  async tiles(): Promise<Tile[]> {
    return this.page.evaluate(readTiles)
  }

  tile(id: string): Locator {
    return this.page.locator(`[data-image="${id}"]`)
  }

  async tileWithId(id: string): Promise<Tile> {
    const tile = (await this.tiles()).find((each) => each.id === id)
    assert.ok(tile, `${id} stands on the page`)
    return tile
  }

  /** Resolves to the pictures when there are that many. */
  async waitForTiles(count: number): Promise<Tile[]> {
    await this.waitUntil((n) => document.querySelectorAll('[data-image]').length === n, count)
    return this.tiles()
  }

  /**
   * Resolves when that many pictures are painted in full; with `stored`, when they are stored too.
   */
  async waitForPainted(count: number, which: 'any' | 'stored' = 'any'): Promise<Tile[]> {
    await this.waitUntil(areTilesPainted, [count, which] as const)
    return this.tiles()
  }

  /** Resolves when the function, run in the page at every frame, returns true. */
  async waitUntil<A>(isSo: (arg: A) => boolean | Promise<boolean>, arg: A): Promise<void> {
    await this.page.waitForFunction(isSo as (arg: unknown) => boolean, arg, { polling: 'raf' })
  }

  /** Resolves after the page's next frame. */
  async nextFrame(): Promise<void> {
    await this.page.evaluate(() => new Promise(requestAnimationFrame))
  }

  /** Resolves to the toast with this text. */
  async waitForToast(text: string | RegExp): Promise<Locator> {
    const toast = this.page.locator('.toast', { hasText: text })
    await toast.waitFor()
    return toast
  }

  /** Records the screen frame by frame, as PNG, in the order in which the frames were shown. */
  async startScreencast(): Promise<{ cut(): Promise<Buffer[]> }> {
    const frames: { png: Buffer; shownAt: number }[] = []
    const take = (frame: { data: string; sessionId: number; metadata: { timestamp?: number } }) => {
      // Frames are encoded side by side, and may come in another order.
      frames.push({
        png: Buffer.from(frame.data, 'base64'),
        shownAt: frame.metadata.timestamp ?? 0,
      })
      void this.#cdp.send('Page.screencastFrameAck', { sessionId: frame.sessionId }).catch(() => {})
    }
    this.#cdp.on('Page.screencastFrame', take)
    await this.#cdp.send('Page.startScreencast', { format: 'png' })
    return {
      cut: async () => {
        await this.#cdp.send('Page.stopScreencast')
        this.#cdp.off('Page.screencastFrame', take)
        return frames.sort((a, b) => a.shownAt - b.shownAt).map(({ png }) => png)
      },
    }
  }

  /** Records at every frame each tile's box, nodes and picture. */
  async recordTiles(): Promise<{ close(): Promise<TileRecording> }> {
    await this.page.evaluate(() => {
      const recording = { states: {} as Record<string, string[]>, landings: 0, open: true }
      Object.assign(window, { recording })
      const off = new AbortController()
      const landed = ({ animationName }: AnimationEvent) => {
        if (animationName === 'land') recording.landings++
      }
      addEventListener('animationstart', landed, { signal: off.signal })
      const nodes = new Map<unknown, number>([[null, 0]])
      const numberOf = (node: Node | null) => {
        if (!nodes.has(node)) nodes.set(node, nodes.size)
        return nodes.get(node)
      }
      const write = () => {
        for (const tile of document.querySelectorAll<HTMLElement>('[data-image]')) {
          const image = tile.querySelector<HTMLImageElement>('.picture')
          const { x, y, width: w, height: h } = tile.getBoundingClientRect()
          const isLoaded = image?.complete && image.naturalWidth > 0
          const opacity = isLoaded && getComputedStyle(image).opacity
          const state = {
            x,
            y,
            w,
            h,
            nodes: [numberOf(tile), numberOf(image)],
            src: image?.src,
            opacity,
          }
          const states = (recording.states[tile.dataset['image']!] ??= [])
          if (states.at(-1) !== JSON.stringify(state)) states.push(JSON.stringify(state))
        }
        if (recording.open) requestAnimationFrame(write)
        else off.abort()
      }
      write()
    })
    return {
      close: async () => {
        const { states, landings } = await this.page.evaluate(() => {
          const { recording } = window as unknown as {
            recording: { states: Record<string, string[]>; landings: number; open: boolean }
          }
          recording.open = false
          return recording
        })
        const parse = (all: string[]) => all.map((state) => JSON.parse(state) as TileState)
        return {
          landings,
          states: new Map(Object.entries(states).map(([id, all]) => [id, parse(all)])),
        }
      },
    }
  }

  /** Saves a screenshot of a failed test. */
  async #saveScreenshot(t: TestContext): Promise<void> {
    if (this.page.isClosed()) return
    const path = join(await mkdtemp(join(tmpdir(), 'wirephoto-e2e-')), 'page.png')
    await this.page.screenshot({ path }).catch(() => {})
    t.diagnostic(`The page when it failed: ${path}`)
  }
}

/** Returns the pictures that have a node, oldest first. Runs in a page. */
export function readTiles(): Tile[] {
  const found = [...document.querySelectorAll<HTMLElement>('[data-image]')].map((each) => {
    const { x, y, width: w, height: h } = each.getBoundingClientRect()
    const { image, state } = each.dataset
    const label = each.querySelector('.visually-hidden')!.textContent
    return { id: image!, label, state: state!, x, y, w, h }
  })
  return found.sort((a, b) => (a.id < b.id ? -1 : 1))
}

/** Returns whether that many pictures are painted in full. Runs in a page. */
export function areTilesPainted([count, which]: readonly [number, 'any' | 'stored']): boolean {
  const all = [...document.querySelectorAll<HTMLElement>('[data-image]')]
  const seen = all.filter((tile) => {
    const image = tile.querySelector<HTMLImageElement>('.picture')
    if (!image?.complete || image.naturalWidth === 0) return false
    if (getComputedStyle(image).opacity !== '1') return false
    return which === 'any' || tile.dataset['state'] === 'stored'
  })
  return seen.length === count
}

/** Returns the middle of a picture on the screen. */
export const middleOf = ({ x, y, w, h }: Tile): [number, number] => [x + w / 2, y + h / 2]

/** Hides or shows the page, as a browser does with a tab that another one covers. */
export async function setHidden({ page }: BoardPage, isHidden: boolean): Promise<void> {
  await page.evaluate((hidden) => {
    const value = hidden ? 'hidden' : 'visible'
    Object.defineProperty(document, 'visibilityState', { value, configurable: true })
    document.dispatchEvent(new Event('visibilitychange'))
  }, isHidden)
}
