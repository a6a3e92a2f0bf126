import type { AnyRecord, ImageRecord } from '@wirephoto/board'
import { type Amount, NOTHING } from '../fairness/minute-shares.ts'

/**
 * Counts a board's pictures and the bytes of their files, in all and by the link that they came by. Each change is
 * constant work. Copies count like any picture. One that is made over another counts what a tick would change.
 */
export class PictureTally {
  readonly #base: PictureTally | undefined
  #all = NOTHING
  #marked = NOTHING
  readonly #byLink = new Map<string | null, Amount>()

  constructor(base?: PictureTally) {
    this.#base = base
  }

  /** All pictures, those in the trash included. */
  get all(): Amount {
    return sumOf(this.#all, this.#base?.all)
  }

  /** Those of them that are marked to be purged. */
  get marked(): Amount {
    return sumOf(this.#marked, this.#base?.marked)
  }

  /** Those that came by a link, or by none. One that is marked to be purged counts as gone. */
  of(link: string | null): Amount {
    return sumOf(this.#byLink.get(link) ?? NOTHING, this.#base?.of(link))
  }

  /** Counts a record in place of the one before. */
  count(before: AnyRecord | undefined, after: AnyRecord | undefined): void {
    const [old, now] = [pictureIn(before), pictureIn(after)]
    // A move, the most frequent change, changes nothing here.
    if (old && now && isCountedAlike(old, now)) return
    if (old) this.#add(old, -1)
    if (now) this.#add(now, 1)
  }

  clear(): void {
    this.#all = this.#marked = NOTHING
    this.#byLink.clear()
  }

  #add(picture: ImageRecord, sign: 1 | -1): void {
    const amount = { pictures: sign, bytes: sign * fileBytesOf(picture) }
    this.#all = sumOf(this.#all, amount)
    if (picture.purgeAt !== null) {
      this.#marked = sumOf(this.#marked, amount)
      return
    }
    const { link } = picture
    this.#byLink.set(link, sumOf(this.#byLink.get(link) ?? NOTHING, amount))
  }
}

/** Returns the bytes of a picture's files, the original included. */
export const fileBytesOf = ({ bytes, original }: Pick<ImageRecord, 'bytes' | 'original'>): number =>
  (bytes ?? 0) + (original?.bytes ?? 0)

const pictureIn = (record: AnyRecord | undefined): ImageRecord | null =>
  record?.kind === 'image' ? record : null

const isCountedAlike = (a: ImageRecord, b: ImageRecord): boolean =>
  a.link === b.link &&
  (a.purgeAt === null) === (b.purgeAt === null) &&
  fileBytesOf(a) === fileBytesOf(b)

export const sumOf = (a: Amount, b: Amount = NOTHING): Amount => ({
  pictures: a.pictures + b.pictures,
  bytes: a.bytes + b.bytes,
})
