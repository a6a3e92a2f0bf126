/* Pictures that another program has shared, from the service worker that takes them to the page that adds them. */

/** The file field of the form; the web manifest names it too. */
export const SHARED_FIELD = 'pictures'
/** Where the form is sent, from the server's own path. */
export const SHARE_PATH = 'share'
/** The search of the page that adds what was just shared, and of the one that says that it couldn't be kept. */
export const SHARED = '?shared'
export const NOT_SHARED = '?not-shared'
const NAME_HEADER = 'x-name'
const LAST_BOARD = 'last-board'
const FOLDER = 'shared/'

/** A file that was shared, and what forgets it. */
interface SharedFile {
  readonly file: File
  readonly forget: () => Promise<unknown>
}

/** The files that other programs shared with the server under `base`, a path with a slash at both ends. */
export class SharedFiles {
  readonly #base: string

  constructor(base: string) {
    this.#base = base
  }

  /** Keeps the board that pictures go to next. */
  async setLastBoard(id: string): Promise<void> {
    await (await this.#open()).put(this.#base + LAST_BOARD, new Response(id))
  }

  async lastBoard(): Promise<string | null> {
    const found = await (await this.#open()).match(this.#base + LAST_BOARD)
    return found ? found.text() : null
  }

  async keep(files: readonly File[]): Promise<void> {
    const cache = await this.#open()
    for (const [i, file] of files.entries()) {
      const headers = {
        'content-type': file.type || 'application/octet-stream',
        [NAME_HEADER]: encodeURIComponent(file.name),
      }
      const address = `${this.#base}${FOLDER}${Date.now()}-${i}`
      await cache.put(address, new Response(file, { headers }))
    }
  }

  /** Returns the files that no page has added yet, oldest first. */
  async list(): Promise<SharedFile[]> {
    const cache = await this.#open()
    const shared: SharedFile[] = []
    for (const request of await cache.keys()) {
      if (!new URL(request.url).pathname.startsWith(this.#base + FOLDER)) continue
      const response = await cache.match(request)
      if (!response) continue
      const type = response.headers.get('content-type') ?? ''
      const name = decodeURIComponent(response.headers.get(NAME_HEADER) ?? '')
      const file = new File([await response.blob()], name, { type })
      shared.push({ file, forget: () => cache.delete(request) })
    }
    return shared
  }

  #open(): Promise<Cache> {
    return caches.open(this.#base === '/' ? 'wirephoto-shared' : `wirephoto-shared ${this.#base}`)
  }
}
