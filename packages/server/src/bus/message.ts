import { Arrivals, PresenceUpdate, SeenReport, ShowRequest, serverLimits } from '@wirephoto/board'
import * as z from 'zod/mini'
import type { Spent } from '../boards/picture-rates.ts'

/** The newest form of messages. A server drops those of another form. */
const VERSION = 1
/** Bytes of a message: a frame, with room for its head. */
export const MESSAGE_BYTES = serverLimits.frameBytes + 16_384
/** Visitors that a roster names. */
const NAMED_VISITORS_COUNT = 5_000
/** Amounts of pictures in one message: 100 KB. */
const SPENT_PER_MESSAGE_COUNT = 500
const HEAD_LENGTH_BYTES = 2

/** Everybody who looks at a board by one server. */
const Roster = z.object({
  states: PresenceUpdate,
  /** The people among them; of a crowd some. */
  visitors: z.array(z.string()).check(z.maxLength(NAMED_VISITORS_COUNT)),
  /** The pages and walls. */
  memberCount: z.int().check(z.gte(0)),
})
export type Roster = z.infer<typeof Roster>

/** The pictures that a page has painted, for the server that knows their senders. */
const Seen = z.object({
  ids: SeenReport.shape.ids,
  visitor: z.string(),
  name: z.string(),
  lag: z.number().check(z.gte(0)),
})

/** An event for the pages of one visitor. */
const Told = z.object({
  visitor: z.string(),
  event: z.enum(['notice', 'downloads', 'held', 'seen']),
  body: z.record(z.string(), z.unknown()),
})

/** An amount that somebody has added by one server, which counts by all; below zero if it is given back. */
const SpentEntry = z.object({
  board: z.string().check(z.maxLength(128)),
  link: z.nullable(z.string().check(z.maxLength(64))),
  address: z.string().check(z.maxLength(64)),
  visitor: z.string().check(z.maxLength(64)),
  pictures: z.int(),
  bytes: z.int(),
})

const nothing = z.object({})

/** The messages that are JSON. */
const BODIES = {
  /** Changes in the presence of a server's sessions. */
  presence: PresenceUpdate,
  roster: Roster,
  /** How far a server's uploads are, of those that have changed. */
  arrivals: Arrivals,
  show: ShowRequest,
  seen: Seen,
  told: Told,
  /** A server has opened the board, and asks for the uploads of others. */
  ask: nothing,
  /** A server has somebody on the board, and asks who is there by others. */
  who: nothing,
  /** Rights have ended somewhere. */
  rights: nothing,
  /** A server has commands that lose the race to the log, and asks the others to let it go first. */
  turn: nothing,
  /** Pictures that count in the minute of their links and strangers. */
  spent: z.array(SpentEntry).check(z.maxLength(SPENT_PER_MESSAGE_COUNT)),
  /** A wrong code or passphrase has come from an address. */
  wrong: z.object({ address: z.string().check(z.maxLength(64)) }),
} as const
type Bodies = typeof BODIES

/** The messages that are bytes of a picture: a preview, a frame of a slot, a file that is shown and not kept. */
const BINARY_KINDS = ['preview', 'frame', 'shown'] as const
type BinaryKind = (typeof BINARY_KINDS)[number]

/** A message between servers. None creates a picture, and none brings one back. */
export type BusMessage =
  | { [K in keyof Bodies]: { readonly kind: K; readonly body: z.infer<Bodies[K]> } }[keyof Bodies]
  | { readonly kind: BinaryKind; readonly id: string; readonly bytes: Buffer }

/** A message on its way. */
export interface Addressed {
  readonly board: string
  /** The server that sends it. */
  readonly from: string
  readonly message: BusMessage
}

const Head = z.object({
  v: z.literal(VERSION),
  from: z.string().check(z.maxLength(64)),
  board: z.string().check(z.maxLength(128)),
  kind: z.enum([...(Object.keys(BODIES) as (keyof Bodies)[]), ...BINARY_KINDS]),
  id: z.string().check(z.maxLength(64)),
})

/** Encodes a message as the length of its head, the head, and its body. Null if it is too large. */
export function encodeMessage({ board, from, message }: Addressed): Buffer | null {
  const id = 'id' in message ? message.id : ''
  const head = Buffer.from(JSON.stringify({ v: VERSION, from, board, kind: message.kind, id }))
  const body = 'bytes' in message ? message.bytes : Buffer.from(JSON.stringify(message.body))
  const bytes = Buffer.alloc(HEAD_LENGTH_BYTES)
  bytes.writeUInt16BE(head.length)
  const encoded = Buffer.concat([bytes, head, body])
  return encoded.length > MESSAGE_BYTES ? null : encoded
}

/** Decodes a message; null for anything that isn't one. */
export function decodeMessage(bytes: Buffer): Addressed | null {
  if (bytes.length < HEAD_LENGTH_BYTES || bytes.length > MESSAGE_BYTES) return null
  const bodyAt = HEAD_LENGTH_BYTES + bytes.readUInt16BE()
  const head = Head.safeParse(jsonOf(bytes.subarray(HEAD_LENGTH_BYTES, bodyAt)))
  if (!head.success || bodyAt > bytes.length) return null
  const { board, from, kind, id } = head.data
  const body = bytes.subarray(bodyAt)
  if (isBinary(kind)) return { board, from, message: { kind, id, bytes: body } }
  const parsed = BODIES[kind].safeParse(jsonOf(body))
  return parsed.success ? { board, from, message: { kind, body: parsed.data } as BusMessage } : null
}

/**
 * Returns what a message replaces while it waits: the one before under the same key. Null for one that counts for
 * itself.
 */
export function keyOf(board: string, message: BusMessage): string | null {
  const { kind } = message
  if (kind === 'seen' || kind === 'told' || kind === 'wrong') return null
  return `${kind} ${board} ${'id' in message ? message.id : ''}`
}

/** Joins a message with the one before it that still waits. The latest state of each entry counts, or the sum of amounts. */
export function joined(earlier: BusMessage, later: BusMessage): BusMessage {
  if (earlier.kind === 'presence' && later.kind === 'presence')
    return { kind: 'presence', body: { ...earlier.body, ...later.body } }
  if (earlier.kind === 'arrivals' && later.kind === 'arrivals')
    return { kind: 'arrivals', body: { ...earlier.body, ...later.body } }
  if (earlier.kind === 'spent' && later.kind === 'spent')
    return { kind: 'spent', body: sumsOf([...earlier.body, ...later.body]) }
  return later
}

/** Sums the amounts of each visitor by each link, and drops the oldest if they are too many. */
export function sumsOf(entries: readonly Spent[]): Spent[] {
  const sums = new Map<string, Spent>()
  for (const entry of entries) {
    const { board, link, address, visitor } = entry
    const key = JSON.stringify([board, link, address, visitor])
    const { pictures = 0, bytes = 0 } = sums.get(key) ?? {}
    sums.delete(key)
    sums.set(key, { ...entry, pictures: pictures + entry.pictures, bytes: bytes + entry.bytes })
  }
  return [...sums.values()]
    .filter(({ pictures, bytes }) => pictures !== 0 || bytes !== 0)
    .slice(-SPENT_PER_MESSAGE_COUNT)
}

/** Returns the people whom a roster names. */
export const namedOf = (visitors: Iterable<string>): string[] =>
  Iterator.from(visitors).take(NAMED_VISITORS_COUNT).toArray()

const isBinary = (kind: BusMessage['kind']): kind is BinaryKind =>
  (BINARY_KINDS as readonly string[]).includes(kind)

function jsonOf(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString()) as unknown
  } catch {
    return undefined
  }
}
