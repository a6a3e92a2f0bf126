import { createHash, type Hash } from 'node:crypto'
import { constants, createReadStream } from 'node:fs'
import { type FileHandle, open, readFile, stat } from 'node:fs/promises'
import { IncomingMessage } from 'node:http'
import { dirname } from 'node:path'
import type { Readable } from 'node:stream'
import { crc32 } from 'node:zlib'
import {
  type CameraThumbnail,
  cameraKind,
  headerRefusal,
  isCameraFile,
  isShown,
  type MediaType,
  type NoticeCode,
  type PictureHeader,
  type RefusedTypes,
  refusalOf,
  SNIFF_BYTES,
  takenKind,
  WireError,
} from '@wirephoto/board'
import { removeFile, syncFolder, systemErrorCode } from '@wirephoto/engine'
import { chunksOf } from '../../body-chunks.ts'
import { failpoint } from '../../failpoint.ts'
import type { FairSlots } from '../../fairness/fair-slots.ts'
import { OWN_PARTY, type Party } from '../../fairness/party.ts'
import { sniff } from '../decoding/sniff.ts'
import { writeAll } from '../metadata/edit-plan.ts'
import { EmbeddedVideo } from '../metadata/embedded-video.ts'
import { isScrubbable, isScrubbedInStream, Scrubber, scrubFile } from '../metadata/scrubber.ts'
import { isRawTiff } from '../metadata/tiff.ts'
import { copyRawJpeg } from '../raws/raw-jpeg.ts'
import { FirstBytes } from './first-bytes.ts'
import { encodeSidecar, type Sidecar, type UploadTarget } from './sidecar.ts'
import type { UploadClaim, UploadParty } from './upload-bounds.ts'

/** Bytes that arrive between two syncs: the most that a power loss costs a sender. */
const SYNC_INTERVAL_BYTES = 1_048_576
/** Bytes of the position before the bytes that are held back. */
const HELD_POSITION_BYTES = 16
/** Time after the last byte in which a file's lease may begin with it. */
const LEASE_BEGINS_MS = 60_000
/** Time in which a body must bring the least number of bytes. */
const RATE_WINDOW_MS = 60_000

/** The places for bodies that are being received, how fast each must come, and what none may be. */
export interface SenderBounds {
  readonly slots: FairSlots
  /** Bytes a minute. */
  readonly leastRate: number
  /** The kinds that the operator refuses. */
  readonly refusedTypes: RefusedTypes
}

/**
 * A file that is being sent. It is scrubbed as it arrives, unless its board keeps metadata (F10). One sender
 * writes at a time.
 *
 * The scrubber may hold back the last bytes. They are no part of the file on disk until it releases them. If a
 * body ends before, they are kept in a file beside it, so that an acknowledged offset stays durable (F1).
 */
export class IncomingFile {
  readonly path: string
  readonly name: string
  /** Bytes of the complete file; null while nobody knows. */
  readonly length: number | null
  readonly #keepMetadata: boolean
  /** The picture that a resumable upload is for; undefined for one that lives and dies with its request. */
  readonly target: { readonly board: string; readonly id: string } | undefined
  /** The address of a sender without a token, who is known by it alone. */
  readonly ownerAddress: string | undefined
  /** Who began it, as far as this process knows. */
  begunBy: UploadParty | undefined
  /** The picture that a request brings, and what it has been promised for it. */
  claim: UploadClaim | undefined
  readonly #senders: SenderBounds
  #party: Party = OWN_PARTY
  #offset = 0
  #durableOffset = 0
  #type: MediaType | null = null
  #head: Buffer = Buffer.alloc(0)
  #firstBytes = new FirstBytes()
  /** The findings of the first bytes, up to the offset: they are read before they are written. */
  #told: Pick<FirstBytes, 'header' | 'thumbnail' | 'isHeaderPending'> = NOTHING_TOLD
  /** The last bytes before the offset, as they came, while the scrubber holds them back. */
  #held: Buffer = Buffer.alloc(0)
  /** State of the hash and the scrubber at the offset; null if this process hasn't read those bytes. */
  #reading: Reading | null
  #isScrubbed = false
  #isRaw = false
  #isHeldFileThere = false
  /** Looks at what this process receives: what it reads again is scrubbed. */
  readonly #video = new EmbeddedVideo()
  #source: Readable | null = null
  /** Resolves when the current sender no longer writes. */
  #writing: Promise<unknown> = Promise.resolve()
  #creating: Promise<void> | null = null
  /** When the last byte came, or the upload began, by the monotonic clock. */
  #activeAt = performance.now()
  #isGone = false
  #hasEnded = false
  /** When all its bytes were synced, by the monotonic clock; null if they aren't. */
  #syncedAt: number | null = null
  /** The sum of the bytes in the file; null if nobody knows. */
  #sum: number | null = 0
  /** Set until the bytes of an earlier process have been compared with what it noted of them. */
  #restored: Restored | null = null
  #verifying: Promise<boolean> | null = null
  readonly #watchers = new Set<() => void>()

  constructor(
    path: string,
    file: { name: string; length: number | null; keepMetadata?: boolean },
    senders: SenderBounds,
    target?: UploadTarget,
  ) {
    this.path = path
    this.name = file.name
    this.length = file.length
    this.#keepMetadata = file.keepMetadata ?? false
    this.#reading = newReading(this.#keepMetadata)
    this.#senders = senders
    this.target = target
    this.ownerAddress = target?.ownerAddress
  }

  /** Bytes that have arrived. */
  get offset(): number {
    return this.#offset
  }

  /** Bytes that stand in the file, and may be read if its type may. */
  get readableOffset(): number {
    return this.#offset - this.#held.length
  }

  /** Whether all bytes have arrived. */
  get isComplete(): boolean {
    return this.#hasEnded || this.#offset === this.length
  }

  /** Whether enough bytes have arrived to identify the type. */
  get isTypeKnown(): boolean {
    const { header } = this.#told
    return header !== null || this.#head.length >= SNIFF_BYTES || this.isComplete
  }

  /** The picture's header; null while it hasn't arrived, and where it leaves a doubt. */
  get header(): PictureHeader | null {
    // The first picture in a raw file is a thumbnail.
    return this.isCameraFile ? null : this.#told.header
  }

  /** The thumbnail of a file as a camera wrote it; null while it hasn't arrived, and for any other file. */
  get thumbnail(): CameraThumbnail | null {
    return this.#told.thumbnail
  }

  /** Whether the header leaves a doubt that a decoder may settle. */
  get isHeaderUnclear(): boolean {
    return this.isTypeKnown && !this.isCameraFile && !this.#told.isHeaderPending && !this.header
  }

  /** Whether metadata stays in the file (M4). */
  get keepsMetadata(): boolean {
    return this.#keepMetadata
  }

  /** The parts of the file that scrubbing has overwritten, though people may miss them. */
  get notices(): readonly NoticeCode[] {
    const losses = this.#reading?.scrubber?.losses ?? []
    return [...losses, ...(this.#video.isFound ? (['still-of-motion'] as const) : [])]
  }

  /** The party that sent the last bytes: its turns are used to look at the file. */
  get party(): Party {
    return this.#party
  }

  /** Time since its last byte, or since it began. */
  get idleMs(): number {
    return performance.now() - this.#activeAt
  }

  /** Whether it has been removed: stored, refused or cancelled. */
  get isGone(): boolean {
    return this.#isGone
  }

  /** Whether all its bytes were written and synced just now, so that a lease may begin with them. */
  get isDurable(): boolean {
    return this.#syncedAt !== null && performance.now() - this.#syncedAt < LEASE_BEGINS_MS
  }

  /** Calls back when bytes have arrived, and when the file is removed. Returns a function that ends this. */
  watch(changed: () => void): () => void {
    this.#watchers.add(changed)
    return () => this.#watchers.delete(changed)
  }

  /**
   * Returns the type if the bytes up to the offset may be shown to others already. Null if they must not, or
   * while too few have arrived. Rejects as `type` does.
   */
  async readableType(): Promise<MediaType | null> {
    if (!this.isTypeKnown) return null
    const type = await this.type()
    return isShown(type) && isScrubbedInStream(this.#head) ? type : null
  }

  /** Creates the files of a resumable upload durably, before anybody knows of it. Idempotent. */
  create(): Promise<void> {
    if (this.#creating === null) {
      this.#creating = this.#create()
      // A sender waits until the files are there.
      this.#writing = this.#creating.catch(() => {})
    }
    return this.#creating
  }

  /** Resumes at the durable offset. After a power loss the bytes behind it may be anything. */
  async restore({ offset, sum, heldSum }: Sidecar): Promise<void> {
    this.#creating = Promise.resolve()
    await using handle = await open(this.path, 'r+')
    await this.#resumeAt(handle, offset)
    const isCut = this.#offset < offset || crc32(this.#held) !== heldSum
    this.#restored = heldSum !== null && isCut ? 'cut' : { sum }
  }

  /**
   * Reads what an earlier process received, and compares it with the sum that it noted. Takes it all back, and
   * resolves to false, if it isn't what came (F1).
   */
  async verify(): Promise<boolean> {
    const restored = this.#restored
    if (!restored) return true
    this.#verifying ??= this.#verify(restored).finally(() => {
      this.#verifying = null
    })
    return this.#verifying
  }

  async #verify(restored: Restored): Promise<boolean> {
    if (restored !== 'cut' && restored.sum !== null) await this.#readUpToOffset()
    this.#restored = null
    if (restored !== 'cut' && (restored.sum ?? this.#sum) === this.#sum) return true
    this.#beginAgain()
    return false
  }

  /** Stands at a durable offset, as far as its bytes are there. */
  async #resumeAt(handle: FileHandle, durableOffset: number): Promise<void> {
    const { size, nlink } = await handle.stat()
    // A file with a second link is a blob already: complete, scrubbed and durable. It must not change.
    this.#isScrubbed = nlink > 1
    this.#held = nlink > 1 ? Buffer.alloc(0) : await this.#readHeld(durableOffset)
    const written = Math.min(durableOffset - this.#held.length, size)
    this.#offset = this.#durableOffset = nlink > 1 ? size : written + this.#held.length
    this.#reading = null
    if (this.readableOffset < size) await handle.truncate(this.readableOffset)
    const head = Buffer.alloc(Math.min(SNIFF_BYTES, this.readableOffset))
    await handle.read(head, 0, head.length, 0)
    this.#head = Buffer.concat([head, this.#held]).subarray(0, SNIFF_BYTES)
  }

  /**
   * Streams a body to disk from the byte `at`, at the sender's pace and with flat memory. Resolves when the
   * body has ended. When it ends or breaks off, the bytes that arrived are durable (F1).
   *
   * A sender that starts at the file's end replaces one that hangs. `bytesArrived` is called after each write.
   *
   * Rejects with `wrong-offset` if the file doesn't end at `at`, and with the reason of `signal`. Rejects with `busy` if its party has too many bodies
   * under way, or if the body comes too slowly. Rejects with `too-large` or `bad-request` for bytes behind `limit`
   * or the announced length.
   */
  async receive(
    source: Readable,
    { at, limit, party = OWN_PARTY, bytesArrived, willBeStored = false, signal }: ReceiveOptions,
  ): Promise<void> {
    if (at !== this.#offset) throw new WireError('wrong-offset')
    // A body that gives way is read no further; the bytes before stay, and its sender is told.
    const broken = new AbortController()
    const giveWay = () => broken.abort(new WireError('busy'))
    using slot = this.#senders.slots.take(party, giveWay)
    using rate = leastRate(this.#senders.leastRate, giveWay)
    signal?.addEventListener('abort', () => broken.abort(signal.reason))
    if (signal?.aborted) broken.abort(signal.reason)
    this.#party = party
    const progressed = (bytes: number) => {
      slot.progress()
      rate.count(bytes)
    }
    await this.#asOnlySender(source, async () => {
      if (this.#isGone) throw new WireError('upload-gone')
      if (at !== this.#offset) throw new WireError('wrong-offset')
      const reading = await this.#readUpToOffset()
      await using handle = await open(this.path, this.target ? 'r+' : 'w')
      try {
        const options = { reading, limit, bytesArrived, progressed, signal: broken.signal }
        await this.#append(source, handle, options)
        if (willBeStored && this.#staysAsItIs) await this.#syncWhole(handle)
      } finally {
        await this.#sync(handle)
      }
    })
  }

  /** Whether the file itself is what is stored, with its bytes as they stand when it has ended. */
  get #staysAsItIs(): boolean {
    return !this.isCameraFile && (this.#keepMetadata || isScrubbedInStream(this.#head))
  }

  /** Makes a whole file durable while it is open. */
  async #syncWhole(handle: FileHandle): Promise<void> {
    await handle.sync()
    this.#syncedAt = performance.now()
  }

  /** Makes durable what has arrived; resolves to the durable offset. */
  async sync(): Promise<number> {
    if (this.#durableOffset < this.#offset) {
      await using handle = await open(this.path, 'r+')
      await this.#sync(handle)
    }
    return this.#durableOffset
  }

  /** Whether it may be a camera's raw file: only the JPEG inside it may be stored. */
  get isCameraFile(): boolean {
    return this.#isRaw || isCameraFile(this.#head, this.name)
  }

  /**
   * Copies the JPEG inside a camera's raw file to `to`, scrubbed as the board wants it. Rejects with
   * `camera-file` if there is none that can stand for the photograph.
   */
  async copyRawJpeg(to: string): Promise<void> {
    if (!(await copyRawJpeg(this.path, to, this.#keepMetadata)))
      throw refusalOf(cameraKind, this.name)
  }

  /** Detects the type from the first bytes. Rejects as `sniff` throws. */
  async type(): Promise<MediaType> {
    if (this.#type) return this.#type
    const type = sniff(this.#head, this.name, this.#senders.refusedTypes)
    if (!isScrubbable(this.#head, type)) throw refusalOf(null, this.name)
    this.#type = type
    return type
  }

  /**
   * Scrubs a complete file whose format can't be scrubbed as it arrives. Nobody may read the file before.
   * Idempotent; rejects with `damaged` if the file is malformed. A camera's raw file stays as it is.
   */
  async scrub(): Promise<void> {
    if (this.isCameraFile) return
    const type = await this.type()
    if (this.#isScrubbed || isScrubbedInStream(this.#head)) return
    // Most raw files are TIFFs by their first bytes; all of the file tells them apart.
    if (type === 'image/tiff') this.#isRaw = await isRawTiff(this.path)
    if (this.#isRaw || this.#keepMetadata) return
    if (this.target) await this.#writeSidecar(this.#offset, null, 0)
    this.#sum = null
    if (!(await scrubFile(this.path, type))) throw new WireError('damaged', { name: this.name })
    this.#isScrubbed = true
    this.#reading = null
  }

  /** Returns the sha256, in hex, of all bytes that have arrived. */
  async digest(): Promise<string> {
    const { hash } = await this.#readUpToOffset()
    return hash.copy().digest('hex')
  }

  /** The CRC-32 of the bytes in the file, once its digest is known; null while it isn't. */
  get sum(): number | null {
    return this.#reading ? this.#sum : null
  }

  /** Returns when bytes last arrived, in milliseconds since 1970. */
  async touchedAt(): Promise<number> {
    return (await stat(this.path)).mtimeMs
  }

  /** Breaks off the sender; resolves when nothing is written any more. */
  async stop(): Promise<void> {
    this.#source?.destroy()
    await this.#writing
  }

  /** Removes its files for good. Idempotent. */
  async discard(): Promise<void> {
    this.#isGone = true
    this.#notifyWatchers()
    await this.stop()
    if (this.target) {
      await removeFile(`${this.path}.json`)
      await removeFile(this.#heldPath)
    }
    await removeFile(this.path)
  }

  async #create(): Promise<void> {
    const handle = await open(this.path, 'wx')
    await handle.close()
    await this.#writeSidecar(0, 0, 0)
    await syncFolder(dirname(this.path))
    failpoint('incoming-file.created')
  }

  async #asOnlySender(source: Readable, use: () => Promise<void>): Promise<void> {
    this.#source?.destroy()
    this.#source = source
    const before = this.#writing
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#writing = promise
    await before
    try {
      await use()
    } finally {
      if (this.#source === source) this.#source = null
      resolve()
    }
  }

  async #append(
    source: Readable,
    handle: FileHandle,
    { reading, limit, bytesArrived, progressed, signal }: AppendOptions,
  ): Promise<void> {
    const maxLength = Math.min(this.length ?? limit, limit)
    const isRequest = source instanceof IncomingMessage
    for await (const chunk of chunksOf(source, signal)) {
      progressed(chunk.length)
      if (this.#offset + chunk.length > maxLength) throw this.#tooLong(limit)
      const isLast = this.#offset + chunk.length === this.length
      if (!this.#keepMetadata) this.#video.look(chunk)
      const start = Buffer.from(chunk.subarray(0, SNIFF_BYTES - this.#head.length))
      if (this.#firstBytes.isReading) this.#firstBytes.take(chunk, this.#offset)
      // The scrubber overwrites. Nobody else has a request's chunk, unless the first bytes go on in it.
      const isOwn = isRequest && !this.#firstBytes.isReading
      const bytes = reading.scrubber?.scrub(isOwn ? chunk : Buffer.from(chunk)) ?? chunk
      // If the write fails, the sender sends these bytes again.
      this.#reading = null
      await this.#write(handle, reading, isLast ? concat(bytes, reading.scrubber?.end()) : bytes)
      this.#offset += chunk.length
      this.#activeAt = performance.now()
      this.#held = isLast ? Buffer.alloc(0) : heldBy(reading)
      this.#reading = reading
      this.#sum = reading.sum
      await this.#checkHead(start)
      bytesArrived?.()
      this.#notifyWatchers()
      if (this.target && this.#offset - this.#durableOffset >= SYNC_INTERVAL_BYTES)
        await this.#sync(handle)
    }
    if (this.length !== null && !this.isComplete) return
    // A file shorter than `SNIFF_BYTES` is checked when it is complete.
    await this.#checkKind()
    if (this.#held.length > 0) {
      await this.#write(handle, reading, reading.scrubber!.end())
      this.#held = Buffer.alloc(0)
      this.#sum = reading.sum
    }
    this.#hasEnded = true
    this.#notifyWatchers()
  }

  async #write(handle: FileHandle, reading: Reading, bytes: Buffer): Promise<void> {
    await writeAll(handle, bytes, this.readableOffset)
    reading.hash.update(bytes)
    reading.sum = crc32(bytes, reading.sum)
  }

  #notifyWatchers(): void {
    for (const changed of this.#watchers) changed()
  }

  /** Rejects as soon as the bytes up to the offset tell that the file isn't taken. */
  async #checkHead(start: Buffer): Promise<void> {
    const isPending = this.#head.length < SNIFF_BYTES || this.#told.isHeaderPending
    const { header, thumbnail, isHeaderPending } = this.#firstBytes
    this.#told = { header, thumbnail, isHeaderPending }
    if (!isPending) return
    if (start.length > 0) this.#head = Buffer.concat([this.#head, start])
    if (this.isTypeKnown) await this.#checkKind()
  }

  /** Rejects if the file's kind isn't taken, or may have fewer pixels than its header tells. */
  async #checkKind(): Promise<void> {
    if (this.isCameraFile) return
    const kind = takenKind(await this.type())
    const refusal = this.header && headerRefusal(kind, this.header, this.name)
    if (refusal) throw refusal
  }

  #tooLong(limit: number): WireError {
    if (this.length !== null) return new WireError('bad-request')
    return new WireError('too-large', { name: this.name, limit })
  }

  /** Makes the bytes durable first, then the offset that refers to them. */
  async #sync(handle: FileHandle): Promise<void> {
    if (!this.target || this.#durableOffset === this.#offset) return
    const [offset, held, sum] = [this.#offset, this.#held, this.#sum]
    const position = offset - held.length
    try {
      await handle.datasync()
      if (held.length > 0) {
        // Once the sidecar refers to the bytes before these, it doesn't need those that were held earlier.
        if (position > this.#durableOffset) await this.#noteDurable(position, sum, 0)
        await this.#writeHeld(held, position)
      }
      await this.#noteDurable(offset, sum, crc32(held))
    } catch (error) {
      await this.#fallBack(handle)
      throw error
    }
    failpoint('incoming-file.synced')
  }

  /** Writes an offset into the sidecar; from then on it is durable. Another sync may have come further. */
  async #noteDurable(offset: number, sum: number | null, heldSum: number): Promise<void> {
    if (offset < this.#durableOffset) return
    await this.#writeSidecar(offset, sum, heldSum)
    this.#durableOffset = offset
  }

  /**
   * Takes back the bytes behind the durable offset: their sender sends them again. After a failed sync the system
   * may have dropped them, and the next sync would succeed all the same.
   */
  async #fallBack(handle: FileHandle): Promise<void> {
    this.#hasEnded = false
    this.#reading = null
    await this.#resumeAt(handle, this.#durableOffset).catch(() => this.#beginAgain())
  }

  /** Takes all bytes back. */
  #beginAgain(): void {
    this.#offset = this.#durableOffset = 0
    this.#held = this.#head = Buffer.alloc(0)
    this.#firstBytes = new FirstBytes()
    this.#told = NOTHING_TOLD
    this.#hasEnded = this.#isScrubbed = this.#isRaw = false
    this.#type = null
    this.#sum = 0
    this.#reading = newReading(this.#keepMetadata)
  }

  /**
   * Writes the sidecar in place. Its length never changes, so that a crash can't tear it. `sum` is that of the bytes
   * in the file up to the offset; null if they are about to change.
   */
  async #writeSidecar(offset: number, sum: number | null, heldSum: number): Promise<void> {
    const { board, id } = this.target!
    const [name, length, keepMetadata] = [this.name, this.length, this.#keepMetadata]
    await using file = await open(`${this.path}.json`, constants.O_RDWR | constants.O_CREAT)
    const { ownerAddress } = this
    const facts = { board, id, name, length, keepMetadata, ownerAddress }
    await writeAll(file, encodeSidecar({ ...facts, offset, sum, heldSum }), 0)
    await file.datasync()
  }

  get #heldPath(): string {
    return `${this.path}.held`
  }

  /** Keeps bytes that are held back, and their position in the file, where nobody reads them. */
  async #writeHeld(held: Buffer, position: number): Promise<void> {
    const isNew = !this.#isHeldFileThere
    await using file = await open(this.#heldPath, constants.O_RDWR | constants.O_CREAT, 0o600)
    const start = Buffer.from(String(position).padStart(HELD_POSITION_BYTES))
    await writeAll(file, Buffer.concat([start, held]), 0)
    await file.datasync()
    if (isNew) await syncFolder(dirname(this.path))
    this.#isHeldFileThere = true
  }

  /** Returns the bytes before the durable offset that were held back; empty if all stand in the file. */
  async #readHeld(durableOffset: number): Promise<Buffer> {
    const file = await readFile(this.#heldPath).catch((error: unknown) => {
      if (systemErrorCode(error) === 'ENOENT') return Buffer.alloc(0)
      throw error
    })
    const position = Number(file.toString('latin1', 0, HELD_POSITION_BYTES))
    const held = file.subarray(HELD_POSITION_BYTES)
    const isCurrent = position < durableOffset && position + held.length >= durableOffset
    return isCurrent ? held.subarray(0, durableOffset - position) : Buffer.alloc(0)
  }

  /** Reads the bytes that an earlier process received, unless this one has their state. */
  async #readUpToOffset(): Promise<Reading> {
    if (this.#reading) return this.#reading
    const reading = newReading(this.#keepMetadata || this.#isScrubbed)
    const read = (bytes: Buffer) => reading.hash.update(reading.scrubber?.scrub(bytes) ?? bytes)
    if (this.readableOffset > 0)
      for await (const chunk of createReadStream(this.path, { end: this.readableOffset - 1 })) {
        reading.sum = crc32(chunk as Buffer, reading.sum)
        read(chunk)
      }
    this.#sum = reading.sum
    read(Buffer.from(this.#held))
    if (this.isComplete) reading.hash.update(reading.scrubber?.end() ?? '')
    this.#reading = reading
    return reading
  }
}

const NOTHING_TOLD = { header: null, thumbnail: null, isHeaderPending: true }

type Restored = 'cut' | { readonly sum: number | null }

interface Reading {
  readonly hash: Hash
  /** The sum of the bytes in the file. */
  sum: number
  /** Null if the bytes stay as they are. */
  readonly scrubber: Scrubber | null
}

interface AppendOptions {
  readonly reading: Reading
  /** Bytes. */
  readonly limit: number
  readonly bytesArrived: (() => void) | undefined
  readonly progressed: (bytes: number) => void
  /** Aborted with the reason why the body is read no further. */
  readonly signal: AbortSignal
}

interface ReceiveOptions {
  /** The byte that the body begins at. */
  readonly at: number
  /** Bytes. */
  readonly limit: number
  /** Default: the server's own. */
  readonly party?: Party
  /** Whether the body is the whole file, and is stored next: then it is synced while it is open. Default: false. */
  readonly willBeStored?: boolean
  readonly bytesArrived?: () => void
  /** Aborted with a `WireError` when the rest needn't come. */
  readonly signal?: AbortSignal
}

const newReading = (keepsBytes: boolean): Reading => ({
  hash: createHash('sha256'),
  sum: 0,
  scrubber: keepsBytes ? null : new Scrubber(),
})

/** Returns a copy: the scrubber goes on. */
const heldBy = ({ scrubber }: Reading): Buffer => Buffer.from(scrubber?.held ?? [])

const concat = (bytes: Buffer, more: Buffer | undefined): Buffer =>
  more?.length ? Buffer.concat([bytes, more]) : bytes

/** Counts the bytes of a body. Calls `tooSlow` after a minute with fewer than `bytesPerMinute`. */
function leastRate(
  bytesPerMinute: number,
  tooSlow: () => void,
): Disposable & { count(bytes: number): void } {
  let bytes = 0
  const timer = setInterval(() => {
    if (bytes < bytesPerMinute) tooSlow()
    bytes = 0
  }, RATE_WINDOW_MS)
  return {
    count: (more) => {
      bytes += more
    },
    [Symbol.dispose]: () => clearInterval(timer),
  }
}
