import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { overlayWords } from '@wirephoto/web/words/overlay'
import { words } from '@wirephoto/web/words/page'
import { HOSTS, openFixture } from '../support/e2e-fixture.ts'
import type { BoardPage } from '../support/page.ts'

const { fixture, samples } = await openFixture()

for (const host of HOSTS)
  describe(`at http://${host}`, () => {
    test('G18: translated text is replaced when it changes, and never doubled', async (t) => {
      const { board, anna, ben } = await fixture.openPair(t, host)
      const { page } = anna
      await anna.drop([await samples.draw('one.jpg', { width: 300, height: 200 })], {
        x: 600,
        y: 400,
      })
      const [tile] = await anna.waitForPainted(1, 'stored')
      await page.mouse.click(tile!.x + 20, tile!.y + 20)
      await translate(anna)
      await waitForText(anna, '.connection', `«${words.live}»`)

      await page.keyboard.press('-')
      await waitForText(anna, '.zoom .percent', /^(?!100)\d+ %$/)
      for (const title of ['First', 'Second']) {
        await ben.page.locator('.title .name').click()
        await ben.page.getByLabel(words.boardName).fill(title)
        await ben.page.keyboard.press('Enter')
        await waitForText(anna, '.title .name', `«${title}»`)
      }
      for (const caption of ['Before', 'After']) {
        await ben.page.mouse.click(tile!.x + 20, tile!.y + 20)
        await ben.page.keyboard.press('c')
        await ben.page.getByLabel(overlayWords.captionOf('one.jpg')).fill(caption)
        await ben.page.keyboard.press('Enter')
        await waitForText(anna, '.tile .visually-hidden', `«${caption}»`)
        await waitForText(anna, '.tile .about', new RegExp(`^«${caption} · .*»$`))
      }
      await page.keyboard.press('Enter')
      await waitForText(anna, '.lightbox .caption', '«After»')
      await page.keyboard.press('Escape')
      await page.getByRole('dialog').waitFor({ state: 'detached' })

      const carl = await fixture.openPage(t, host, board)
      await waitForText(anna, '.people .visually-hidden', `«${overlayWords.here(3)}»`)
      await carl.page.close()
      await waitForText(anna, '.people .visually-hidden', `«${overlayWords.here(2)}»`)
      await page.keyboard.press('Delete')
      await waitForText(anna, '.toast p', `«${words.deleted(1)}»`)
    })

    test('G18: progress and the connection are told in translation too', async (t) => {
      const board = await fixture.newBoard()
      const proxy = await fixture.openProxy(t)
      const anna = await fixture.openPage(t, host, board, {
        port: proxy.port,
        allowedErrors: /ERR_|WebSocket/,
      })
      await translate(anna)
      proxy.up.bytesPerSecond = 150_000
      await anna.drop([await samples.draw('large.jpg', { width: 2000, height: 1500 })], {
        x: 600,
        y: 400,
      })
      await waitForText(anna, '.tile .transfer', /^«\d+ %»$/)
      await waitForText(anna, '.tile .transfer', /^«[1-9]\d? %»$/)
      proxy.disconnect()
      await waitForText(anna, '.connection', /^«(?!Live|Connecting).+»$/)
      proxy.up.bytesPerSecond = Number.POSITIVE_INFINITY
      proxy.reconnect()
      await waitForText(anna, '.connection', `«${words.live}»`)
      await anna.waitForPainted(1, 'stored')
    })
  })

/** Does what browsers do that translate: puts elements in the place of all text nodes, now and later. */
async function translate({ page }: BoardPage): Promise<void> {
  await page.evaluate(() => {
    const wrap = (node: Node): void => {
      if (node instanceof Element) {
        if (node.matches('font, script, style, textarea, [translate="no"]')) return
        for (const child of node.childNodes) wrap(child)
      } else if (node.nodeType === Node.TEXT_NODE && node.textContent!.trim() !== '') {
        if (node.parentElement?.closest('font, [translate="no"]')) return
        const [outer, inner] = [document.createElement('font'), document.createElement('font')]
        inner.textContent = `«${node.textContent}»`
        outer.append(inner)
        node.parentNode?.replaceChild(outer, node)
      }
    }
    wrap(document.body)
    const observer = new MutationObserver((changes) => {
      for (const { addedNodes, target, type } of changes)
        for (const node of type === 'characterData' ? [target] : addedNodes)
          if (node.isConnected) wrap(node)
    })
    observer.observe(document.body, { childList: true, characterData: true, subtree: true })
  })
}

/** Resolves when an element has that text and no other. */
async function waitForText(
  page: BoardPage,
  selector: string,
  text: string | RegExp,
): Promise<void> {
  const wanted = typeof text === 'string' ? { text } : { pattern: text.source }
  await page
    .waitUntil(
      ([which, { text: whole, pattern }]) =>
        [...document.querySelectorAll(which)].some(({ textContent }) =>
          pattern ? new RegExp(pattern).test(textContent.trim()) : textContent.trim() === whole,
        ),
      [selector, wanted as { text?: string; pattern?: string }] as const,
    )
    .catch(async (error: unknown) => {
      const shown = await page.page.locator(selector).allTextContents()
      assert.fail(`${selector} shows ${JSON.stringify(shown)}, not ${text}: ${error}`)
    })
}
