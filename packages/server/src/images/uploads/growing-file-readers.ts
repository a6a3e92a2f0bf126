import { open } from 'node:fs/promises'
import type { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type MediaType, WireError } from '@wirephoto/board'
import { boundsWith } from '../../bounds.ts'
import { FairSlots } from '../../fairness/fair-slots.ts'
import type { Party } from '../../fairness/party.ts'
import type { IncomingFile } from './incoming-file.ts'

/** Time without a byte after which a reader's response ends. */
const READ_TIMEOUT_MS = 2_000
/** Bytes read at a time, and all that a reader holds in memory. */
const CHUNK_BYTES = 65_536

/** A file that still grows, on this server or on another one. */
export type GrowingFile = Pick<
  IncomingFile,
  'path' | 'isTypeKnown' | 'readableType' | 'readableOffset' | 'isComplete' | 'isGone' | 'watch'
>

/** Readers of files that still grow: from the disk, at their own pace, one file for each page. */
export class GrowingFileReaders {
  readonly #readers = new Map<string, AbortController>()
  readonly #slots: FairSlots

  constructor(bounds = boundsWith()) {
    this.#slots = new FairSlots(bounds['growing-readers'])
  }

  /**
   * Sends a growing file from its start to the stream that `begin` opens once the type is known. Ends the
   * stream when the file is complete, or after two seconds without a byte.
   *
   * Destroys the stream and rejects when the upload fails, or when the same page reads another file. Rejects
   * with `not-found` if the file must not be read before it is complete, and with `busy` if its party has too many
   * readers. A reader gives way to other parties as `FairSlots` says.
   */
  async send(
    incomingFile: GrowingFile,
    { page, party }: { readonly page: string; readonly party: Party },
    begin: (type: MediaType) => Writable,
  ): Promise<void> {
    const reader = new AbortController()
    const { signal } = reader
    this.#readers.get(page)?.abort()
    using slot = this.#slots.take(party, () => reader.abort())
    this.#readers.set(page, reader)
    const unwatch = incomingFile.watch(() => {
      if (incomingFile.isGone && !incomingFile.isComplete) reader.abort()
    })
    try {
      const type = await readableTypeOf(incomingFile, signal)
      await pipeline(read(incomingFile, signal, slot.progress), begin(type), { signal })
    } finally {
      unwatch()
      if (this.#readers.get(page) === reader) this.#readers.delete(page)
    }
  }
}

/** Waits for the bytes that identify the type. Rejects with `not-found` if it must not be read. */
async function readableTypeOf(incomingFile: GrowingFile, signal: AbortSignal): Promise<MediaType> {
  while (!incomingFile.isTypeKnown && !signal.aborted)
    if (!(await hasChanged(incomingFile, signal))) break
  const type = await incomingFile.readableType().catch(() => null)
  if (!type || incomingFile.isGone || signal.aborted) throw new WireError('not-found')
  return type
}

async function* read(
  incomingFile: GrowingFile,
  signal: AbortSignal,
  progressed: () => void,
): AsyncGenerator<Buffer> {
  // The open file stays readable after the upload is stored and its path is gone.
  await using file = await open(incomingFile.path)
  for (let at = 0; !signal.aborted; ) {
    const end = incomingFile.readableOffset
    if (at < end) {
      const chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, end - at))
      const { bytesRead } = await file.read(chunk, 0, chunk.length, at)
      if (bytesRead === 0) throw new WireError('upload-gone')
      at += bytesRead
      progressed()
      yield chunk.subarray(0, bytesRead)
    } else if (incomingFile.isComplete || !(await hasChanged(incomingFile, signal))) return
  }
}

/** Resolves to whether the file changes, or the reader is aborted, within the read timeout. */
async function hasChanged(incomingFile: GrowingFile, signal: AbortSignal): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const wake = () => resolve(true)
  const unwatch = incomingFile.watch(wake)
  signal.addEventListener('abort', wake, { once: true })
  const timer = setTimeout(() => resolve(false), READ_TIMEOUT_MS)
  try {
    return await promise
  } finally {
    clearTimeout(timer)
    unwatch()
    signal.removeEventListener('abort', wake)
  }
}
