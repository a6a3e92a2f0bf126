import { isDeepStrictEqual } from 'node:util'
import type { Batch, ImageRecord } from '@wirephoto/board'

/** A change that a client asked for. Values are unique among the operations of a picture. */
export interface Operation {
  readonly client: string
  readonly kind: 'add' | 'caption'
  readonly picture: string
  /** The sha256 of an added file, or the caption. */
  readonly value: string
  /** Milliseconds, by one monotonic clock for all clients. */
  readonly beganAt: number
  /** When it was acknowledged, by the same clock; null if it never was. */
  acknowledgedAt: number | null
}

/** A caption of another one's that somebody saw come, on a picture. */
export interface Observation {
  readonly picture: string
  readonly caption: string
}

/** The end of a history, when nothing is on its way. */
export interface Outcome {
  readonly pictures: readonly ImageRecord[]
  /** The board's log, from its first change on. */
  readonly log: readonly Batch[]
  /** The pictures as each client has them that has followed the history. */
  readonly replicas: readonly (readonly ImageRecord[])[]
  /** The captions that each client saw come, in its order. */
  readonly observed: readonly (readonly Observation[])[]
}

/**
 * Returns what is wrong with a history. An acknowledged change is missing or took effect twice, or an older one stands.
 * Nobody asked for a change. A client sees something else, or saw changes in another order than they have in the log.
 */
export function faultsOf(operations: readonly Operation[], outcome: Outcome): string[] {
  const { pictures, log, replicas, observed } = outcome
  const { add = [], caption = [] } = Object.groupBy(operations, ({ kind }) => kind)
  const writes = Map.groupBy(caption, ({ picture }) => picture)
  const told = captionsIn(log)
  return [
    ...faultsOfAdds(add, pictures),
    ...pictures.flatMap((picture) =>
      faultsOfCaption(picture, writes.get(picture.id) ?? [], told.get(picture.id) ?? []),
    ),
    ...replicas.flatMap((replica, i) =>
      isSame(replica, pictures) ? [] : `client ${i} sees other pictures`,
    ),
    ...faultsOfOrder(told, observed),
  ]
}

/** Captions that the log has coalesced have no place in the order. */
function faultsOfOrder(
  told: ReadonlyMap<string, readonly string[]>,
  observed: readonly (readonly Observation[])[],
): string[] {
  const places = new Map(
    [...told].map(([id, captions]) => [id, new Map(captions.map((each, i) => [each, i]))]),
  )
  return observed.flatMap((all, client) => {
    const last = new Map<string, number>()
    return all.flatMap(({ picture, caption }) => {
      const place = places.get(picture)?.get(caption)
      if (place === undefined) return []
      const isBack = place < (last.get(picture) ?? -1)
      last.set(picture, place)
      return isBack ? `client ${client} saw “${caption}” on ${picture} after what replaced it` : []
    })
  })
}

function faultsOfAdds(adds: readonly Operation[], pictures: readonly ImageRecord[]): string[] {
  const found = Map.groupBy(pictures, ({ id }) => id)
  const begun = new Map(adds.map((add) => [add.picture, add]))
  const missing = adds.flatMap(({ picture, value, acknowledgedAt }) => {
    const [record, again] = found.get(picture) ?? []
    if (again) return `picture ${picture} is there twice`
    if (acknowledgedAt === null) return []
    return record?.blob === value ? [] : `picture ${picture} is lost, or has another file`
  })
  const phantoms = pictures.filter(({ id }) => !begun.has(id))
  return [...missing, ...phantoms.map(({ id }) => `nobody added picture ${id}`)]
}

/** `told` are the captions that the picture has had, one after the other. */
function faultsOfCaption(
  { id, caption }: ImageRecord,
  writes: readonly Operation[],
  told: readonly string[],
): string[] {
  const begun = new Map(writes.map((write) => [write.value, write]))
  const phantoms = told.filter((value) => !begun.has(value))
  const again = told.filter((value, i) => told.indexOf(value) !== i)
  const last = begun.get(caption)
  const endedAt = caption === '' ? Number.NEGATIVE_INFINITY : (last?.acknowledgedAt ?? null)
  // Who began after that one's acknowledgement, and was acknowledged too, comes later.
  const lost = writes.filter(
    ({ value, beganAt, acknowledgedAt }) =>
      value !== caption && acknowledgedAt !== null && endedAt !== null && beganAt > endedAt,
  )
  return [
    ...phantoms.map((value) => `nobody wrote “${value}” on ${id}`),
    ...again.map((value) => `“${value}” took effect twice on ${id}`),
    ...lost.map(({ value }) => `“${value}” on ${id} was acknowledged, and an older one stands`),
  ]
}

/** Returns the captions that each picture has had but the empty one, each as often as it came anew. */
function captionsIn(log: readonly Batch[]): Map<string, string[]> {
  const told = new Map<string, string[]>()
  const before = new Map<string, string>()
  for (const { changes } of log)
    for (const change of changes) {
      if (!('put' in change) || change.put.kind !== 'image') continue
      const { id, caption } = change.put
      if (caption !== (before.get(id) ?? '') && caption !== '')
        told.set(id, [...(told.get(id) ?? []), caption])
      before.set(id, caption)
    }
  return told
}

/** Whether pictures are the same, in whatever order. */
export const isSame = (one: readonly ImageRecord[], other: readonly ImageRecord[]): boolean =>
  isDeepStrictEqual(byId(one), byId(other))

const byId = (pictures: readonly ImageRecord[]) =>
  pictures.toSorted((a, b) => (a.id < b.id ? -1 : 1))
