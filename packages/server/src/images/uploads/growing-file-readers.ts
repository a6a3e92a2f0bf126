import { open } from 'node:fs/promises'
import type { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type MediaType, WireError } from '@wirephoto/board'
import type { IncomingFile } from './incoming-file.ts'

/** Milliseconds without a byte after which a tail ends. */
const PATIENCE = 2_000
/** Bytes read at one time: all that a tail holds. */
const PIECE = 65_536
/** Tails that this server reads at one time (F7). */
const TAILS = 256

/** Whoever reads files while they grow: from the disk, at their own pace, one file a page. */
export class GrowingFileReaders {
  readonly #open = new Map<string, AbortController>()

  /**
   * Sends what there is of a file and what comes, to what `begin` opens once its type is known. Ends it when
   * the file is whole or nothing has come for two seconds; destroys it and rejects when the upload comes to
   * nothing, and when the same page reads another. Rejects with `not-found` for what may not be read before
   * it is whole, with `busy` when there are too many readers.
   */
  async send(
    incomingFile: IncomingFile,
    page: string,
    begin: (type: MediaType) => Writable,
  ): Promise<void> {
    const reader = new AbortController()
    const { signal } = reader
    this.#open.get(page)?.abort()
    if (this.#open.size >= TAILS && !this.#open.has(page)) throw new WireError('busy')
    this.#open.set(page, reader)
    const unwatch = incomingFile.watch(() => {
      if (incomingFile.isGone && !incomingFile.isWhole) reader.abort()
    })
    try {
      const type = await typeOf(incomingFile, signal)
      await pipeline(tail(incomingFile, signal), begin(type), { signal })
    } finally {
      unwatch()
      if (this.#open.get(page) === reader) this.#open.delete(page)
    }
  }
}

/** Waits for the bytes that tell. */
async function typeOf(incomingFile: IncomingFile, signal: AbortSignal): Promise<MediaType> {
  while (!incomingFile.isTypeKnown && !signal.aborted)
    if (!(await moved(incomingFile, signal))) break
  const type = await incomingFile.readableType().catch(() => null)
  if (!type || incomingFile.isGone || signal.aborted) throw new WireError('not-found')
  return type
}

async function* tail(incomingFile: IncomingFile, signal: AbortSignal): AsyncGenerator<Buffer> {
  // What is whole can be read on when its file has become a blob.
  await using file = await open(incomingFile.path)
  for (let at = 0; !signal.aborted; ) {
    if (at < incomingFile.offset) {
      const piece = Buffer.allocUnsafe(Math.min(PIECE, incomingFile.offset - at))
      const { bytesRead } = await file.read(piece, 0, piece.length, at)
      if (bytesRead === 0) throw new WireError('upload-gone')
      at += bytesRead
      yield piece.subarray(0, bytesRead)
    } else if (incomingFile.isWhole || !(await moved(incomingFile, signal))) return
  }
}

/** Resolves to whether anything happens within the time that a tail waits. */
async function moved(incomingFile: IncomingFile, signal: AbortSignal): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const wake = () => resolve(true)
  const unwatch = incomingFile.watch(wake)
  signal.addEventListener('abort', wake, { once: true })
  const timer = setTimeout(() => resolve(false), PATIENCE)
  try {
    return await promise
  } finally {
    clearTimeout(timer)
    unwatch()
    signal.removeEventListener('abort', wake)
  }
}
