import type { TestContext } from 'node:test'
import type { Role } from '@wirephoto/board'
import type { Locator } from 'playwright-core'
import { type E2eFixture, type PageOptions, PHONE } from './e2e-fixture.ts'
import { BoardPage } from './page.ts'
import type { SampleFiles } from './sample-files.ts'
import { type MadeBoard, Visitor } from './visitor.ts'

/* Guests with a link to add, on a phone that shows them their page. */

/** Browsers log failed requests and sockets, whatever the page does. */
export const FAILED_REQUESTS = /net::ERR_|WebSocket connection|40[34] \(/
const GUEST = { ...PHONE, hasFeed: true } as const

/** Opens guests' pages, and adds pictures there. */
export class GuestPages {
  readonly #fixture: E2eFixture
  readonly #samples: SampleFiles

  constructor(fixture: E2eFixture, samples: SampleFiles) {
    this.#fixture = fixture
    this.#samples = samples
  }

  /** Makes a board, and opens its add link: on a phone unless told otherwise. */
  async openGuest(
    t: TestContext,
    options: PageOptions = {},
  ): Promise<{ made: MadeBoard; guest: BoardPage }> {
    const made = await new Visitor(this.#fixture.server.url).makeBoard()
    return { made, guest: await this.open(t, made, 'add', { ...GUEST, ...options }) }
  }

  /** Opens the board's link of this role. */
  async open(
    t: TestContext,
    made: MadeBoard,
    role: Role,
    { port = this.#fixture.server.port, says, allowedErrors, ...further }: PageOptions,
  ): Promise<BoardPage> {
    const context = await this.#fixture.newContext({ hasTouch: true, ...further })
    // Only at localhost pages may have a service worker.
    const name = further.serviceWorkers === 'allow' ? 'localhost' : 'wire.test'
    const page = await BoardPage.open(context, `http://${name}:${port}`)
    if (allowedErrors) page.allowedErrors = allowedErrors
    this.#fixture.closeAfter(t, async () => {
      await page.close(t)
      await context.close()
    })
    const { pathname, hash } = new URL(linkOf(made, role))
    await page.goto(pathname + hash, says)
    await page.page.locator('.overlay').waitFor({ state: 'attached' })
    return page
  }

  draw(name: string, seed = 1): Promise<string> {
    return this.#samples.draw(name, { width: 400, height: 300, seed })
  }

  async add({ page }: BoardPage, ...names: string[]): Promise<void> {
    await page.setInputFiles(
      '#choose-files',
      await Promise.all(names.map((name, i) => this.draw(name, i))),
    )
  }
}

export const linkOf = ({ links }: MadeBoard, role: Role): string =>
  links.find((each) => each.role === role)!.url

/** Returns the row of one of a guest's own pictures, while it says this. */
export const ownRow = ({ page }: BoardPage, name: string, says = ''): Locator =>
  page.locator('[data-own]', { hasText: name }).filter({ hasText: says })
