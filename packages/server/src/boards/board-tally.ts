import type { AnyRecord } from '@wirephoto/board'
import { PictureTally } from './picture-tally.ts'

/** A record's fixed fields with their names, as JSON: about as many in every record. */
const FIXED_FIELDS_BYTES = 500

/** Returns the bytes of a record, as JSON: exact for the texts that people make as long as they like. */
export function bytesOf(record: AnyRecord): number {
  const texts =
    record.kind === 'image'
      ? [record.caption, record.name, record.by, record.source ?? '']
      : [record.title]
  return texts.reduce(
    (sum, text) => sum + (text === '' ? 0 : Buffer.byteLength(JSON.stringify(text)) - 2),
    FIXED_FIELDS_BYTES,
  )
}

/** Returns by how many bytes a change makes the board larger. A move, the most frequent one, is not measured. */
export function growthOf(before: AnyRecord | undefined, after: AnyRecord | undefined): number {
  if (before && after && haveSameTexts(before, after)) return 0
  return (after ? bytesOf(after) : 0) - (before ? bytesOf(before) : 0)
}

function haveSameTexts(a: AnyRecord, b: AnyRecord): boolean {
  if (a.kind !== 'image') return b.kind === a.kind && a.title === b.title
  if (b.kind !== 'image' || a.caption !== b.caption || a.name !== b.name) return false
  return a.by === b.by && a.source === b.source
}

/** Somebody who announces pictures. */
interface Announcer {
  readonly visitor: string
  readonly address?: string
}

/** The pictures without a blob that a board may have at one time. */
export interface ArrivingBounds {
  readonly board: number
  readonly visitor: number
  readonly address: number
}

/**
 * Counts the bytes of a board's records, its pictures and those that arrive, with constant work for each change. One that
 * is made over another counts what a tick would change, and leaves the other as it is.
 */
export class BoardTally {
  readonly pictures: PictureTally
  readonly #base: BoardTally | undefined
  #bytes = 0
  #markedBytes = 0
  #arrivingCount = 0
  /** Arriving pictures by their author, as `v <visitor>`, and by the sender's address, as `a <address>`. */
  readonly #arrivingBy = new Map<string, number>()
  /** The addresses that arriving pictures were announced from, by the picture's id. */
  readonly #addresses = new Map<string, string>()

  constructor(base?: BoardTally) {
    this.#base = base
    this.pictures = new PictureTally(base?.pictures)
  }

  /** The bytes of all records. */
  get bytes(): number {
    return this.#bytes + (this.#base?.bytes ?? 0)
  }

  /** The bytes of the pictures that are marked to be purged. */
  get markedBytes(): number {
    return this.#markedBytes + (this.#base?.markedBytes ?? 0)
  }

  /** The pictures without a blob. */
  get arrivingCount(): number {
    return this.#arrivingCount + (this.#base?.arrivingCount ?? 0)
  }

  /** Counts a record in place of the one before. `announcer` is its sender. */
  count(before: AnyRecord | undefined, after: AnyRecord | undefined, announcer?: Announcer): void {
    this.#bytes += growthOf(before, after)
    this.#markedBytes += markedBytesOf(after) - markedBytesOf(before)
    this.pictures.count(before, after)
    if (!before && after && isArriving(after) && announcer?.address !== undefined)
      this.#addresses.set(after.id, announcer.address)
    if (before && isArriving(before)) this.#countArriving(before, -1)
    if (after && isArriving(after)) this.#countArriving(after, 1)
    if (before && !(after && isArriving(after))) this.#addresses.delete(before.id)
  }

  /** Takes over the addresses that a tick's pictures were announced from. */
  learnAddresses(tick: BoardTally): void {
    for (const [id, address] of tick.#addresses) this.#addresses.set(id, address)
  }

  /** Returns the address that an arriving picture was announced from, as far as this process knows. */
  addressOf(id: string): string | undefined {
    return this.#addresses.get(id) ?? this.#base?.addressOf(id)
  }

  /**
   * Whether the sender, or the board, has as many arriving pictures as it may. Who has many leaves as many places to
   * the others of their address, so that two photographers don't keep a whole party out.
   */
  isFull({ visitor, address }: Announcer, bounds: ArrivingBounds): boolean {
    const own = this.#arrivingOf(`v ${visitor}`)
    if (this.arrivingCount >= bounds.board || own >= bounds.visitor) return true
    return address !== undefined && own >= bounds.address - this.#arrivingOf(`a ${address}`)
  }

  clear(): void {
    this.#bytes = 0
    this.#markedBytes = 0
    this.#arrivingCount = 0
    this.#arrivingBy.clear()
    this.#addresses.clear()
    this.pictures.clear()
  }

  #countArriving({ id, author }: ArrivingRecord, change: 1 | -1): void {
    this.#arrivingCount += change
    this.#add(`v ${author}`, change)
    const address = this.addressOf(id)
    if (address !== undefined) this.#add(`a ${address}`, change)
  }

  #add(key: string, change: 1 | -1): void {
    const count = (this.#arrivingBy.get(key) ?? 0) + change
    if (count === 0) this.#arrivingBy.delete(key)
    else this.#arrivingBy.set(key, count)
  }

  #arrivingOf(key: string): number {
    return (this.#arrivingBy.get(key) ?? 0) + (this.#base ? this.#base.#arrivingOf(key) : 0)
  }
}

/** Returns the bytes of a picture that is marked to be purged, and 0 of any other record. */
const markedBytesOf = (record: AnyRecord | undefined): number =>
  record?.kind === 'image' && record.purgeAt !== null ? bytesOf(record) : 0

type ArrivingRecord = Extract<AnyRecord, { kind: 'image' }>

const isArriving = (record: AnyRecord): record is ArrivingRecord =>
  record.kind === 'image' && record.blob === null
