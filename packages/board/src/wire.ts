import * as z from 'zod/mini'
import type { Batch } from './changes.ts'
import { ClientCommand, ImagePatchSchema } from './command-schemas.ts'
import type { Cursor } from './cursors.ts'
import { WireError } from './errors.ts'
import {
  atMost,
  boardOrHeldLog,
  boardWidth,
  caption,
  coordinate,
  cursor,
  personName,
  role,
  slotName,
  uuid,
} from './fields.ts'
import { limits, serverLimits } from './limits.ts'
import { PERSON_COLOUR_COUNT } from './person-colour.ts'
import { AnyRecordSchema } from './record-schemas.ts'
import type { AnyRecord } from './records.ts'
import type { Role } from './roles.ts'

/*
 * The messages of the socket, and the snapshot. version.ts numbers them.
 *
 * Browser to server: `follow`, `commands`, `previews` (all answered), `presence`, `sending`, `seen`, `show`.
 * Server to browser: `changes`, `roster`, `presence`, `people`, `arrivals`, `seen`, `held`, `show`, `downloads`,
 * `notice`, `bye`, each one JSON string that is encoded once for all viewers; `preview` and `frame`, an id and bytes;
 * `reload`; `echo`, answered at once, which measures the round trip.
 */

/** The `auth` of a Socket.IO connection: the board or its held log, and the page's wire version. A wall counts as nobody. */
export const Hello = z.object({
  board: boardOrHeldLog,
  wire: z.int(),
  isWall: z.optional(z.boolean()),
  /** The bearer token: a browser sends no headers of a page's own with a websocket. */
  token: z.optional(z.string().check(z.regex(/^[\w-]{22,128}$/))),
})

/** `follow`: the cursor that the reader stands at. */
export const Follow = z.object({ cursor })

const preview = z.custom<Uint8Array>(
  (value) => value instanceof Uint8Array && value.length > 0 && value.length <= limits.previewBytes,
)

/** `commands`, answered with `CommandAnswer` or `{error}`. */
export const Commands = z.strictObject({
  client: uuid,
  n: z.int().check(z.gte(1)),
  commands: z.array(ClientCommand).check(z.minLength(1), z.maxLength(limits.commandsPerMessage)),
})
export type Commands = z.infer<typeof Commands>

/**
 * `previews`, answered with `{}` or `{error}`: small pictures of one's own pictures on their way, by id, as binary
 * attachments. WebP or JPEG, at most 320 px on the longest side.
 */
export const SenderPreviews = z.record(uuid, preview).check(atMost(limits.previewsPerMessage))
export type SenderPreviews = z.infer<typeof SenderPreviews>

/** `presence` from a page: the transient state that others see. */
export const Presence = z.object({
  /** Empty until the person has given one. */
  name: personName,
  /** The pointer's place on the board; null while it is elsewhere. */
  cursor: z.nullable(z.object({ x: coordinate, y: coordinate })),
  selection: z.array(uuid).check(z.maxLength(limits.draggedPictureCount)),
  /** The dragged pictures: their places, and their widths if those change. */
  drag: z.nullable(
    z
      .record(uuid, z.object({ x: coordinate, y: coordinate, w: z.optional(boardWidth) }))
      .check(atMost(limits.draggedPictureCount)),
  ),
})
export type Presence = z.infer<typeof Presence>

/** `show`, from an editor and on to every viewer: the picture that walls show next. */
export const ShowRequest = z.object({ id: uuid })
export type ShowRequest = z.infer<typeof ShowRequest>

/** `sending`: upload states that only the sender knows. `wait`: milliseconds to the next try. */
export const SenderReport = z
  .record(
    uuid,
    z.object({
      state: z.enum(['sending', 'retrying', 'failed']),
      wait: z.optional(z.int().check(z.gte(0), z.lte(3_600_000))),
    }),
  )
  .check(atMost(limits.picturesPerReport))
export type SenderReport = z.infer<typeof SenderReport>

/** `seen` from a page: the pictures that it has painted within view. */
export const SeenReport = z.object({
  ids: z.array(uuid).check(z.minLength(1), z.maxLength(limits.picturesPerReport)),
})

/** The body of `POST /api/boards/<board>/images/from-url`: a picture to fetch, and its place. */
export const ImageFetch = z.strictObject({
  url: z.string().check(z.maxLength(serverLimits.urlLength)),
  x: z.optional(coordinate),
  y: z.optional(coordinate),
  w: z.optional(boardWidth),
  caption: z.optional(caption),
  by: z.optional(personName),
})

/** The parameters of an address that takes a picture: its place, and words. */
export const PlaceQuery = z.omit(ImageFetch, { url: true })

/** Those of `POST /api/boards/<board>/images`, which has no name in its path. */
export const PictureQuery = z.extend(PlaceQuery, {
  name: z.optional(z.string()),
})

/** The picture that an address names, where it is made there. */
export const PictureAddress = z.object({ id: uuid })

/** The live slot that an address names. */
export const SlotAddress = z.object({ slot: slotName })

/** The body of `PATCH /api/boards/<board>/images/<id>`. */
export const ImageSet = ImagePatchSchema.shape.set

/** The parameters of `GET /b/<board>/changes`. With `wait=0` it answers at once. */
export const ChangesQuery = z.strictObject({
  after: cursor,
  wait: z.optional(z.enum(['0', '1'])),
  /** The wire version of a page. */
  wire: z.optional(z.string()),
})

/** The parameters of `POST /b/<board>/commands`. */
export const CommandsQuery = z.pick(ChangesQuery, { wire: true })

/** The parameters of `GET /b/<board>/arrivals/<id>`: the page that reads, by a name of its own. */
export const ArrivalQuery = z.strictObject({
  page: z.optional(z.string().check(z.maxLength(serverLimits.pageNameLength))),
})

/** The parameters of an upload's address: the server that has it. */
export const UploadQuery = z.strictObject({
  server: z.optional(z.string().check(z.regex(/^[0-9a-f]{16}$/))),
})

/** The parameters of `GET …/images/<id>/file`. With `download` it is the file that was sent. */
export const FileQuery = z.strictObject({ download: z.optional(z.string()) })

/** The header that tells which area of a board was drawn. */
export const AREA_HEADER = 'wirephoto-area'

/** The area of a board that is drawn, in board units: `x,y,w,h`. */
export const OverviewQuery = z.strictObject({
  area: z.optional(
    z.string().check(z.regex(/^(?:-?\d{1,8}(?:\.\d+)?,){2}\d{1,8}(?:\.\d+)?,\d{1,8}(?:\.\d+)?$/)),
  ),
})

/** The body of `POST /api/boards`, which may be left out. */
export const NewBoard = z.strictObject({
  title: z.optional(z.string().check(z.maxLength(limits.titleLength))),
})
export interface NewBoard extends z.infer<typeof NewBoard> {}

/** The parameters of `GET /api/boards/<board>/audit`: entries before a time, and how many. */
export const AuditQuery = z.strictObject({
  before: z.optional(wholeNumber(Number.MAX_SAFE_INTEGER)),
  limit: z.optional(wholeNumber(serverLimits.auditEntriesPerPage)),
})

/** A whole number above zero, as an address has it. */
function wholeNumber(max: number) {
  const digits = z.string().check(z.regex(/^[1-9]\d{0,15}$/))
  return z.pipe(
    digits,
    z.pipe(
      z.transform((text: string) => Number(text)),
      z.int().check(z.lte(max)),
    ),
  )
}

/** `changes`: the batch of one tick, or several batches coalesced. */
export const Changes = z.object({
  from: cursor,
  to: cursor,
  changes: z.array(z.union([z.object({ put: AnyRecordSchema }), z.object({ gone: z.string() })])),
})

/** The body of `GET /api/boards/<board>/snapshot`. */
export const Snapshot = z.object({ cursor, records: z.array(AnyRecordSchema) })
export interface Snapshot {
  readonly cursor: Cursor
  readonly records: readonly AnyRecord[]
}

/**
 * The answer to `follow`. With `resumed`, the next `changes` start at the reader's cursor. Without it the
 * reader fetches the snapshot and asks again. `now` is the server's clock in milliseconds since 1970:
 * queue ids are made by it, since a wrong clock would make new commands look stale.
 */
export const FollowAnswer = z.object({
  visitor: z.string(),
  /** The reader's role on the board. */
  role,
  session: z.string(),
  resumed: z.boolean(),
  now: z.number(),
})
export type FollowAnswer = z.infer<typeof FollowAnswer>

/**
 * `arrivals`: incoming pictures whose state has changed, at most four times a second. A new viewer gets
 * all of them. Null: the upload has ended. `sent` and `total` are bytes, `wait` is milliseconds to the
 * sender's next try.
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
      /** Whether there is a larger one at `/b/<board>/arrivals/<id>/preview/large`. */
      large: z.boolean(),
      /** Whether a reader of `/b/<board>/arrivals/<id>` sees it sharpen as it grows. */
      live: z.boolean(),
    }),
  ),
)
export type Arrivals = z.infer<typeof Arrivals>

/**
 * `seen` to a picture's sender: the visitors who have it on their screen, and how many others are here.
 * Milliseconds run from the picture's add to its paint, by the server's clock.
 */
export const SeenBy = z.record(
  uuid,
  z.object({
    viewers: z.array(z.object({ visitor: z.string(), name: z.string(), milliseconds: z.number() })),
    otherCount: z.int(),
  }),
)
export type SeenBy = z.infer<typeof SeenBy>

/** `held` to a picture's sender: what became of those of their pictures that have waited. */
export const HeldNews = z.record(uuid, z.enum(['approved', 'refused']))
export type HeldNews = z.infer<typeof HeldNews>

/** The body of `POST /api/boards/<board>/held/approve`, and of `…/refuse`. */
export const Decision = z.strictObject({
  ids: z.array(uuid).check(z.minLength(1), z.maxLength(limits.commandsPerMessage)),
})

/** `people`: the number of visitors here. In a crowd `presence` shows a sample of them. */
export const VisitorCount = z.object({ count: z.int() })

/**
 * `presence` to viewers: by session, each state that changed in a tick, with the person's colour. Null: the session
 * has left.
 */
export const PresenceUpdate = z.record(
  z.string(),
  z.nullable(
    z.extend(Presence, {
      visitor: z.string(),
      colour: z.int().check(z.gte(0), z.lt(PERSON_COLOUR_COUNT)),
    }),
  ),
)
export type PresenceUpdate = z.infer<typeof PresenceUpdate>

/**
 * `downloads`, to the pages of who downloads an archive: by download, the bytes that are on their way. `sent`: all of
 * them. `broken`: the connection broke off, and the browser may go on.
 */
export const Downloads = z.record(
  z.string(),
  z.object({
    sent: z.int(),
    total: z.int(),
    state: z.enum(['sending', 'sent', 'broken']),
  }),
)
export type Downloads = z.infer<typeof Downloads>

/**
 * The answer of `GET /b/<board>/changes`, for readers without a websocket. `changes` start at the reader's
 * cursor, and are empty if there are none. Null: the reader takes the snapshot. `arrivals` are all,
 * and `downloads` the reader's own, which are being sent or have just ended.
 */
export const ChangesAnswer = z.object({
  visitor: z.string(),
  /** The reader's role on the board. */
  role,
  now: z.number(),
  arrivals: Arrivals,
  downloads: z.optional(Downloads),
  /** The build of the page that the server serves; null if it serves none. */
  build: z.nullable(z.string()),
  changes: z.nullable(Changes),
})
export interface ChangesAnswer {
  readonly visitor: string
  readonly role: Role
  readonly now: number
  readonly arrivals: Arrivals
  readonly downloads?: Downloads | undefined
  readonly build: string | null
  readonly changes: Batch | null
}

const refusal = z.object({
  code: z.string(),
  message: z.string(),
  expected: z.optional(z.int()),
  retryAfterS: z.optional(z.int()),
})

/** The answer to `commands`. */
export const Answer = z.object({
  n: z.int(),
  seq: z.int(),
  refused: z.array(z.object({ n: z.int(), error: refusal })),
  held: z.optional(z.array(uuid)),
})

/** An error: as an HTTP body, as an answer, and as `bye` before a socket is closed. */
export const ErrorBody = z.object({ error: refusal })
export type ErrorBody = z.infer<typeof ErrorBody>

/** The schemas that the pinned hash covers. */
export const wireSchemas = {
  Hello,
  Follow,
  FollowAnswer,
  Commands,
  SenderPreviews,
  Answer,
  Presence,
  PresenceUpdate,
  VisitorCount,
  ShowRequest,
  SenderReport,
  SeenReport,
  SeenBy,
  HeldNews,
  Arrivals,
  Downloads,
  Changes,
  ChangesAnswer,
  Snapshot,
  ErrorBody,
}

/** Returns the input if it has the schema's shape. Throws `bad-request` or `unknown-field`, with the field. */
export function parseOrThrow<S extends z.ZodMiniType>(schema: S, sent: unknown): z.output<S> {
  const result = schema.safeParse(sent)
  if (result.success) return result.data
  const [issue] = result.error.issues
  const unknown = issue?.code === 'unrecognized_keys' ? issue.keys[0] : undefined
  const field = unknown ?? issue?.path.at(-1)?.toString()
  const code = unknown === undefined ? 'bad-request' : 'unknown-field'
  throw new WireError(code, { field }, { cause: result.error })
}

/** Returns the input if it has the schema's shape, else undefined: for messages that get no answer. */
export function parseOrUndefined<S extends z.ZodMiniType>(
  schema: S,
  sent: unknown,
): z.output<S> | undefined {
  return schema.safeParse(sent).data
}
