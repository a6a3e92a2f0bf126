import type { BoardPage } from './page.ts'

/**
 * Returns a list that receives the previews that a page sends, which are pictures in binary frames.
 */
export function capturePreviews({ page }: BoardPage): { type: 'webp' | 'jpeg'; bytes: Buffer }[] {
  const sent: { type: 'webp' | 'jpeg'; bytes: Buffer }[] = []
  void page
    .context()
    .newCDPSession(page)
    .then(async (cdp) => {
      await cdp.send('Network.enable')
      cdp.on('Network.webSocketFrameSent', ({ response: { opcode, payloadData } }) => {
        const bytes = Buffer.from(payloadData, 'base64')
        if (opcode !== 2) return
        if (bytes.toString('latin1', 8, 12) === 'WEBP') sent.push({ type: 'webp', bytes })
        if (bytes.readUInt16BE() === 0xffd8) sent.push({ type: 'jpeg', bytes })
      })
    })
  return sent
}

/** Returns the share of the one uploading picture that its label shows, from 0 to 1. */
export async function shownProgress({ page }: BoardPage): Promise<number> {
  const text = await page.locator('.picture-info .transfer', { hasText: '%' }).textContent()
  return Number.parseInt(text!, 10) / 100
}

/** Resolves when the label shows more than this share. */
export async function waitForProgress(page: BoardPage, than: number): Promise<void> {
  await page.waitUntil(
    (share) =>
      Number.parseInt(document.querySelector('.picture-info .transfer')?.textContent ?? '', 10) /
        100 >
      share,
    than,
  )
}

/**
 * Returns where the progress line and the pale part begin, from 0 at the top to 1, and the line's
 * style.
 */
export function readProgressLine({ page }: BoardPage) {
  return page.locator('.progress-line').evaluate((wire) => {
    const { top, height } = wire.getBoundingClientRect()
    const [unsent, scan] = [wire.querySelector('.unsent')!, wire.querySelector('.scan')!]
    const { borderBottomStyle: style, borderBottomColor: colour } = getComputedStyle(scan)
    return {
      line: (scan.getBoundingClientRect().bottom - top) / height,
      pale: (unsent.getBoundingClientRect().top - top) / height,
      style,
      colour,
    }
  })
}

/** Returns whether the line stands at the percentage of the label. Runs in a page. */
export function lineMatchesLabel(): boolean {
  const wire = document.querySelector('.progress-line')!
  const { top, height } = wire.getBoundingClientRect()
  const line = (wire.querySelector('.scan')!.getBoundingClientRect().bottom - top) / height
  const said = document.querySelector('.picture-info .transfer')?.textContent ?? ''
  return Math.abs(line - Number.parseInt(said, 10) / 100) < 0.015
}

/** Returns a design token's colour, as a computed style names it. */
export function designTokenColour({ page }: BoardPage, name: string): Promise<string> {
  return page.evaluate((token) => {
    const probe = document.body.appendChild(document.createElement('i'))
    probe.style.color = `var(${token})`
    const { color } = getComputedStyle(probe)
    probe.remove()
    return color
  }, name)
}

/**
 * Checks at every frame that the one picture, once painted in full, stays so; counts the frames
 * that fail.
 */
export async function watchForBlanks({
  page,
}: BoardPage): Promise<{ close(): Promise<{ blanks: number }> }> {
  await page.evaluate(() => {
    const watch = { blanks: 0, open: true }
    Object.assign(window, { watch })
    let wasSeen = false
    const look = () => {
      const images = [...document.querySelectorAll<HTMLImageElement>('[data-image] img')]
      const isSeen = images.some(
        (image) =>
          image.complete && image.naturalWidth > 0 && getComputedStyle(image).opacity === '1',
      )
      if (wasSeen && !isSeen) watch.blanks++
      wasSeen ||= isSeen
      if (watch.open) requestAnimationFrame(look)
    }
    look()
  })
  return {
    close: () =>
      page.evaluate(() => {
        const { watch } = window as unknown as { watch: { blanks: number; open: boolean } }
        watch.open = false
        return { blanks: watch.blanks }
      }),
  }
}
