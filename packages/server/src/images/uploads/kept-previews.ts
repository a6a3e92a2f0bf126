import { type FileHandle, open } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import { limits } from '@wirephoto/board'
import { systemErrorCode } from '@wirephoto/engine'
import type { FastifyBaseLogger } from 'fastify'
import { inBackground } from '../../in-background.ts'

type Log = Pick<FastifyBaseLogger, 'warn' | 'error'>

/** Time for which previews are gathered. Many pictures are stored by then, and their previews never go to disk. */
const SAVE_DELAY_MS = 1_000
/** Previews that may wait for the disk. If it takes none, further ones aren't kept for those who come later. */
const WAITING_COUNT = 512
const PAGE_BYTES = 4_096
/** The place of a preview in the file: whole pages, with one for its head and key. */
const SLOT_BYTES = limits.previewBytes + PAGE_BYTES
/** Neighbouring places that are written by one call. */
const SLOTS_PER_WRITE_COUNT = 64
/** CRC-32 of what follows it, length of the key, length of the preview. */
const HEAD_BYTES = 12
const MAX_KEY_BYTES = PAGE_BYTES - HEAD_BYTES
const ZEROS = Buffer.alloc(SLOT_BYTES)

/** A preview of a picture that isn't stored yet. */
export interface KeptPreview {
  /** The longest side; 0 if an earlier process kept it. */
  readonly sidePx: number
  /** Previews of this picture until now, in this process. */
  readonly count: number
}

interface Kept extends KeptPreview {
  sidePx: number
  count: number
  /** WebP; null once it is on disk. */
  bytes: Buffer | null
  /** Its place on disk, if it has one. */
  slot: number | null
}

/**
 * The previews of pictures that aren't stored yet, for viewers who come later. They share one file, which stays
 * open: a file for each would cost the server more than to push it (S3).
 */
export class KeptPreviews {
  readonly #path: string
  readonly #log: Log
  readonly #kept = new Map<string, Kept>()
  /** Those that aren't on disk. */
  #waiting = new Map<string, Kept>()
  /** Places below `#slotCount` that are free. */
  #freeSlots: number[] = []
  #slotCount = 0
  #file: FileHandle | null = null
  /** Resolves when nothing is being written. */
  #writing: Promise<void> = Promise.resolve()
  #timer: NodeJS.Timeout | undefined
  #isClosed = false

  private constructor(path: string, log: Log) {
    this.#path = path
    this.#log = log
  }

  /** Opens the file, with the previews that an earlier process has saved. */
  static async open(path: string, log: Log): Promise<KeptPreviews> {
    const keptPreviews = new KeptPreviews(path, log)
    await keptPreviews.#restore()
    return keptPreviews
  }

  get(key: string): KeptPreview | undefined {
    return this.#kept.get(key)
  }

  keys(): Iterable<string> {
    return this.#kept.keys()
  }

  /** Keeps a preview instead of an earlier one, and saves it soon if it is still kept then. */
  keep(key: string, bytes: Buffer, sidePx: number): void {
    if (this.#isClosed || this.#waiting.size >= WAITING_COUNT) return
    const kept = this.#kept.get(key) ?? { sidePx, count: 0, bytes, slot: null }
    Object.assign(kept, { sidePx, count: kept.count + 1, bytes })
    this.#kept.set(key, kept)
    this.#waiting.set(key, kept)
    this.#timer ??= setTimeout(() => inBackground(this.save(), this.#log), SAVE_DELAY_MS)
  }

  /** Reads a preview; null if there is none, or if its bytes aren't those that were written. */
  async read(key: string): Promise<Buffer | null> {
    const kept = this.#kept.get(key)
    if (!kept || kept.bytes || kept.slot === null) return kept?.bytes ?? null
    if (!this.#file || this.#isClosed) return null
    const slot = Buffer.allocUnsafe(SLOT_BYTES)
    const { bytesRead } = await this.#file.read(slot, 0, SLOT_BYTES, kept.slot * SLOT_BYTES)
    const bytes = bytesIn(slot.subarray(0, bytesRead), key)
    // Another one may have come, or its place may be another's, since it was asked for.
    if (!bytes && this.#kept.get(key) === kept && !kept.bytes) await this.drop(key)
    return bytes ?? kept.bytes
  }

  /** Drops a preview. Resolves when nothing of it is on disk. */
  async drop(key: string): Promise<void> {
    const kept = this.#kept.get(key)
    if (!kept) return
    this.#kept.delete(key)
    this.#waiting.delete(key)
    // A preview that is being written has its place by now.
    if (kept.slot !== null) await this.#write(() => this.#clear(kept.slot!))
  }

  /** Writes those that wait. */
  save(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    return this.#write(() => this.#saveWaiting())
  }

  /** Saves what waits, and closes the file. */
  close(): Promise<void> {
    clearTimeout(this.#timer)
    return this.#write(async () => {
      try {
        await this.#saveWaiting()
      } finally {
        this.#isClosed = true
        await this.#file?.close()
      }
    })
  }

  /** Writes after what is being written. A failure is logged: nobody waits for a preview on disk. */
  #write(act: () => Promise<void>): Promise<void> {
    this.#writing = this.#writing
      .then(async () => {
        if (!this.#isClosed) await act()
      })
      .catch((error: unknown) => this.#log.warn({ err: error }, 'previews are not saved'))
    return this.#writing
  }

  async #saveWaiting(): Promise<void> {
    const waiting = [...this.#waiting]
    this.#waiting = new Map()
    if (waiting.length === 0) return
    for (const [, kept] of waiting) kept.slot ??= this.#freeSlots.pop() ?? this.#slotCount++
    const entries = waiting
      .map(([key, kept]) => ({ key, kept, slot: kept.slot!, bytes: kept.bytes! }))
      .toSorted((a, b) => a.slot - b.slot)
    try {
      this.#file ??= await open(this.#path, 'w+')
      for (const run of runsOf(entries)) {
        const buffers = run.flatMap(({ key, bytes }) => slotWith(key, bytes))
        await this.#file.writev(buffers, run[0]!.slot * SLOT_BYTES)
        for (const { kept, bytes } of run) if (kept.bytes === bytes) kept.bytes = null
      }
    } catch (error) {
      for (const { key, kept, bytes } of entries)
        if (kept.bytes === bytes && this.#kept.get(key) === kept)
          inBackground(this.drop(key), this.#log)
      throw error
    }
  }

  /** Overwrites a place, which is free then. */
  async #clear(slot: number): Promise<void> {
    this.#freeSlots.push(slot)
    if (this.#freeSlots.length < this.#slotCount) {
      await this.#file?.write(ZEROS, 0, SLOT_BYTES, slot * SLOT_BYTES)
      return
    }
    this.#freeSlots = []
    this.#slotCount = 0
    await this.#file?.truncate()
  }

  async #restore(): Promise<void> {
    this.#file = await open(this.#path, 'r+').catch((error: unknown) => {
      if (systemErrorCode(error) === 'ENOENT') return null
      throw error
    })
    if (!this.#file) return
    const { size } = await this.#file.stat()
    const page = Buffer.alloc(PAGE_BYTES)
    for (; this.#slotCount * SLOT_BYTES < size; this.#slotCount++) {
      const at = this.#slotCount * SLOT_BYTES
      const { bytesRead } = await this.#file.read(page, 0, PAGE_BYTES, at)
      const key = keyIn(page.subarray(0, bytesRead))
      if (key === null || this.#kept.has(key)) this.#freeSlots.push(this.#slotCount)
      else this.#kept.set(key, { sidePx: 0, count: 0, bytes: null, slot: this.#slotCount })
    }
  }
}

/** Divides entries into those that one call writes. */
function runsOf<T extends { readonly slot: number }>(entries: readonly T[]): T[][] {
  const runs: T[][] = []
  for (const entry of entries) {
    const run = runs.at(-1)
    if (run && run.length < SLOTS_PER_WRITE_COUNT && run.at(-1)!.slot + 1 === entry.slot)
      run.push(entry)
    else runs.push([entry])
  }
  return runs
}

/** Returns the content of a place. */
function slotWith(key: string, bytes: Buffer): Buffer[] {
  const head = Buffer.alloc(HEAD_BYTES)
  const name = Buffer.from(key)
  head.writeUInt32LE(name.length, 4)
  head.writeUInt32LE(bytes.length, 8)
  head.writeUInt32LE(crc32(bytes, crc32(name, crc32(head.subarray(4)))))
  return [head, name, bytes, ZEROS.subarray(HEAD_BYTES + name.length + bytes.length)]
}

/** Returns the key of the preview in a place; null if there is none. */
function keyIn(slot: Buffer): string | null {
  const length = slot.length < HEAD_BYTES ? 0 : slot.readUInt32LE(4)
  if (length === 0 || length > MAX_KEY_BYTES) return null
  return slot.toString('utf8', HEAD_BYTES, HEAD_BYTES + length)
}

/** Returns the preview in a place; null if it is another's, or not as it was written. */
function bytesIn(slot: Buffer, key: string): Buffer | null {
  if (keyIn(slot) !== key) return null
  const start = HEAD_BYTES + slot.readUInt32LE(4)
  const end = start + slot.readUInt32LE(8)
  if (end > slot.length || slot.readUInt32LE(0) !== crc32(slot.subarray(4, end))) return null
  return slot.subarray(start, end)
}
