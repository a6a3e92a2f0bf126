import * as z from 'zod/mini'
import {
  adding,
  boardWidth,
  caption,
  coordinate,
  fractionalIndex,
  personName,
  pixels,
  sha256,
  thumbhash,
  trashDays,
  uuid,
} from './fields.ts'
import { limits } from './limits.ts'

/** Announces a picture; its bytes follow as an upload under the same id. */
export const ImageAddSchema = z.strictObject({
  kind: z.literal('image.add'),
  id: uuid,
  /** Default: the next free spot. */
  x: z.optional(coordinate),
  y: z.optional(coordinate),
  /** Default: a row high. At a given place, as large as it is in pixels, up to that. */
  w: z.optional(boardWidth),
  width: pixels,
  height: pixels,
  name: z.string().check(z.maxLength(limits.fileNameLength)),
  caption: z.optional(caption),
  /** The sender's name. Default: none. */
  by: z.optional(personName),
  thumbhash: z.optional(thumbhash),
})

/** Changes the named fields and no others, so that patches of different fields both hold (F4). */
export const ImagePatchSchema = z.strictObject({
  kind: z.literal('image.patch'),
  id: uuid,
  set: z.strictObject({
    x: z.optional(coordinate),
    y: z.optional(coordinate),
    w: z.optional(boardWidth),
    z: z.optional(fractionalIndex),
    caption: z.optional(caption),
    /** Only its author may change it. */
    by: z.optional(personName),
  }),
})

/** Puts a picture in the trash. */
export const ImageRemoveSchema = z.strictObject({ kind: z.literal('image.remove'), id: uuid })

/** Takes a picture out of the trash, back onto the board. */
export const ImageRestoreSchema = z.strictObject({ kind: z.literal('image.restore'), id: uuid })

/** Puts back the file that a picture had before its present one, `blob`, or again the one after that. */
export const ImageRevertSchema = z.strictObject({
  kind: z.literal('image.revert'),
  id: uuid,
  blob: sha256,
})

/** Marks a picture in the trash, which the server purges once a time of grace is over. */
export const ImagePurgeSchema = z.strictObject({ kind: z.literal('image.purge'), id: uuid })

/** Calls that off: the picture stays in the trash. */
export const ImageKeepSchema = z.strictObject({ kind: z.literal('image.keep'), id: uuid })

/** Makes another picture with the same file, caption and name, on top. Its source must be stored. */
export const ImageCopySchema = z.strictObject({
  kind: z.literal('image.copy'),
  id: uuid,
  sourceId: uuid,
  x: coordinate,
  y: coordinate,
  /** The copier's name. Default: none. */
  by: z.optional(personName),
})

/** Changes the named settings and no others. */
export const BoardPatchSchema = z.strictObject({
  kind: z.literal('board.patch'),
  set: z.strictObject({
    title: z.optional(z.string().check(z.maxLength(limits.titleLength))),
    trashDays: z.optional(trashDays),
    keepMetadata: z.optional(z.boolean()),
    adding: z.optional(adding),
  }),
})

/** A command that a client may send. */
export const ClientCommand = z.discriminatedUnion('kind', [
  ImageAddSchema,
  ImagePatchSchema,
  ImageRemoveSchema,
  ImageRestoreSchema,
  ImageRevertSchema,
  ImagePurgeSchema,
  ImageKeepSchema,
  ImageCopySchema,
  BoardPatchSchema,
])
