import { serverPath } from './server-url.ts'

/**
 * Short texts that outlive the page. A browser that blocks site data throws at every touch, as does full
 * storage when it is written. Then they last as long as the page. Another server on the same host, under
 * another path, has other keys.
 */
class SiteData {
  readonly #open: () => Storage
  readonly #unkept = new Map<string, string | null>()

  constructor(open: () => Storage) {
    this.#open = open
  }

  get(key: string): string | null {
    const unkept = this.#unkept.get(key)
    if (unkept !== undefined) return unkept
    try {
      return this.#open().getItem(key + serverPath)
    } catch {
      return null
    }
  }

  /** Sets a text, or removes it with null. Returns false if it won't outlive the page. */
  set(key: string, text: string | null): boolean {
    this.#unkept.delete(key)
    try {
      if (text === null) this.#open().removeItem(key + serverPath)
      else this.#open().setItem(key + serverPath, text)
      return true
    } catch {
      this.#unkept.set(key, text)
      return false
    }
  }
}

/** Kept for this browser, and shared by its pages. */
export const browserData = new SiteData(() => localStorage)
/** Kept for this tab, across reloads. */
export const tabData = new SiteData(() => sessionStorage)

/** Returns the browser's service workers; null where it has none, and where site data is blocked. */
export function serviceWorkers(): ServiceWorkerContainer | null {
  try {
    return 'caches' in window && window.caches ? (navigator.serviceWorker ?? null) : null
  } catch {
    return null
  }
}
