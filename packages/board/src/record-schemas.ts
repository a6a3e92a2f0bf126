import * as z from 'zod/mini'
import {
  adding,
  address,
  boardWidth,
  coordinate,
  originalFile,
  pixels,
  sha256,
  slotName,
  thumbhash,
  trashDays,
  uuid,
} from './fields.ts'
import { MEDIA_TYPES } from './media-types.ts'

/** A picture on the board. */
export const ImageRecordSchema = z.object({
  kind: z.literal('image'),
  /** UUIDv7, made by the client that adds the picture. */
  id: uuid,
  /** Top left corner, in board units (one CSS pixel at 100 %). */
  x: coordinate,
  y: coordinate,
  /** Width in board units; the height follows from the pixel size. */
  w: boardWidth,
  /** Fractional index: the picture with the greatest one lies on top. */
  z: z.string(),
  caption: z.string(),
  /** File name as the sender had it; shown and downloaded, never a path. */
  name: z.string(),
  /** Sniffed from the bytes; null while the file arrives. */
  type: z.nullable(z.enum(MEDIA_TYPES)),
  /** Pixels as seen, after orientation. */
  width: pixels,
  height: pixels,
  /** Length of the stored file; null while it arrives. */
  bytes: z.nullable(z.int()),
  /** ThumbHash in base64; null until one has been made. */
  thumbhash: z.nullable(thumbhash),
  /** sha256 of the stored file in hex; null while it arrives. */
  blob: z.nullable(sha256),
  /**
   * The file as it was sent, where `blob` is a picture that was drawn from it (V6). It can be downloaded, and is
   * never shown. Null where `blob` is that file.
   */
  original: z.nullable(originalFile),
  /** Whether the stored file has more than one frame. */
  animated: z.boolean(),
  /**
   * Longest sides in pixels of the variants that exist, smallest first: some of `VARIANT_SIDES_PX`, and
   * `STAND_IN_SIDE_PX`. Null until they have been made.
   */
  variants: z.nullable(z.array(z.int())),
  /** The URL that the server fetched the picture from; null for an upload. */
  source: z.nullable(address),
  /** Public id of the visitor who added it. */
  author: z.string(),
  /** Their name, as they gave it; empty for none. It stays when they leave, and they alone change it. */
  by: z.string(),
  /** Id of the link that it came by, which counts it; null for none. */
  link: z.nullable(z.string()),
  /** The name of the live slot that it is the tile of; null for any other picture. */
  slot: z.nullable(slotName),
  /** Milliseconds since 1970, by the server's clock. */
  createdAt: z.number(),
  /**
   * When its file was stored, or the copy made, in milliseconds since 1970; null while it arrives. A slot's tile
   * has the time of its first frame.
   */
  storedAt: z.nullable(z.number()),
  /** When its file took the place of another one, in milliseconds since 1970; null for its first one. */
  replacedAt: z.nullable(z.number()),
  /** When it was trashed, in milliseconds since 1970; null while it stands on the board. */
  deletedAt: z.nullable(z.number()),
  /** Public id of the visitor who trashed it; null while it stands on the board, or if nobody knows. */
  deletedBy: z.nullable(z.string()),
  /**
   * When it is purged from the trash, in milliseconds since 1970, while somebody has marked it for that; null
   * otherwise. The server takes no less time by its own clock (T8).
   */
  purgeAt: z.nullable(z.number()),
  /** Public id of the visitor who marked it; null while it isn't marked. */
  purgeBy: z.nullable(z.string()),
})

/** The board's own settings: the one record with the id `board`. */
export const BoardRecordSchema = z.object({
  kind: z.literal('board'),
  id: z.literal('board'),
  title: z.string(),
  /** Days that a picture stays in the trash. */
  trashDays,
  /** Whether files keep their metadata (F10). */
  keepMetadata: z.boolean(),
  /** The treatment of pictures of those who may only add. */
  adding,
})

export const AnyRecordSchema = z.discriminatedUnion('kind', [ImageRecordSchema, BoardRecordSchema])
