import { generateKeyBetween } from 'fractional-indexing'
import type { Change } from './changes.ts'
import type { Command, ImageAdd, ImageCopy } from './commands.ts'
import { WireError } from './errors.ts'
import { cleanLine, cleanName, cleanText } from './file-names.ts'
import { firstWidth, GAP_UNITS, heightOf } from './layout.ts'
import { limits } from './limits.ts'
import type { ImageRecord, Records } from './records.ts'
import { picturesOnBoard, settings } from './records.ts'
import { type Actor, may } from './rights.ts'

/**
 * Evaluates a command: returns its changes, or the error that refuses it. No changes: there was nothing
 * left to do. The server's truth and a page's optimistic state both come from here (F4).
 */
export function apply(records: Records, command: Command, actor: Actor): Change[] | WireError {
  switch (command.kind) {
    case 'image.add':
      return add(records, command, actor)
    case 'image.copy':
      return copy(records, command, actor)
    case 'board.patch':
      if (!may(actor, command.kind)) return new WireError('not-allowed')
      return [{ put: { ...settings(records), ...cleaned(command.set) } }]
    default: {
      const image = records.get(command.id)
      if (image?.kind !== 'image') return new WireError('unknown-picture')
      if (!may(actor, command.kind, image)) return new WireError('not-allowed')
      if (isSigning(command) && !may(actor, 'image.sign', image))
        return new WireError('not-allowed')
      return change(image, command, actor)
    }
  }
}

function add(records: Records, command: ImageAdd, actor: Actor): Change[] | WireError {
  const { id, width, height } = command
  if (!may(actor, 'image.add')) return new WireError('not-allowed')
  if (records.get(id)) return new WireError('conflict')
  if (isFull(records)) return new WireError('board-full')
  const { x, y, w } = placeFor(records, command)
  const image: ImageRecord = {
    kind: 'image',
    id,
    x: clampCoordinate(x),
    y: clampCoordinate(y),
    w,
    z: generateKeyBetween(topmost(records), null),
    caption: cleanText(command.caption ?? ''),
    name: cleanName(command.name),
    type: null,
    width,
    height,
    bytes: null,
    thumbhash: command.thumbhash ?? null,
    blob: null,
    original: null,
    animated: false,
    variants: null,
    source: null,
    author: actor.visitor,
    by: cleanLine(command.by ?? ''),
    link: actor.link ?? null,
    slot: null,
    createdAt: actor.now,
    storedAt: null,
    replacedAt: null,
    deletedAt: null,
    deletedBy: null,
    purgeAt: null,
    purgeBy: null,
  }
  return [{ put: image }]
}

/** Returns where a new picture stands, and how wide: below all others, where nobody knows of room. */
export function placeFor(
  records: Records,
  { x, y, w, width, height }: Pick<ImageAdd, 'x' | 'y' | 'w' | 'width' | 'height'>,
): { x: number; y: number; w: number } {
  const isPlaced = x !== undefined && y !== undefined
  const found = isPlaced ? undefined : records.freeSpots?.find({ width, height, w })
  if (found) return found
  const own = w ?? firstWidth(width, height)
  if (isPlaced) return { x, y, w: own }
  const bottoms = picturesOnBoard(records).map((each) => each.y + heightOf(each) + GAP_UNITS)
  return { x: 0, y: Math.max(0, ...bottoms), w: own }
}

function copy(
  records: Records,
  { id, sourceId, x, y, by = '' }: ImageCopy,
  actor: Actor,
): Change[] | WireError {
  if (!may(actor, 'image.copy')) return new WireError('not-allowed')
  if (records.get(id)) return new WireError('conflict')
  if (isFull(records)) return new WireError('board-full')
  const source = records.get(sourceId)
  if (source?.kind !== 'image') return new WireError('unknown-picture')
  // A copy would bring back what somebody has deleted.
  if (source.deletedAt !== null && !may(actor, 'image.restore', source))
    return new WireError('not-allowed')
  // A copy of a picture that is still arriving would wait for a file that nobody sends.
  if (source.blob === null) return new WireError('not-found')
  const z = generateKeyBetween(topmost(records), null)
  const own = {
    author: actor.visitor,
    by: cleanLine(by),
    link: actor.link ?? null,
    slot: null,
    createdAt: actor.now,
    storedAt: actor.now,
    replacedAt: null,
    deletedAt: null,
    deletedBy: null,
    purgeAt: null,
    purgeBy: null,
  }
  return [{ put: { ...source, id, x, y, z, ...own } }]
}

/** Evaluates a command on an existing picture. */
function change(
  image: ImageRecord,
  command: Exclude<Command, { kind: 'image.add' | 'image.copy' | 'board.patch' }>,
  { visitor, now, purgeGraceMs = limits.purgeGraceMs }: Actor,
): Change[] | WireError {
  switch (command.kind) {
    case 'image.patch':
      // A trashed picture takes patches too: moving it while somebody else deletes it loses nothing.
      return [{ put: { ...image, ...cleaned(command.set) } }]
    case 'image.remove':
      if (image.deletedAt !== null) return []
      return [{ put: { ...image, deletedAt: now, deletedBy: visitor } }]
    case 'image.restore':
      if (image.deletedAt === null) return []
      return [{ put: { ...image, deletedAt: null, deletedBy: null, purgeAt: null, purgeBy: null } }]
    case 'image.revert':
      // The server knows the earlier file, and pages wait for its answer.
      return []
    case 'image.purge':
      if (image.deletedAt === null) return new WireError('conflict')
      // A mark keeps its time, however often it is asked for.
      if (image.purgeAt !== null) return []
      return [{ put: { ...image, purgeAt: now + purgeGraceMs, purgeBy: visitor } }]
    case 'image.keep':
      return image.purgeAt === null ? [] : [{ put: { ...image, purgeAt: null, purgeBy: null } }]
    default:
      // The server's own commands have their rules in server-rules.ts, which pages do without.
      return new WireError('not-allowed')
  }
}

/** Whether a board takes no further record. So many marked pictures count as gone already (Y80). */
export function isFull({ size, markedCount = 0 }: Records): boolean {
  return size - Math.min(markedCount, limits.markedBeyondFullCount) >= limits.recordsPerBoard
}

/** Clamps a coordinate: the next free spot may lie further out than a client may ask for. */
export const clampCoordinate = (place: number): number =>
  Math.max(-limits.maxCoordinate, Math.min(place, limits.maxCoordinate))

/** Returns the greatest z on the board, or null if the board is empty. */
export function topmost(records: Records): string | null {
  if (records.topmost !== undefined) return records.topmost
  let top: string | null = null
  for (const { z } of picturesOnBoard(records)) if (top === null || z > top) top = z
  return top
}

/** Whether a command changes the author's name on a picture. */
const isSigning = (command: Command): boolean =>
  command.kind === 'image.patch' && command.set.by !== undefined

const ONE_LINE_FIELDS: ReadonlySet<string> = new Set(['title', 'by'])

/** Returns the fields without the undefined ones, their texts cleaned. */
function cleaned<T extends object>(fields: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const result: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(fields))
    if (typeof value === 'string')
      result[key] = ONE_LINE_FIELDS.has(key) ? cleanLine(value) : cleanText(value)
    else if (value !== undefined) result[key] = value
  return result as never
}
