import type { Infer, originalFile } from './fields.ts'
import { isShown } from './media-types.ts'
import type { BoardRecordSchema, ImageRecordSchema } from './record-schemas.ts'

/* The records that a board holds. A record is replaced whole; see changes.ts. */

/** Longest sides of the variants that are made of larger pictures (V1). */
export const VARIANT_SIDES_PX = [64, 320, 1280] as const
/** Longest side of the variant that stands in for a file which browsers don't show (V5). */
export const STAND_IN_SIDE_PX = 4096

/**
 * Returns the longest sides, in pixels, of the variants that a stored picture has or will have. They are
 * smaller than the picture (V1), but for the stand-in of a type that browsers don't show (V5).
 */
export function variantSidesOf({
  width,
  height,
  type,
}: Pick<ImageRecord, 'width' | 'height' | 'type'>): number[] {
  const smaller = VARIANT_SIDES_PX.filter((side) => side < Math.max(width, height))
  return type === null || isShown(type) ? smaller : [...smaller, STAND_IN_SIDE_PX]
}

/** A file that was sent, where another one is shown that was made of it. */
export type OriginalFile = Infer<typeof originalFile>

/** A picture on the board; the schema documents its fields. */
export interface ImageRecord extends Infer<typeof ImageRecordSchema> {}

/** The board's own settings: the one record with the id `board`. */
export interface BoardRecord extends Infer<typeof BoardRecordSchema> {}

export type AnyRecord = ImageRecord | BoardRecord

/** Finds room on a board. */
export interface SpotFinder {
  /** Returns where a picture may stand that has no place, and how wide; its own width, if it has one. */
  find(picture: {
    readonly width: number
    readonly height: number
    readonly w?: number | undefined
  }): { x: number; y: number; w: number }
}

/** A board's records by id: a replica, or one with a draft laid over it. */
export interface Records {
  readonly size: number
  /** The greatest z on the board, null for an empty one; undefined where nobody keeps it. */
  readonly topmost?: string | null
  /** The number of pictures that are marked to be purged; undefined where nobody keeps it. */
  readonly markedCount?: number
  /** Finds room among the pictures; undefined where nobody keeps it. */
  readonly freeSpots?: SpotFinder | undefined
  get(id: string): AnyRecord | undefined
  values(): Iterable<AnyRecord>
}

export const emptyBoard: BoardRecord = {
  kind: 'board',
  id: 'board',
  title: '',
  trashDays: 30,
  keepMetadata: false,
  adding: 'open',
}

/** Returns the board's settings, or the defaults. */
export function settings(records: Records): BoardRecord {
  const record = records.get('board')
  return record?.kind === 'board' ? record : emptyBoard
}

/** Returns the pictures that stand on the board: arriving ones too, trashed ones not. */
export function picturesOnBoard(records: Pick<Records, 'values'>): ImageRecord[] {
  const pictures: ImageRecord[] = []
  for (const record of records.values())
    if (record.kind === 'image' && record.deletedAt === null) pictures.push(record)
  return pictures
}

/**
 * Returns whether a picture was saved after another. One that still arrives comes after all that are saved,
 * by the time of its add. The ids decide between pictures of the same moment.
 */
export function isNewer(a: ImageRecord, b: ImageRecord): boolean {
  const [one, other] = [a, b].map(({ storedAt }) => storedAt ?? Number.POSITIVE_INFINITY)
  if (one !== other) return one! > other!
  return a.createdAt === b.createdAt ? a.id > b.id : a.createdAt > b.createdAt
}
