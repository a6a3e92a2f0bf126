import type { Browser, BrowserContext } from 'playwright-core'
import { BoardPage } from '../../test/support/page.ts'
import type { ServerProcess } from '../../test/support/server-process.ts'
import { RawClient, snapshotOf } from './raw-client.ts'
import { Shaper } from './shaper.ts'

const PAGE_COUNT = 2
const SOCKET_COUNT = 18

/** A server, and how one looks at it. */
export interface Contender {
  readonly port: number
  readonly path: string
  /** Joins a viewer without a page. */
  readonly join: () => Promise<RawClient>
}

/** Takes an open board of the product, and says how one looks at it. */
export async function newBoard(server: ServerProcess): Promise<Contender> {
  const { port } = server
  const id = await server.newBoard()
  const { cursor } = await snapshotOf(port, id)
  const join = async (): Promise<RawClient> => {
    const rawClient = await RawClient.connect(port, undefined, id)
    await rawClient.follow(cursor)
    return rawClient
  }
  return { port, path: `/b/${id}`, join }
}

/** The boxes and previews that a viewer without a page has got, and when: milliseconds since 1970. */
export interface Heard {
  readonly boxes: { readonly at: number; readonly id: string }[]
  readonly previews: { readonly at: number; readonly picture: Buffer }[]
}

/** A sender's page on a slow connection, two pages that look on, and eighteen viewers without a page. */
export class Audience {
  readonly sender: BoardPage
  readonly pages: readonly BoardPage[]
  readonly heard: readonly Heard[]
  readonly #stack: AsyncDisposableStack

  private constructor(
    stack: AsyncDisposableStack,
    sender: BoardPage,
    pages: readonly BoardPage[],
    heard: readonly Heard[],
  ) {
    this.#stack = stack
    this.sender = sender
    this.pages = pages
    this.heard = heard
  }

  /** Opens it; `prepare` runs before a page loads. */
  static async open(
    browser: Browser,
    contender: Contender,
    prepare: (context: BrowserContext) => Promise<void>,
  ): Promise<Audience> {
    await using stack = new AsyncDisposableStack()
    const shaper = stack.adopt(await Shaper.open(contender.port), (each) => each.close())
    const open = async (port: number): Promise<BoardPage> => {
      const context = stack.adopt(await browser.newContext(), (each) => each.close())
      await prepare(context)
      const opened = await BoardPage.open(context, `http://localhost:${port}`)
      await opened.goto(contender.path)
      return opened
    }
    const pages: BoardPage[] = []
    for (let i = 0; i < PAGE_COUNT; i++) pages.push(await open(contender.port))
    const sender = await open(shaper.port)
    const heard: Heard[] = []
    for (let i = 0; i < SOCKET_COUNT; i++) {
      const rawClient = stack.adopt(await contender.join(), (each) => each.close())
      heard.push(listen(rawClient))
    }
    return new Audience(stack.move(), sender, pages, heard)
  }

  async close(): Promise<void> {
    await this.#stack.disposeAsync()
  }
}

/** How many look on. */
export const AUDIENCE_LABEL = `${PAGE_COUNT} pages and ${SOCKET_COUNT} sockets`

function listen(rawClient: RawClient): Heard {
  const heard: Heard = { boxes: [], previews: [] }
  rawClient.onBatch = ({ changes }) => {
    for (const change of changes)
      if ('put' in change && change.put.kind === 'image' && change.put.blob === null)
        heard.boxes.push({ at: now(), id: change.put.id })
  }
  rawClient.onPreview = (_, picture) => heard.previews.push({ at: now(), picture })
  return heard
}

/** Milliseconds since 1970, as pages count them. */
export const now = (): number => performance.timeOrigin + performance.now()
