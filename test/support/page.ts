import assert from 'node:assert/strict'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { BrowserContext, CDPSession, Locator, Page } from 'playwright-core'

/** Milliseconds that anything may take here before it counts as never. */
export const PAGE_TIMEOUT_MS = 45_000
/** No console error is of a test's own making. */
export const NO_ERRORS = /^$/

interface Point {
  readonly x: number
  readonly y: number
}

/** What is dragged from another page or copied there, by media type. */
export type DragData = Readonly<Record<string, string>>

/** A picture as it stands on the screen. */
export interface Tile {
  readonly id: string
  /** As a screen reader names it. */
  readonly label: string
  readonly state: string
  readonly x: number
  readonly y: number
  readonly w: number
  readonly h: number
}

/** A tile at one moment: its place on the screen, its nodes, what it shows and how opaque. */
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
  /** Each tile's days by its picture, none like the one before. */
  readonly states: ReadonlyMap<string, readonly TileState[]>
}

/** A page on a board, and what has gone wrong on it. */
export class BoardPage {
  readonly page: Page
  readonly context: BrowserContext
  /** Errors on the console (the policy's too), dialogs, requests that left the origin. */
  readonly problems: string[] = []
  /** Of the console's errors, those of this test's making. */
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
      if (!here(request.url())) this.problems.push(`request to ${request.url()}`)
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

  /** Resolves when the page says that it is live. */
  async goto(path: string): Promise<void> {
    await this.page.goto(this.#origin + path)
    await this.waitForLive()
  }

  async waitForLive(): Promise<void> {
    await this.page.locator('.connection', { hasText: 'Live' }).waitFor({ state: 'attached' })
  }

  /** The end of a test: nothing may have gone wrong. */
  async close(t: TestContext): Promise<void> {
    // The types are older than the runner.
    if (!(t as TestContext & { passed: boolean }).passed) await this.#saveScreenshot(t)
    const problems = this.problems.splice(0)
    assert.deepEqual(problems, [], 'no errors, no dialogs, nothing from elsewhere')
  }

  /** Drops files of this machine, as from its desktop. */
  async drop(files: readonly string[] | DragData, at: Point): Promise<void> {
    await this.dragOver(files, at)
    await this.#drag('drop', files, at)
  }

  /** Holds files over the page, or what is dragged from another page. */
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

  /** Pastes text of such types, as a browser tells of it. */
  async paste(what: DragData): Promise<void> {
    await this.page.evaluate((data) => {
      const clipboardData = new DataTransfer()
      for (const [type, text] of Object.entries(data)) clipboardData.setData(type, text)
      const event = { clipboardData, bubbles: true, cancelable: true }
      ;(document.activeElement ?? document.body).dispatchEvent(new ClipboardEvent('paste', event))
    }, what)
  }

  /** Fingers on the glass; none are lifted fingers. */
  async touch(type: 'touchStart' | 'touchMove' | 'touchEnd', ...at: Point[]): Promise<void> {
    const touchPoints = at.map((point, id) => ({ ...point, id }))
    await this.#cdp.send('Input.dispatchTouchEvent', { type, touchPoints })
  }

  /** The pictures that have a node, in the order in which they came. */
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

  /** Resolves to the pictures when there are as many. */
  async waitForTiles(count: number): Promise<Tile[]> {
    await this.waitUntil((n) => document.querySelectorAll('[data-image]').length === n, count)
    return this.tiles()
  }

  /** Resolves when that many pictures are painted in full, stored ones if asked for. */
  async waitForPainted(count: number, which: 'any' | 'stored' = 'any'): Promise<Tile[]> {
    await this.waitUntil(areTilesPainted, [count, which] as const)
    return this.tiles()
  }

  /** Resolves when the function, run in the page at every frame, returns true. */
  async waitUntil<A>(isSo: (arg: A) => boolean, arg: A): Promise<void> {
    await this.page.waitForFunction(isSo as (arg: unknown) => boolean, arg, { polling: 'raf' })
  }

  /** Resolves after the page's next frame. */
  async nextFrame(): Promise<void> {
    await this.page.evaluate(() => new Promise(requestAnimationFrame))
  }

  /** Resolves when a notice says this. */
  async waitForToast(text: string | RegExp): Promise<Locator> {
    const toast = this.page.locator('.toast', { hasText: text })
    await toast.waitFor()
    return toast
  }

  /** What is on the screen from now on, frame by frame, as PNG. */
  async startScreencast(): Promise<{ cut(): Promise<Buffer[]> }> {
    const frames: Buffer[] = []
    const take = ({ data, sessionId }: { data: string; sessionId: number }) => {
      frames.push(Buffer.from(data, 'base64'))
      void this.#cdp.send('Page.screencastFrameAck', { sessionId }).catch(() => {})
    }
    this.#cdp.on('Page.screencastFrame', take)
    await this.#cdp.send('Page.startScreencast', { format: 'png' })
    return {
      cut: async () => {
        await this.#cdp.send('Page.stopScreencast')
        this.#cdp.off('Page.screencastFrame', take)
        return frames
      },
    }
  }

  /** Writes down at every frame how each tile stands and what it shows. */
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

  /** What a failed test looked like. */
  async #saveScreenshot(t: TestContext): Promise<void> {
    if (this.page.isClosed()) return
    const path = join(await mkdtemp(join(tmpdir(), 'wirephoto-e2e-')), 'page.png')
    await this.page.screenshot({ path }).catch(() => {})
    t.diagnostic(`The page when it failed: ${path}`)
  }
}

/** Runs in a page: the pictures that have a node, in the order in which they came. */
export function readTiles(): Tile[] {
  const found = [...document.querySelectorAll<HTMLElement>('[data-image]')].map((each) => {
    const { x, y, width: w, height: h } = each.getBoundingClientRect()
    const { image, state } = each.dataset
    const label = each.querySelector('.unseen')!.textContent
    return { id: image!, label, state: state!, x, y, w, h }
  })
  return found.sort((a, b) => (a.id < b.id ? -1 : 1))
}

/** Runs in a page: whether that many pictures are painted in full. */
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
