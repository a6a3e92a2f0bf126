/** What a board holds. A record is replaced whole; see changes.ts. */

/** The media types that browsers show. */
const SHOWN_TYPES = ['image/jpeg', 'image/png', 'image/gif', 'image/webp', 'image/avif'] as const
/** The media types that a board takes. An SVG is stored as the PNG that was drawn of it (V6). */
export const MEDIA_TYPES = [
  ...SHOWN_TYPES,
  'image/heic',
  'image/tiff',
  'image/bmp',
  'image/svg+xml',
] as const
export type MediaType = (typeof MEDIA_TYPES)[number]

/** Whether every browser shows such a file; of the others people see variants only (V5). */
export const isShown = (type: MediaType): boolean =>
  (SHOWN_TYPES as readonly MediaType[]).includes(type)

/** Longest sides in pixels of the smaller pictures that are made of larger ones (V1). */
export const VARIANTS = [64, 320, 1280] as const
/** Longest side in pixels of the variant that stands in for a file which browsers don't show (V5). */
export const STAND_IN = 4096

/** A picture on the board. */
export interface ImageRecord {
  readonly kind: 'image'
  /** UUIDv7 (RFC 9562), made by whoever adds the picture. */
  readonly id: string
  /** Top left corner, in board units (one CSS pixel at 100 %). */
  readonly x: number
  readonly y: number
  /** Width in board units; the height follows from the pixel size. */
  readonly w: number
  /** Fractional index: the picture with the greatest lies on top. */
  readonly z: string
  readonly caption: string
  /** File name as the sender had it; shown and downloaded, never a path. */
  readonly name: string
  /** Sniffed from the bytes; null while arriving. */
  readonly type: MediaType | null
  /** Pixel size as seen, after orientation. */
  readonly width: number
  readonly height: number
  /** Length of the stored file; null while arriving. */
  readonly bytes: number | null
  /** ThumbHash in base64, null when nobody has made one yet. */
  readonly thumbhash: string | null
  /** sha256 of the stored file in hex, null while arriving. */
  readonly blob: string | null
  /** Whether the stored file has more than one frame. */
  readonly animated: boolean
  /**
   * Longest sides in pixels of the smaller pictures of it that there are, smallest first: some of
   * `VARIANTS`, and `STAND_IN`; null until they have been made.
   */
  readonly variants: readonly number[] | null
  /** The address that the server has it from; null when somebody sent it. */
  readonly source: string | null
  /** Visitor who added it. */
  readonly author: string
  /** Milliseconds since 1970, the server's clock. */
  readonly createdAt: number
  /** When it was trashed, null when it stands on the board. */
  readonly deletedAt: number | null
}

/** The board's own settings: the one record with the id `board`. */
export interface BoardRecord {
  readonly kind: 'board'
  readonly id: 'board'
  readonly title: string
  /** Days that a picture stays in the trash. */
  readonly trashDays: number
  /** Whether files keep what they say besides the picture (F10). */
  readonly keepMetadata: boolean
}

export type AnyRecord = ImageRecord | BoardRecord

/** A board's records by id: a replica, or one with a draft laid over it. */
export interface Records {
  readonly size: number
  get(id: string): AnyRecord | undefined
  values(): Iterable<AnyRecord>
}

export const emptyBoard: BoardRecord = {
  kind: 'board',
  id: 'board',
  title: '',
  trashDays: 30,
  keepMetadata: false,
}

/** The board's settings, or what a board without any has. */
export function settings(records: Records): BoardRecord {
  const record = records.get('board')
  return record?.kind === 'board' ? record : emptyBoard
}

/** The pictures that stand on the board: arriving ones too, trashed ones not. */
export function standing(records: Pick<Records, 'values'>): ImageRecord[] {
  const pictures: ImageRecord[] = []
  for (const record of records.values())
    if (record.kind === 'image' && record.deletedAt === null) pictures.push(record)
  return pictures
}
