import { createHash, type Hash } from 'node:crypto'
import { constants, createReadStream } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Readable } from 'node:stream'
import { isShown, type MediaType, WireError } from '@wirephoto/board'
import { removeFile, syncFolder } from '@wirephoto/engine'
import { failpoint } from '../../failpoint.ts'
import { SNIFF_BYTES, sniff } from '../decoding/sniff.ts'
import { writeAll } from '../metadata/edit-plan.ts'
import { isScrubbable, isScrubbedInStream, Scrubber, scrubFile } from '../metadata/scrubber.ts'

/** Bytes that may arrive before they are made durable: what a power loss costs a sender at most. */
const STEP = 1_048_576
/** Bodies that are received at one time before the server says that it is busy (F7). */
const SENDERS = 256

/** What is announced of an arrival that may be resumed. */
export interface UploadTarget {
  readonly board: string
  /** The picture's id. */
  readonly id: string
  readonly name: string
  /** Bytes. */
  readonly length: number
  /** Whether metadata stays in it (M4). */
  readonly keepMetadata?: boolean
}

/** A file on its way in, scrubbed unless its board keeps metadata (F10). One writer at a time. */
export class IncomingFile {
  readonly path: string
  readonly name: string
  /** Bytes in all; null while nobody knows. */
  readonly length: number | null
  readonly #keepMetadata: boolean
  /** The picture whose it is, when it may be resumed. */
  readonly target: { readonly board: string; readonly id: string } | undefined
  readonly #senders: { count: number }
  #offset = 0
  #durable = 0
  #type: MediaType | null = null
  #head: Buffer = Buffer.alloc(0)
  /** What has been through the bytes up to the offset; null when this process hasn't read them. */
  #reading: Reading | null = newReading()
  #isScrubbed = false
  #source: Readable | null = null
  #turn: Promise<unknown> = Promise.resolve()
  #begun: Promise<void> | null = null
  #gone = false
  #whole = false
  readonly #watchers = new Set<() => void>()

  constructor(
    path: string,
    file: { name: string; length: number | null; keepMetadata?: boolean },
    senders: { count: number },
    of?: UploadTarget,
  ) {
    this.path = path
    this.name = file.name
    this.length = file.length
    this.#keepMetadata = file.keepMetadata ?? false
    this.#senders = senders
    this.target = of
  }

  /** Bytes that have arrived. */
  get offset(): number {
    return this.#offset
  }

  get isComplete(): boolean {
    return this.#offset === this.length
  }

  /** Whether all of it has come. */
  get isWhole(): boolean {
    return this.#whole || this.isComplete
  }

  /** Whether enough has come to tell what it is. */
  get isTypeKnown(): boolean {
    return this.#head.length >= SNIFF_BYTES || this.isWhole
  }

  /** Whether it has been removed: stored, refused or given up. */
  get isGone(): boolean {
    return this.#gone
  }

  /** Calls back whenever bytes have come, the last of them too, and when it goes. */
  watch(changed: () => void): () => void {
    this.#watchers.add(changed)
    return () => this.#watchers.delete(changed)
  }

  /**
   * What it is, if the bytes up to the offset may be shown to others before the rest is there; null if
   * they may not, or while too few have come. Rejects when it is no picture.
   */
  async readableType(): Promise<MediaType | null> {
    if (!this.isTypeKnown) return null
    const type = await this.type()
    return isShown(type) && isScrubbedInStream(this.#head) ? type : null
  }

  /** Makes the files, durably, before anybody is told of them. */
  begin(): Promise<void> {
    if (this.#begun === null) {
      this.#begun = this.#make()
      // Whoever sends meanwhile waits for it.
      this.#turn = this.#begun.catch(() => {})
    }
    return this.#begun
  }

  /** Goes on from what is durable: the bytes behind it may be anything after a power loss. */
  async restore(durable: number): Promise<void> {
    this.#begun = Promise.resolve()
    await using handle = await open(this.path, 'r+')
    const { size, nlink } = await handle.stat()
    // With a second name it is a blob already: whole, scrubbed, durable, and not to be touched.
    this.#isScrubbed = nlink > 1
    this.#offset = this.#durable = nlink > 1 ? size : Math.min(durable, size)
    this.#reading = null
    if (this.#offset < size) await handle.truncate(this.#offset)
    this.#head = Buffer.alloc(Math.min(SNIFF_BYTES, this.#offset))
    await handle.read(this.#head, 0, this.#head.length, 0)
  }

  /**
   * Writes a body behind the byte `at`, at most `limit` bytes in all, at the sender's pace and with
   * flat memory. Resolves when the body has ended. Whether it ends or breaks off, what has arrived
   * is durable before anybody is told of it (F1). Whoever starts where the file ends takes over
   * from a sender that hangs. `moved` is called whenever bytes have come.
   */
  async receive(
    source: Readable,
    { at, limit, moved }: { at: number; limit: number; moved?: () => void },
  ): Promise<void> {
    if (at !== this.#offset) throw new WireError('conflict')
    if (this.#senders.count >= SENDERS) throw new WireError('busy')
    this.#senders.count++
    try {
      await this.#exclusively(source, async () => {
        if (this.#gone) throw new WireError('upload-gone')
        if (at !== this.#offset) throw new WireError('conflict')
        const reading = await this.#read()
        await using handle = await open(this.path, this.target ? 'r+' : 'w')
        try {
          await this.#pour(source, handle, reading, limit, moved)
        } finally {
          await this.#flush(handle)
        }
      })
    } finally {
      this.#senders.count--
    }
  }

  /** How much is durable, after making durable what has arrived. */
  async sync(): Promise<number> {
    if (this.#durable < this.#offset) {
      await using handle = await open(this.path, 'r+')
      await this.#flush(handle)
    }
    return this.#durable
  }

  /** What its first bytes say it is. Rejects when that is no picture. */
  async type(): Promise<MediaType> {
    if (this.#type) return this.#type
    const type = await sniff(this.#head, this.name)
    if (!isScrubbable(this.#head, type)) throw new WireError('not-a-picture', { name: this.name })
    this.#type = type
    return type
  }

  /**
   * Scrubs, now that all is there, what couldn't be as it came. Idempotent; rejects with `damaged` when
   * that can't be done. Nobody may be given the file before.
   */
  async scrub(): Promise<void> {
    const type = await this.type()
    if (this.#isScrubbed || this.#keepMetadata || isScrubbedInStream(this.#head)) return
    if (!(await scrubFile(this.path, type))) throw new WireError('damaged', { name: this.name })
    this.#isScrubbed = true
    this.#reading = null
  }

  /** sha256 of all that has arrived, in hex. */
  async digest(): Promise<string> {
    const { hash } = await this.#read()
    return hash.copy().digest('hex')
  }

  /** When bytes last arrived, in milliseconds since 1970. */
  async touchedAt(): Promise<number> {
    return (await stat(this.path)).mtimeMs
  }

  /** Breaks off whoever is sending, and resolves when nothing is written any more. */
  async stop(): Promise<void> {
    this.#source?.destroy()
    await this.#turn
  }

  /** Removes its files, for good. Idempotent. */
  async discard(): Promise<void> {
    this.#gone = true
    this.#tell()
    await this.stop()
    if (this.target) await removeFile(`${this.path}.json`)
    await removeFile(this.path)
  }

  async #make(): Promise<void> {
    const handle = await open(this.path, 'wx')
    await handle.close()
    await this.#writeSidecar()
    await syncFolder(dirname(this.path))
    failpoint('arrival.made')
  }

  async #exclusively(source: Readable, use: () => Promise<void>): Promise<void> {
    this.#source?.destroy()
    this.#source = source
    const before = this.#turn
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#turn = promise
    await before
    try {
      await use()
    } finally {
      if (this.#source === source) this.#source = null
      resolve()
    }
  }

  async #pour(
    source: Readable,
    handle: FileHandle,
    { hash, scrubber }: Reading,
    limit: number,
    moved?: () => void,
  ): Promise<void> {
    const most = Math.min(this.length ?? limit, limit)
    for await (const chunk of chunksOf(source)) {
      if (this.#offset + chunk.length > most) throw this.#tooLong(limit)
      // Whoever made the body may still want it as it was.
      const bytes = Buffer.from(chunk)
      if (!this.#keepMetadata) scrubber.scrub(bytes)
      // Unless it is written, its bytes come again.
      this.#reading = null
      await writeAll(handle, bytes, this.#offset)
      hash.update(bytes)
      this.#reading = { hash, scrubber }
      this.#offset += chunk.length
      await this.#look(chunk)
      moved?.()
      this.#tell()
      if (this.target && this.#offset - this.#durable >= STEP) await this.#flush(handle)
    }
    // A file shorter than what it takes to be sure is judged when it is whole.
    if (this.length !== null && !this.isComplete) return
    await this.type()
    this.#whole = true
    this.#tell()
  }

  #tell(): void {
    for (const changed of this.#watchers) changed()
  }

  /** Refuses what is no picture as soon as its first bytes are in. */
  async #look(chunk: Buffer): Promise<void> {
    if (this.#head.length >= SNIFF_BYTES) return
    this.#head = Buffer.concat([this.#head, chunk.subarray(0, SNIFF_BYTES - this.#head.length)])
    if (this.#head.length >= SNIFF_BYTES) await this.type()
  }

  #tooLong(limit: number): WireError {
    if (this.length !== null) return new WireError('bad-request')
    return new WireError('too-large', { name: this.name, limit })
  }

  /** The bytes first, then the word that they are there. */
  async #flush(handle: FileHandle): Promise<void> {
    if (!this.target || this.#durable === this.#offset) return
    const offset = this.#offset
    await handle.datasync()
    this.#durable = Math.max(this.#durable, offset)
    await this.#writeSidecar()
    failpoint('arrival.synced')
  }

  /** In place and of one length, so that a write can't tear it. */
  async #writeSidecar(): Promise<void> {
    const { board, id } = this.target!
    const [name, length, keepMetadata] = [this.name, this.length, this.#keepMetadata]
    const offset = String(this.#durable).padStart(16)
    await using file = await open(`${this.path}.json`, constants.O_RDWR | constants.O_CREAT)
    const sidecar = { offset: 0, board, id, name, length, keepMetadata }
    const text = JSON.stringify(sidecar).replace('0', offset)
    await writeAll(file, Buffer.from(text), 0)
    await file.datasync()
  }

  async #read(): Promise<Reading> {
    if (this.#reading) return this.#reading
    const { hash, scrubber } = newReading()
    if (this.#offset > 0)
      for await (const chunk of createReadStream(this.path, { end: this.#offset - 1 })) {
        hash.update(chunk)
        scrubber.scrub(chunk)
      }
    this.#reading = { hash, scrubber }
    return this.#reading
  }
}

interface Reading {
  readonly hash: Hash
  readonly scrubber: Scrubber
}

const newReading = (): Reading => ({ hash: createHash('sha256'), scrubber: new Scrubber() })

/** A body's chunks; rejects with `bad-request` when the sender breaks off without a word. */
async function* chunksOf(source: Readable): AsyncGenerator<Buffer> {
  try {
    // The stream must outlive a refusal: its socket has to carry the answer.
    for await (const chunk of source.iterator({ destroyOnReturn: false })) yield chunk
  } catch (cause) {
    throw cause instanceof WireError ? cause : new WireError('bad-request', {}, { cause })
  }
}
