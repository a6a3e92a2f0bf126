import assert from 'node:assert/strict'
import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, extname, join } from 'node:path'
import type { TestContext } from 'node:test'
import { areTilesPainted, PAGE_TIMEOUT_MS, readTiles, type Tile } from './page.ts'

/** A browser window, driven by what each browser brings itself. */
export interface BrowserWindow {
  /** Console errors, as far as the browser reports them. */
  readonly problems: string[]
  /** Resolves when the page and all its resources have loaded. */
  goto(url: string): Promise<void>
  /** Resolves to the value of an expression in the page, awaited; it must be JSON. */
  evaluate(expression: string): Promise<unknown>
  /** Chooses a file of this machine in the file dialog of an input. */
  chooseFile(input: string, path: string): Promise<void>
  /** Performs input actions (W3C WebDriver, section 15; BiDi has the same). */
  performActions(sources: readonly object[]): Promise<void>
  /** Returns a PNG. */
  screenshot(): Promise<Buffer>
  close(): Promise<void>
}

/** A board in a browser other than Chromium, and the errors that occurred on it. */
export class WebDriverPage {
  readonly #window: BrowserWindow
  readonly #origin: string

  constructor(window: BrowserWindow, origin: string) {
    this.#window = window
    this.#origin = origin
  }

  /** Opens a path, and resolves when the page says that it is live. */
  async goto(path: string): Promise<void> {
    await this.#window.goto(this.#origin + path)
    await this.waitForText('.connection', 'Live')
  }

  async evaluate<A, R>(inPage: (arg: A) => R | Promise<R>, arg: A): Promise<R> {
    return (await this.#window.evaluate(callExpression(inPage, arg))) as R
  }

  /** Resolves when the function, run in the page at every frame, returns true. */
  async waitUntil<A>(isSo: (arg: A) => boolean, arg: A): Promise<void> {
    const isNow = callExpression(isSo, arg)
    const came = await this.#window.evaluate(`new Promise((resolve) => {
      const last = performance.now() + ${PAGE_TIMEOUT_MS}
      const look = () => {
        if (${isNow}) resolve(true)
        else if (performance.now() > last) resolve(false)
        else requestAnimationFrame(look)
      }
      look()
    })`)
    assert.ok(came, `never so: ${isNow}`)
  }

  /** Resolves when an element has this text. */
  async waitForText(selector: string, text: string): Promise<void> {
    await this.waitUntil(
      (arg) =>
        [...document.querySelectorAll(arg.selector)].some((each) =>
          each.textContent.includes(arg.text),
        ),
      { selector, text },
    )
  }

  async tiles(): Promise<Tile[]> {
    return this.evaluate(readTiles, undefined)
  }

  /**
   * Resolves when that many pictures are painted in full; with `stored`, when they are stored too.
   */
  async waitForPainted(count: number, which: 'any' | 'stored' = 'any'): Promise<Tile[]> {
    await this.waitUntil(areTilesPainted, [count, which] as const)
    return this.tiles()
  }

  /** Drops a file by a script's event, since no driver can drag one from a desktop. */
  async drop(path: string, [x, y]: readonly [number, number]): Promise<void> {
    const type = `image/${extname(path).slice(1).replace('jpg', 'jpeg')}`
    const base64 = (await readFile(path)).toString('base64')
    await this.evaluate(
      (what) => {
        const bytes = Uint8Array.from(atob(what.base64), (each) => each.charCodeAt(0))
        const dataTransfer = new DataTransfer()
        dataTransfer.items.add(new File([bytes], what.name, { type: what.type }))
        const { x: clientX, y: clientY } = what
        for (const kind of ['dragenter', 'dragover', 'drop'])
          document.elementFromPoint(clientX, clientY)!.dispatchEvent(
            new DragEvent(kind, {
              dataTransfer,
              clientX,
              clientY,
              bubbles: true,
              cancelable: true,
            }),
          )
      },
      { base64, type, name: basename(path), x, y },
    )
  }

  async chooseFile(input: string, path: string): Promise<void> {
    await this.#window.chooseFile(input, path)
  }

  async drag(from: readonly [number, number], to: readonly [number, number]): Promise<void> {
    const move = ([x, y]: readonly [number, number], duration: number) => ({
      type: 'pointerMove',
      x: Math.round(x),
      y: Math.round(y),
      duration,
    })
    const middle = [(from[0] + to[0]) / 2, (from[1] + to[1]) / 2] as const
    const down = { type: 'pointerDown', button: 0 }
    const up = { type: 'pointerUp', button: 0 }
    const actions = [move(from, 0), down, move(middle, 100), move(to, 100), up]
    await this.#window.performActions([{ type: 'pointer', id: 'mouse', actions }])
  }

  async press(key: string): Promise<void> {
    const actions = ['keyDown', 'keyUp'].map((type) => ({ type, value: key }))
    await this.#window.performActions([{ type: 'key', id: 'keyboard', actions }])
  }

  async screenshot(path: string): Promise<void> {
    await writeFile(path, await this.#window.screenshot())
  }

  /** Ends a test: asserts that nothing went wrong but what the test causes. */
  async close(t: TestContext, allowedErrors: RegExp): Promise<void> {
    // The types are older than the runner.
    if (!(t as TestContext & { passed: boolean }).passed) {
      const path = join(await mkdtemp(join(tmpdir(), 'wirephoto-e2e-')), 'page.png')
      await this.screenshot(path).catch(() => {})
      t.diagnostic(`The page when it failed: ${path}`)
    }
    const problems = this.#window.problems.splice(0)
    assert.deepEqual(
      problems.filter((each) => !allowedErrors.test(each)),
      [],
      'no errors',
    )
  }
}

/** Returns the call of a function as an expression. */
const callExpression = <A>(inPage: (arg: A) => unknown, arg: A): string =>
  `(${inPage})(${JSON.stringify(arg)})`
