import { randomUUID } from 'node:crypto'
import { readdir, readFile, rm, statfs, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { WireError } from '@wirephoto/board'
import { makeFolder, removeFile } from '@wirephoto/engine'
import { IncomingFile, type UploadTarget } from './incoming-file.ts'

/** Bytes of a file for which it is worth asking the disk whether it has room. */
const LARGE = 1_048_576

/**
 * Files that grow in one folder until they are pictures. One that may be resumed is `<board>.<id>`
 * with a sidecar `<board>.<id>.json` that says how much of it is durable, and `<board>.<id>.webp` is
 * its preview, which may come before it; all else in the folder is what a dead process left.
 */
export class IncomingFiles {
  readonly #folder: string
  readonly #known = new Map<string, IncomingFile>()
  /** Announced while they come, though they live and die with their request. */
  readonly #vowed = new Map<string, IncomingFile>()
  readonly #previews = new Set<string>()
  /** Announced by a dead process, and never to come. */
  readonly orphans: { board: string; id: string }[] = []
  readonly #senders = { count: 0 }

  private constructor(folder: string) {
    this.#folder = folder
  }

  /** Takes up what an earlier run of the server left: up to the last durable byte, and no further (F1). */
  static async open(folder: string): Promise<IncomingFiles> {
    await makeFolder(folder)
    const incomingFiles = new IncomingFiles(folder)
    const files = new Set(await readdir(folder))
    for (const file of files) {
      const [, withPreview] = /^([^.]+\.[^.]+)\.webp$/.exec(file) ?? []
      if (withPreview) {
        incomingFiles.#previews.add(withPreview)
        continue
      }
      const [, board, id] = /^([^.]+)\.([^.]+)\.once$/.exec(file) ?? []
      if (board && id) incomingFiles.orphans.push({ board, id })
      const base = file.replace(/\.json$/, '')
      const found = files.has(base) && (await readSidecar(join(folder, `${base}.json`)))
      if (!found || keyOf(found) !== base)
        await rm(join(folder, file), { recursive: true, force: true })
      else if (file === base) {
        const incomingFile = incomingFiles.#add(found)
        await incomingFile.restore(found.offset)
      }
    }
    return incomingFiles
  }

  /** Those that may be resumed. */
  list(): IncomingFile[] {
    return [...this.#known.values()]
  }

  get(board: string, id: string): IncomingFile | undefined {
    return this.#known.get(keyOf({ board, id }))
  }

  /** The file of an announced picture, however it comes. */
  findAnnounced(board: string, id: string): IncomingFile | undefined {
    return this.get(board, id) ?? this.#vowed.get(keyOf({ board, id }))
  }

  /** Pictures that have a preview. */
  *previewed(): Generator<{ board: string; id: string }> {
    for (const key of this.#previews) {
      const [board, id] = key.split('.')
      yield { board: board!, id: id! }
    }
  }

  hasPreview(board: string, id: string): boolean {
    return this.#previews.has(keyOf({ board, id }))
  }

  /** Null when there is none. */
  async readPreview(board: string, id: string): Promise<Buffer | null> {
    if (!this.hasPreview(board, id)) return null
    return readFile(this.#previewPath(keyOf({ board, id }))).catch(() => null)
  }

  /** Keeps a WebP for those who come late; it goes with the arrival. */
  async keepPreview(board: string, id: string, bytes: Uint8Array): Promise<void> {
    const key = keyOf({ board, id })
    this.#previews.add(key)
    await writeFile(this.#previewPath(key), bytes).catch(() => {
      this.#previews.delete(key)
    })
    // It may have gone meanwhile.
    if (!this.#previews.has(key)) await removeFile(this.#previewPath(key))
  }

  async dropPreview(board: string, id: string): Promise<void> {
    const key = keyOf({ board, id })
    if (this.#previews.delete(key)) await removeFile(this.#previewPath(key))
  }

  /** Begins an arrival that may be resumed; one that has begun already is given back if it has that length. */
  async create(announced: UploadTarget): Promise<IncomingFile> {
    const { board, id, length } = announced
    if (!this.get(board, id)) await this.#expect(length)
    // Another may have begun it meanwhile.
    const incomingFile = this.get(board, id) ?? this.#add(announced)
    if (incomingFile.length !== length) throw new WireError('conflict')
    await incomingFile.begin().catch(async (error: unknown) => {
      await this.remove(incomingFile)
      throw error
    })
    return incomingFile
  }

  /** One that lives and dies with its request. `length` is null when the sender doesn't say. */
  async spool(name: string, length: number | null, keepMetadata = false): Promise<IncomingFile> {
    if (length !== null) await this.#expect(length)
    const file = { name, length, keepMetadata }
    return new IncomingFile(join(this.#folder, randomUUID()), file, this.#senders)
  }

  /** Remembers that a picture is announced which only this process can bring. */
  async announceVolatile(
    of: { board: string; id: string },
    incomingFile: IncomingFile,
  ): Promise<() => Promise<void>> {
    const key = keyOf(of)
    const path = join(this.#folder, `${key}.once`)
    await writeFile(path, '')
    this.#vowed.set(key, incomingFile)
    return async () => {
      this.#vowed.delete(key)
      await removeFile(path)
    }
  }

  /** Removes its files. Idempotent. */
  async remove(incomingFile: IncomingFile): Promise<void> {
    const { board, id } = incomingFile.target ?? {}
    if (board !== undefined && id !== undefined) {
      this.#known.delete(keyOf({ board, id }))
      await this.dropPreview(board, id)
    }
    await incomingFile.discard()
  }

  /** Breaks off those that can be resumed, their bytes durable. */
  async close(): Promise<void> {
    await Promise.all(this.list().map((incomingFile) => incomingFile.stop()))
  }

  #add(announced: UploadTarget): IncomingFile {
    const key = keyOf(announced)
    const incomingFile = new IncomingFile(
      join(this.#folder, key),
      announced,
      this.#senders,
      announced,
    )
    this.#known.set(key, incomingFile)
    return incomingFile
  }

  #previewPath(key: string): string {
    return join(this.#folder, `${key}.webp`)
  }

  /** Refuses at once what the disk has no room for; a small one, while it is written. */
  async #expect(length: number): Promise<void> {
    if (length < LARGE) return
    const { bavail, bsize } = await statfs(this.#folder)
    if (bavail * bsize < length) throw new WireError('disk-full')
  }
}

const keyOf = ({ board, id }: { board: string; id: string }): string => `${board}.${id}`

async function readSidecar(path: string): Promise<(UploadTarget & { offset: number }) | null> {
  try {
    return JSON.parse(await readFile(path, 'utf8'))
  } catch {
    // Begun and never finished: nobody has been told of it.
    return null
  }
}
