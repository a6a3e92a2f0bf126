import { type BrowserContext, chromium, type Page } from 'playwright-core'
import { launchBrowser } from './browser.ts'
import { freePort } from './free-port.ts'

/**
 * A Chromium whose pages can be frozen, as a phone freezes those behind its lock screen. Playwright keeps its
 * own pages visible, and a visible page is never frozen.
 */
export class FreezableBrowser {
  readonly context: BrowserContext
  readonly close: () => Promise<void>

  private constructor(context: BrowserContext, close: () => Promise<void>) {
    this.context = context
    this.close = close
  }

  static async open(): Promise<FreezableBrowser> {
    const port = await freePort()
    const launched = await launchBrowser({ args: [`--remote-debugging-port=${port}`] })
    const browser = await chromium.connectOverCDP(`http://127.0.0.1:${port}`, { noDefaults: true })
    return new FreezableBrowser(browser.contexts()[0]!, async () => {
      await browser.close()
      await launched.close()
    })
  }

  /** Hides the page and freezes it. Returns a function that wakes it and shows it. */
  async freeze(page: Page): Promise<() => Promise<void>> {
    const cdp = await this.context.newCDPSession(page)
    await cdp.send('Page.setWebLifecycleState', { state: 'frozen' })
    return async () => {
      await cdp.send('Page.setWebLifecycleState', { state: 'active' })
      await cdp.send('Page.bringToFront')
      await cdp.detach()
    }
  }
}
