import {
  AUDIT_ACTS,
  BoardRecordSchema,
  ErrorBody,
  ImageRecordSchema,
  MEDIA_TYPES,
  type NoticeCode,
  noticeMessages,
  ROLES,
} from '@wirephoto/board'
import * as z from 'zod/mini'

/* The answers of the API, as schemas. A test holds every answer of all other tests to them. */

const role = z.enum(ROLES)
const time = z.number()
const device = z.strictObject({ browser: z.string(), system: z.string() })

/** The addresses of a picture: of its record, and of its file as it is shown. */
const addresses = { url: z.string(), fileUrl: z.string() }

const notices = z.array(
  z.strictObject({
    code: z.enum(Object.keys(noticeMessages) as NoticeCode[]),
    message: z.string(),
  }),
)

export const Picture = z.strictObject({ ...ImageRecordSchema.shape, ...addresses })

/** A picture that was just stored, and what its sender should know of it. */
export const StoredPicture = z.strictObject({ ...Picture.shape, notices })

/** The pictures of a form with several files. */
const StoredPictures = z.strictObject({ images: z.array(StoredPicture) })
export const Stored = z.union([StoredPicture, StoredPictures])

/** The same where they wait for a moderator. */
const held = { held: z.literal(true) }
export const StoredHeld = z.union([
  z.strictObject({ ...StoredPicture.shape, ...held }),
  z.strictObject({ ...StoredPictures.shape, ...held }),
])

/** The tile of a live slot, and how many frames of the request were shown, and came too fast. */
export const PushedFrames = z.strictObject({
  id: z.string(),
  frames: z.int(),
  skipped: z.int(),
  ...addresses,
})

/** The live slots of a board, each with the addresses of its newest frame and of its tile. */
export const SlotList = z.strictObject({
  slots: z.array(
    z.strictObject({
      name: z.string(),
      id: z.string(),
      lastFrameAt: time,
      isLate: z.boolean(),
      intervalMs: z.nullable(z.int()),
      frameUrl: z.string(),
      ...addresses,
    }),
  ),
})

/** The stored frames of a live slot, the oldest first. */
export const FrameList = z.strictObject({
  frames: z.array(
    z.strictObject({
      blob: z.string(),
      type: z.enum(MEDIA_TYPES),
      bytes: z.int(),
      width: z.int(),
      height: z.int(),
      at: time,
      url: z.string(),
    }),
  ),
})

/** The pages and walls that a file was shown on. */
export const Viewers = z.strictObject({ viewers: z.int() })

export const BoardInfo = z.strictObject({ id: z.string(), url: z.string(), title: z.string() })

/** A link with its secret, which stands behind the `#` of its address. */
export const NewLinkAnswer = z.strictObject({
  id: z.string(),
  role,
  madeAt: time,
  url: z.string(),
})

export const OwnBoard = z.strictObject({
  id: z.string(),
  url: z.string(),
  role: z.literal('own'),
  links: z.array(NewLinkAnswer),
})

export const BoardList = z.strictObject({
  boards: z.array(
    z.strictObject({
      id: z.string(),
      title: z.string(),
      pictures: z.int(),
      bytes: z.number(),
      createdAt: time,
      isOpen: z.boolean(),
      isFixed: z.boolean(),
    }),
  ),
  next: z.nullable(z.string()),
})

export const SnapshotAnswer = z.strictObject({
  cursor: z.string(),
  records: z.array(z.union([ImageRecordSchema, BoardRecordSchema])),
})

export const SessionAnswer = z.strictObject({ role })
export const OwnSession = z.strictObject({ role, isOpen: z.boolean() })
export const Joined = z.strictObject({ board: z.string(), role })

export const LinkList = z.strictObject({
  links: z.array(
    z.strictObject({
      id: z.string(),
      role,
      label: z.string(),
      origin: z.nullable(z.string()),
      madeAt: time,
      uses: z.int(),
      pictures: z.nullable(z.int()),
      bytes: z.nullable(z.int()),
      used: z.strictObject({ pictures: z.int(), bytes: z.number() }),
    }),
  ),
})

export const ChangedLink = z.strictObject({
  id: z.string(),
  role,
  label: z.string(),
  madeAt: time,
  pictures: z.nullable(z.int()),
  bytes: z.nullable(z.int()),
})

export const BoardOwners = z.strictObject({
  owners: z.array(
    z.strictObject({
      id: z.string(),
      since: time,
      device: z.nullable(device),
      link: z.nullable(z.strictObject({ id: z.string(), label: z.string() })),
      isThis: z.boolean(),
    }),
  ),
})

const webhook = { id: z.string(), url: z.string(), madeAt: time }
export const WebhookList = z.strictObject({ webhooks: z.array(z.strictObject(webhook)) })
/** A webhook with the key that signs what it is sent. */
export const NewWebhookAnswer = z.strictObject({ ...webhook, key: z.string() })

export const Rule = z.strictObject({
  hasPassphrase: z.boolean(),
  closesAt: z.nullable(time),
  wallLink: z.nullable(z.string()),
})

export const JoinCodeAnswer = z.strictObject({
  code: z.string(),
  url: z.string(),
  role,
  until: time,
  renewsAt: time,
})

export const OwnerState = z.strictObject({
  isOwner: z.boolean(),
  until: z.nullable(time),
  signIn: z.nullable(z.string()),
})

export const ServerOwners = z.strictObject({
  owners: z.array(
    z.strictObject({
      id: z.string(),
      since: time,
      device: z.nullable(device),
      until: time,
      name: z.nullable(z.string()),
      isThis: z.boolean(),
    }),
  ),
})

const link = z.strictObject({ id: z.string(), role, label: z.string() })

export const AuditAnswer = z.strictObject({
  entries: z.array(
    z.strictObject({
      at: time,
      act: z.enum(AUDIT_ACTS),
      visitor: z.string(),
      name: z.string(),
      count: z.int(),
      pictures: z.array(z.strictObject({ id: z.string(), name: z.string(), ...addresses })),
      settings: z.optional(z.partial(z.omit(BoardRecordSchema, { kind: true, id: true }))),
      link: z.optional(link),
    }),
  ),
  next: z.nullable(time),
})

export const HeldAnswer = z.strictObject({
  pictures: z.array(z.strictObject({ ...Picture.shape, state: z.enum(['arriving', 'waiting']) })),
})

export const DecisionAnswer = z.strictObject({
  done: z.array(z.string()),
  failed: z.array(
    z.strictObject({
      id: z.string(),
      error: z.strictObject({ code: z.string(), message: z.string() }),
    }),
  ),
})

export const ArchivePlan = z.strictObject({
  path: z.string(),
  bytes: z.number(),
  pictures: z.int(),
  absent: z.array(
    z.strictObject({
      id: z.string(),
      name: z.string(),
      why: z.enum(['gone', 'arriving', 'damaged']),
    }),
  ),
})

export const Addresses = z.strictObject({ urls: z.array(z.string()) })
export const Alive = z.strictObject({ ok: z.literal(true) })

const fault = z.strictObject({ code: z.string(), message: z.string() })
/** The carrier of ephemeral messages between servers. */
const bus = z.enum(['none', 'redis', 'links'])
/** The things that don't cross to other servers of the engine. */
const stays = z.array(z.enum(['people', 'progress', 'frames', 'growing-files', 'uploads']))
export const Ready = z.strictObject({ ok: z.literal(true), bus, stays, faults: z.array(fault) })
export const NotReady = z.strictObject({
  ok: z.literal(false),
  error: ErrorBody.shape.error,
  bus,
  stays,
  faults: z.array(fault),
})
