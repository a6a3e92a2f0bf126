import assert from 'node:assert/strict'
import type { ImageRecord } from '@wirephoto/board'
import { blobUrl, openBoard } from '@wirephoto/client'
import type { Page } from 'playwright-core'

/** The bytes of pictures that a page loads by HTTP, also of requests that it breaks off. */
export interface PictureBytes {
  readonly total: number
  readonly byUrl: ReadonlyMap<string, number>
  /** Bytes of the previews that came by the socket. */
  readonly pushed: number
}

/** Counts the bytes of pictures that a page loads from now on. Previews come by the socket. */
export async function countPictureBytes(page: Page): Promise<PictureBytes> {
  const cdp = await page.context().newCDPSession(page)
  await cdp.send('Network.enable')
  const urls = new Map<string, string>()
  const byUrl = new Map<string, number>()
  const add = (requestId: string, bytes: number): void => {
    const url = urls.get(requestId)
    if (url) byUrl.set(url, (byUrl.get(url) ?? 0) + bytes)
  }
  cdp.on('Network.requestWillBeSent', ({ requestId, request }) => {
    const { pathname } = new URL(request.url)
    if (/\/(?:blob|arrivals)\//.test(pathname)) urls.set(requestId, pathname)
  })
  cdp.on('Network.dataReceived', ({ requestId, encodedDataLength }) => {
    add(requestId, encodedDataLength)
  })
  let pushed = 0
  cdp.on('Network.webSocketFrameReceived', ({ response: { opcode, payloadData } }) => {
    if (opcode === 2) pushed += Buffer.byteLength(payloadData, 'base64')
  })
  return {
    byUrl,
    get pushed() {
      return pushed
    },
    get total() {
      return byUrl.values().reduce((sum, bytes) => sum + bytes, 0)
    },
  }
}

/** Resolves to a board's pictures when there are that many and all have their variants. */
export async function waitForVariants(
  url: string,
  board: string,
  count: number,
): Promise<ReadonlyMap<string, ImageRecord>> {
  const opened = openBoard({ url, board })
  try {
    const { promise, resolve } = Promise.withResolvers<void>()
    const look = (): void => {
      const all = [...opened.pictures.values()]
      if (all.length === count && all.every(({ variants }) => variants !== null)) resolve()
    }
    opened.on('pictures', look)
    look()
    await promise
    return new Map(opened.pictures)
  } finally {
    await opened.close()
  }
}

/** Returns, by picture, the path of the smallest source with a pixel for each of the screen. */
export async function smallestSources(
  page: Page,
  board: string,
  records: ReadonlyMap<string, ImageRecord>,
): Promise<Map<string, string>> {
  const sides = await page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>('[data-image]')].map((tile) => {
      const { width, height } = tile.getBoundingClientRect()
      return [tile.dataset['image']!, Math.max(width, height) * devicePixelRatio] as const
    }),
  )
  return new Map(
    sides.map(([id, side]) => {
      const address = blobUrl({ url: '', id: board }, records.get(id)!, Math.round(side))
      assert.ok(address)
      return [id, address]
    }),
  )
}

/** Returns how many bytes these paths have together. */
export async function sumOfBytes(url: string, paths: Iterable<string>): Promise<number> {
  let sum = 0
  for (const path of new Set(paths)) {
    const response = await fetch(url + path)
    assert.equal(response.status, 200)
    sum += (await response.arrayBuffer()).byteLength
  }
  return sum
}

/** Resolves when each picture is drawn from this source, and from no other one. */
export async function waitForSources(
  page: Page,
  sources: ReadonlyMap<string, string>,
): Promise<void> {
  await page.waitForFunction(
    (wanted) =>
      wanted.every(([id, path]) => {
        const images = [
          ...document.querySelectorAll<HTMLImageElement>(`[data-image="${id}"] .picture-image img`),
        ]
        return images.length === 1 && images[0]!.src.endsWith(path) && images[0]!.complete
      }),
    [...sources],
    { polling: 'raf' },
  )
}
