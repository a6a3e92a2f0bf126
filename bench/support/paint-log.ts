import type { BrowserContext, Page } from 'playwright-core'

/** A picture that a page has painted. */
export interface Paint {
  /** Milliseconds since 1970. */
  readonly at: number
  /** PNG, at most 640 px wide. */
  readonly picture: Buffer
}

/** Narrower ones are blurs and icons. */
const MIN_WIDTH_PX = 64

/** Makes the context's pages record what they paint; call it before they load. */
export async function recordPaints(context: BrowserContext): Promise<void> {
  await context.addInitScript((narrowest) => {
    const paints: { at: number; picture: string }[] = []
    Object.assign(window, { paints })
    const known = new WeakMap<Element, string>()
    const isVisible = (element: Element | null): boolean => {
      let opacity = 1
      for (let each = element; each; each = each.parentElement)
        opacity *= Number(getComputedStyle(each).opacity)
      return opacity >= 0.9
    }
    const note = (image: HTMLImageElement): void => {
      const at = performance.timeOrigin + performance.now()
      const canvas = document.createElement('canvas')
      canvas.width = Math.min(640, image.naturalWidth)
      canvas.height = Math.round((canvas.width * image.naturalHeight) / image.naturalWidth)
      canvas.getContext('2d')!.drawImage(image, 0, 0, canvas.width, canvas.height)
      paints.push({ at, picture: canvas.toDataURL('image/png') })
    }
    const look = (): void => {
      for (const image of document.images) {
        if (known.get(image) === image.src || !image.complete) continue
        if (image.naturalWidth < narrowest || !isVisible(image)) continue
        known.set(image, image.src)
        // A decoded picture is in the next frame; when the one after begins, that frame has been
        // painted.
        void image.decode().then(
          () => requestAnimationFrame(() => requestAnimationFrame(() => note(image))),
          () => known.delete(image),
        )
      }
      requestAnimationFrame(look)
    }
    requestAnimationFrame(look)
  }, MIN_WIDTH_PX)
}

/** The boxes that a page has shown. */
export interface BoxLog {
  /** When each box was first painted in the window: milliseconds since 1970. */
  readonly times: readonly number[]
  /** The frames in which a box stood without a picture. */
  readonly blankFrames: number
}

/**
 * Makes the context's pages record which boxes they paint; call it before they load. A look for blank ones costs
 * time at each frame.
 */
export async function recordBoxes(
  context: BrowserContext,
  { withBlanks }: { withBlanks: boolean },
): Promise<void> {
  await context.addInitScript((looksForBlanks) => {
    const boxes = { times: [] as number[], blankFrames: 0 }
    Object.assign(window, { boxes })
    const known = new Set<string>()
    const opacityOf = (element: Element): number => Number(getComputedStyle(element).opacity)
    const isBlank = (box: Element): boolean => {
      const frame = box.querySelector('.picture-image')
      const isPictured = [...box.querySelectorAll('img')].some(
        (image) => image.complete && image.naturalWidth > 0 && opacityOf(image) >= 0.9,
      )
      // A box that is hardly visible yet is none.
      return frame !== null && !isPictured && opacityOf(frame) >= 0.1
    }
    const look = (): void => {
      let isAnyBlank = false
      for (const box of document.querySelectorAll<HTMLElement>('[data-image]')) {
        isAnyBlank ||= looksForBlanks && isBlank(box)
        const id = box.dataset['image']!
        if (known.has(id)) continue
        const { left, top, right, bottom } = box.getBoundingClientRect()
        if (right < 0 || bottom < 0 || left > innerWidth || top > innerHeight) continue
        known.add(id)
        // When the next frame begins, this one has been painted.
        requestAnimationFrame(() => boxes.times.push(performance.timeOrigin + performance.now()))
      }
      if (isAnyBlank) boxes.blankFrames++
      requestAnimationFrame(look)
    }
    requestAnimationFrame(look)
  }, withBlanks)
}

/** Resolves to the boxes that the page has painted so far. */
export const readBoxes = (page: Page): Promise<BoxLog> =>
  page.evaluate(() => (window as unknown as { boxes: BoxLog }).boxes)

/** Resolves to the page's paints so far, from the `from`th on. */
export async function readPaints(page: Page, from: number): Promise<Paint[]> {
  const paints = await page.evaluate(
    (start) =>
      (window as unknown as { paints: { at: number; picture: string }[] }).paints.slice(start),
    from,
  )
  return paints.map(({ at, picture }) => ({
    at,
    picture: Buffer.from(picture.slice(picture.indexOf(',') + 1), 'base64'),
  }))
}
