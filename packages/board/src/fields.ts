import { generateKeyBetween } from 'fractional-indexing'
import * as z from 'zod/mini'
import type { Cursor } from './cursors.ts'
import { parseCursor } from './cursors.ts'
import { isBoardId, isHeldLog } from './ids.ts'
import { limits, serverLimits } from './limits.ts'
import { MEDIA_TYPES } from './media-types.ts'
import { ROLES } from './roles.ts'

/*
 * The fields that records, commands and messages are made of, as schemas. The page never loads zod: it
 * imports the types that are inferred from these, and nothing else.
 */

/** A UUIDv7 (RFC 9562 section 5.7) in lower case. */
export const uuid = z
  .string()
  .check(z.regex(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/))
/** A board, or the log of those of its pictures that wait. */
export const boardOrHeldLog = z.string().check(z.refine((id) => isBoardId(id) || isHeldLog(id)))
/** Lower-case hex. */
export const sha256 = z.string().check(z.regex(/^[0-9a-f]{64}$/))
export const cursor = z.custom<Cursor>(
  (value) => typeof value === 'string' && parseCursor(value) !== null,
)
/** A coordinate in board units. */
export const coordinate = z
  .number()
  .check(z.gte(-limits.maxCoordinate), z.lte(limits.maxCoordinate))
/** Board units. */
export const boardWidth = z.number().check(z.gt(0), z.lte(limits.maxPictureWidth))
/** A side in pixels. */
export const pixels = z.int().check(z.gte(1), z.lte(limits.maxSidePixels))
/** A ThumbHash in base64. */
export const thumbhash = z.string().check(z.regex(/^[\w+/]{1,44}={0,2}$/))
/** Pictures of those who may only add come at once, wait for a moderator, or aren't taken. */
export const adding = z.enum(['open', 'held', 'paused'])
export const trashDays = z.int().check(z.gte(1), z.lte(limits.maxTrashDays))
export const address = z
  .string()
  .check(z.maxLength(serverLimits.urlLength), z.regex(/^https?:\/\//))
/** A person's name; empty for none. */
export const personName = z.string().check(z.maxLength(limits.personNameLength))
export const caption = z.string().check(z.maxLength(limits.captionLength))
/** The role that a link gives. */
export const role = z.enum(ROLES)
/** The name of a live slot, as its address has it. */
export const slotName = z.string().check(z.regex(/^\w[\w.-]{0,63}$/))
/** A key that stands between two others in z-order. */
export const fractionalIndex = z.string().check(z.maxLength(200), z.refine(isFractionalIndex))

/** Bounds the number of entries in a record. */
export function atMost(entries: number) {
  return z.refine<Record<string, unknown>>((record) => Object.keys(record).length <= entries)
}

/**
 * Whether other keys can be made before, after and between this one. The two outermost heads are left
 * out: next to the last of them keys would grow with every picture.
 */
function isFractionalIndex(key: string): boolean {
  if (!/^[B-Za-y][\dA-Za-z]*$/.test(key)) return false
  try {
    return generateKeyBetween(key, null) > key
  } catch {
    return false
  }
}

/** The type that a schema yields, readonly at every depth. */
export type Infer<S extends z.ZodMiniType> = DeepReadonly<z.infer<S>>

type DeepReadonly<T> = T extends string | number | boolean | null | undefined | Uint8Array
  ? T
  : T extends readonly (infer U)[]
    ? readonly DeepReadonly<U>[]
    : { readonly [K in keyof T]: DeepReadonly<T[K]> }

/** A file that was sent and isn't the one that is shown: sha256 in hex, and length in bytes. */
export const originalFile = z.object({
  blob: sha256,
  type: z.enum(MEDIA_TYPES),
  bytes: z.int(),
})
