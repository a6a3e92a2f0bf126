import { generateKeyBetween } from 'fractional-indexing'
import * as z from 'zod/mini'
import type { Cursor } from './changes.ts'
import { parseCursor } from './changes.ts'
import { WireError } from './errors.ts'
import { limits } from './limits.ts'
import { type AnyRecord, MEDIA_TYPES } from './records.ts'

/*
 * All that crosses the socket and the snapshot; version.ts numbers it.
 *
 * Browser to server: `follow`, `commands` (both answered), `presence`, `sending`, `seen`, `show`.
 * Server to browser: `changes`, `presence`, `people`, `arrivals`, `seen`, `show`, `notice`, `bye`, each one JSON string,
 * encoded once for all; `preview`, an id and bytes; `echo`, answered at once, to know how long the line is.
 */

const uuid = z
  .string()
  .check(z.regex(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/))
const boardId = z.string().check(z.regex(/^[\w-]{1,64}$/))
const sha256 = z.string().check(z.regex(/^[0-9a-f]{64}$/))
const cursor = z.custom<Cursor>((value) => typeof value === 'string' && parseCursor(value) !== null)
const place = z.number().check(z.gte(-limits.maxCoordinate), z.lte(limits.maxCoordinate))
const width = z.number().check(z.gt(0), z.lte(limits.maxPictureWidth))
const pixels = z.int().check(z.gte(1), z.lte(limits.maxSidePixels))
const thumbhash = z.string().check(z.regex(/^[\w+/]{1,44}={0,2}$/))
const trashDays = z.int().check(z.gte(1), z.lte(limits.maxTrashDays))
const address = z.string().check(z.maxLength(limits.urlLength), z.regex(/^https?:\/\//))
const caption = z.string().check(z.maxLength(limits.captionLength))
const index = z.string().check(z.maxLength(200), z.refine(isFractionalIndex))

/** Entries of a record. */
function atMost(entries: number) {
  return z.refine<Record<string, unknown>>((record) => Object.keys(record).length <= entries)
}

/**
 * A key that others can be made before, after and between. The two outermost heads are left out: next to
 * the last of them keys would grow with every picture.
 */
function isFractionalIndex(key: string): boolean {
  if (!/^[B-Za-y][\dA-Za-z]*$/.test(key)) return false
  try {
    return generateKeyBetween(key, null) > key
  } catch {
    return false
  }
}

const ImageAdd = z.object({
  kind: z.literal('image.add'),
  id: uuid,
  x: z.optional(place),
  y: z.optional(place),
  w: z.optional(width),
  width: pixels,
  height: pixels,
  name: z.string().check(z.maxLength(limits.fileNameLength)),
  caption: z.optional(caption),
  thumbhash: z.optional(thumbhash),
})

const ImagePatch = z.object({
  kind: z.literal('image.patch'),
  id: uuid,
  set: z.strictObject({
    x: z.optional(place),
    y: z.optional(place),
    w: z.optional(width),
    z: z.optional(index),
    caption: z.optional(caption),
  }),
})

const ImageRemove = z.object({ kind: z.literal('image.remove'), id: uuid })
const ImageRestore = z.object({ kind: z.literal('image.restore'), id: uuid })

const ImagePurge = z.object({ kind: z.literal('image.purge'), id: uuid })

const ImageCopy = z.object({
  kind: z.literal('image.copy'),
  id: uuid,
  of: uuid,
  x: place,
  y: place,
})

const BoardPatch = z.object({
  kind: z.literal('board.patch'),
  set: z.strictObject({
    title: z.optional(z.string().check(z.maxLength(limits.titleLength))),
    trashDays: z.optional(trashDays),
    keepMetadata: z.optional(z.boolean()),
  }),
})

export const ClientCommand = z.discriminatedUnion('kind', [
  ImageAdd,
  ImagePatch,
  ImageRemove,
  ImageRestore,
  ImagePurge,
  ImageCopy,
  BoardPatch,
])

/** What a socket says of itself when it connects, as Socket.IO's `auth`. */
export const Hello = z.object({ board: boardId, wire: z.int() })

/** Where the reader stands. */
export const Follow = z.object({ cursor })

const preview = z.custom<Uint8Array>(
  (value) => value instanceof Uint8Array && value.length > 0 && value.length <= limits.previewBytes,
)

/** `commands`, answered with `CommandAnswer` or `{error}`. Previews go as binary attachments. */
export const Commands = z.object({
  client: uuid,
  n: z.int().check(z.gte(1)),
  commands: z.array(ClientCommand).check(z.minLength(1), z.maxLength(limits.commandsPerMessage)),
  previews: z.optional(z.record(uuid, preview).check(atMost(limits.previewsPerMessage))),
})
export type Commands = z.infer<typeof Commands>

/** What others see of somebody for the moment. */
export const Presence = z.object({
  /** Empty until one has said it. */
  name: z.string().check(z.maxLength(limits.personNameLength)),
  /** Where the pointer is on the board; null when it isn't. */
  cursor: z.nullable(z.object({ x: place, y: place })),
  selection: z.array(uuid).check(z.maxLength(limits.draggedPictureCount)),
  /** The pictures in their hand, where, and how wide if that changes. */
  drag: z.nullable(
    z
      .record(uuid, z.object({ x: place, y: place, w: z.optional(width) }))
      .check(atMost(limits.draggedPictureCount)),
  ),
})
export type Presence = z.infer<typeof Presence>

/** `show` from an editor, and on to everybody: the picture that screens shall show. */
export const Shown = z.object({ id: uuid })
export type Shown = z.infer<typeof Shown>

/** `sending`: what only the sender knows of pictures on their way. `wait` is milliseconds to the next try. */
export const Sending = z
  .record(
    uuid,
    z.object({
      state: z.enum(['sending', 'retrying', 'failed']),
      wait: z.optional(z.int().check(z.gte(0), z.lte(3_600_000))),
    }),
  )
  .check(atMost(limits.picturesPerReport))
export type Sending = z.infer<typeof Sending>

/** `seen` from a page: pictures that it has painted within view. */
export const Seen = z.object({
  ids: z.array(uuid).check(z.minLength(1), z.maxLength(limits.picturesPerReport)),
})

/** `POST /api/boards/<board>/images/from-url`: a picture that the server fetches, and where it goes. */
export const ImageFetch = z.object({
  url: z.string().check(z.maxLength(limits.urlLength)),
  x: z.optional(place),
  y: z.optional(place),
  w: z.optional(width),
  caption: z.optional(caption),
})

const AnyRecordSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('image'),
    id: uuid,
    x: place,
    y: place,
    w: width,
    z: z.string(),
    caption: z.string(),
    name: z.string(),
    type: z.nullable(z.enum(MEDIA_TYPES)),
    width: pixels,
    height: pixels,
    bytes: z.nullable(z.int()),
    thumbhash: z.nullable(thumbhash),
    blob: z.nullable(sha256),
    animated: z.boolean(),
    variants: z.nullable(z.array(z.int())),
    source: z.nullable(address),
    author: z.string(),
    createdAt: z.number(),
    deletedAt: z.nullable(z.number()),
  }),
  z.object({
    kind: z.literal('board'),
    id: z.literal('board'),
    title: z.string(),
    trashDays,
    keepMetadata: z.boolean(),
  }),
])

/** `changes`: one tick's batch, or a coalesced stretch. */
export const Changes = z.object({
  from: cursor,
  to: cursor,
  changes: z.array(z.union([z.object({ put: AnyRecordSchema }), z.object({ gone: z.string() })])),
})

/** `GET /api/boards/<board>/snapshot`. */
export const Snapshot = z.object({ cursor, records: z.array(AnyRecordSchema) })
export interface Snapshot {
  readonly cursor: Cursor
  readonly records: readonly AnyRecord[]
}

/**
 * The answer to `follow`. `resumed`: the `changes` that follow start at the asked cursor; else it
 * can't be followed, so fetch the snapshot and ask again. `now` is the server's clock: a queue's id
 * is made by it, or a wrong clock would make new commands look stale.
 */
export const Followed = z.object({
  visitor: z.string(),
  session: z.string(),
  resumed: z.boolean(),
  now: z.number(),
})
export type Followed = z.infer<typeof Followed>

/**
 * `arrivals`: pictures on their way whose state has changed, at most four times a second; all of them
 * for whoever has just come; null has ended. Bytes, and milliseconds to the sender's next try.
 */
export const Arrivals = z.record(
  uuid,
  z.nullable(
    z.object({
      sent: z.int(),
      total: z.nullable(z.int()),
      state: z.enum(['arriving', 'stalled', 'retrying', 'failed']),
      wait: z.optional(z.int()),
      /** Whether there is a preview at `/b/<board>/arrivals/<id>/preview`. */
      preview: z.boolean(),
      /** Whether it sharpens for whoever reads it at `/b/<board>/arrivals/<id>` while it comes. */
      live: z.boolean(),
    }),
  ),
)
export type Arrivals = z.infer<typeof Arrivals>

/**
 * `seen` to the sender of a picture: who else has it on their screen now, in milliseconds from its
 * add to its paint, by the server's clock; and how many others there are.
 */
export const SeenBy = z.record(
  uuid,
  z.object({
    by: z.array(z.object({ visitor: z.string(), name: z.string(), milliseconds: z.number() })),
    of: z.int(),
  }),
)
export type SeenBy = z.infer<typeof SeenBy>

/** `people`: how many visitors are here; of a crowd `presence` shows a sample. */
export const People = z.object({ count: z.int() })

/** `presence` of everybody whose state changed in a tick, by session; null has left. */
export const Present = z.record(z.string(), z.nullable(z.extend(Presence, { visitor: z.string() })))
export type Present = z.infer<typeof Present>

const refusal = z.object({ code: z.string(), message: z.string(), expected: z.optional(z.int()) })

/** `commands` answered. */
export const Answer = z.object({
  n: z.int(),
  seq: z.int(),
  refused: z.array(z.object({ n: z.int(), error: refusal })),
})

/** Every error: an HTTP body, an answer, and `bye` before a socket is closed. */
export const ErrorBody = z.object({ error: refusal })
export type ErrorBody = z.infer<typeof ErrorBody>

/** What the pinned hash is made of. */
export const wireSchemas = {
  Hello,
  Follow,
  Followed,
  Commands,
  Answer,
  Presence,
  Present,
  People,
  Shown,
  Sending,
  Seen,
  SeenBy,
  Arrivals,
  Changes,
  Snapshot,
  ErrorBody,
}

/** What was sent, if it is of that shape; throws `bad-request`. */
export function checked<S extends z.ZodMiniType>(schema: S, sent: unknown): z.output<S> {
  const result = schema.safeParse(sent)
  if (!result.success) throw new WireError('bad-request', {}, { cause: result.error })
  return result.data
}

/** The same of what needs no answer: undefined when it isn't of that shape. */
export function heard<S extends z.ZodMiniType>(schema: S, sent: unknown): z.output<S> | undefined {
  return schema.safeParse(sent).data
}
