import { appendFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

const FILE_NAME = 'classic-visitors'
const REMEMBERED_COUNT = 1_000

/**
 * The visitors who have sent `User:connect`, kept in the data folder. A page sends that once in its life,
 * but its socket and the server may be replaced in that time.
 */
export class ReturningVisitors {
  readonly #path: string
  readonly #visitors: Set<string>

  private constructor(path: string, visitors: readonly string[]) {
    this.#path = path
    this.#visitors = new Set(visitors)
  }

  /** Reads the newest visitors of earlier runs. */
  static async open(folder: string): Promise<ReturningVisitors> {
    const path = join(folder, FILE_NAME)
    const text = await readFile(path, 'utf8').catch(() => '')
    const newest = text.split('\n').filter(Boolean).slice(-REMEMBERED_COUNT)
    await writeFile(path, newest.map((visitor) => `${visitor}\n`).join(''))
    return new ReturningVisitors(path, newest)
  }

  has(visitor: string): boolean {
    return this.#visitors.has(visitor)
  }

  /** Remembers a visitor. If the disk takes nothing, the visitor is forgotten at the next start. */
  async add(visitor: string): Promise<void> {
    if (this.#visitors.has(visitor)) return
    this.#visitors.add(visitor)
    const [oldest] = this.#visitors
    if (this.#visitors.size > REMEMBERED_COUNT) this.#visitors.delete(oldest!)
    await appendFile(this.#path, `${visitor}\n`).catch(() => {})
  }
}
