import { generateKeyBetween } from 'fractional-indexing'
import type { Change } from './changes.ts'
import type {
  Command,
  ImageAdmit,
  ImageElsewhere,
  ImageReplace,
  ImageSettle,
  ServerCommand,
} from './commands.ts'
import { WireError } from './errors.ts'
import { guestRefusal } from './guest-rules.ts'
import { boxOf, overlaps } from './layout.ts'
import { type ImageRecord, picturesOnBoard, type Records } from './records.ts'
import { type Actor, may } from './rights.ts'
import { apply, clampCoordinate, isFull, placeFor, topmost } from './rules.ts'

/** Evaluates a command as `apply` does, and those too that only the server itself may issue. */
export function applyOnServer(
  records: Records,
  command: Command,
  actor: Actor,
): Change[] | WireError {
  switch (command.kind) {
    case 'image.replace':
    case 'image.revert': {
      const image = records.get(command.id)
      if (image?.kind !== 'image') return new WireError('unknown-picture')
      if (!may(actor, 'image.revert', image)) return new WireError('not-allowed')
      return command.kind === 'image.replace'
        ? replace(image, command, actor)
        : // The server puts the earlier file into it beforehand, so there is none.
          new WireError(image.blob === command.blob ? 'not-found' : 'wrong-etag')
    }
    case 'image.settle':
    case 'image.vary':
    case 'image.fail':
    case 'image.erase':
    case 'image.endSlot':
    case 'image.release': {
      const image = records.get(command.id)
      if (image?.kind !== 'image') return new WireError('unknown-picture')
      return may(actor, command.kind) ? change(image, command, actor) : new WireError('not-allowed')
    }
    case 'image.admit':
      return may(actor, command.kind)
        ? admit(records, command.image, actor)
        : new WireError('not-allowed')
    case 'image.elsewhere':
      return []
    case 'image.restore': {
      const changes = apply(records, command, actor)
      return changes instanceof WireError ? changes : changes.map(onTop(records, command.id))
    }
    default:
      return guestRefusal(records, command, actor) ?? apply(records, command, actor)
  }
}

/** Returns a function that puts a picture that is put back on top, if one that came meanwhile covers it. */
function onTop(records: Records, id: string): (change: Change) => Change {
  const before = records.get(id)
  return (change) => {
    if (before?.kind !== 'image' || !('put' in change) || change.put.kind !== 'image') return change
    const { put } = change
    const covers = (other: ImageRecord): boolean =>
      other.createdAt > before.deletedAt! && other.z > put.z && overlaps(boxOf(other), boxOf(put))
    const isCovered = picturesOnBoard(records).some(covers)
    return isCovered ? { put: { ...put, z: generateKeyBetween(topmost(records), null) } } : change
  }
}

/** Puts a picture that has waited onto the board. It counts as stored from now on, as it is new to everybody. */
function admit(records: Records, image: ImageRecord, { now }: Actor): Change[] | WireError {
  // Once is enough, also if a crash has kept it among those that wait.
  if (records.get(image.id)) return []
  if (isFull(records)) return new WireError('board-full')
  const { width, height } = image
  const { x, y, w } = placeFor(records, { width, height })
  const place = { x: clampCoordinate(x), y: clampCoordinate(y), w }
  const z = generateKeyBetween(topmost(records), null)
  return [{ put: { ...image, ...place, z, storedAt: now, replacedAt: null } }]
}

/** A shape that differs by less is the announced one, but for a rounded pixel. */
const SAME_SHAPE_FACTOR = 1.01

/** Returns the width of a stored picture. One of another shape than announced stays within its box (P37). */
function widthWithin(
  image: ImageRecord,
  { width, height }: Pick<ImageSettle, 'width' | 'height'>,
): number {
  const narrower = (image.width * height) / (image.height * width)
  return narrower > SAME_SHAPE_FACTOR ? image.w / narrower : image.w
}

/**
 * Gives a picture another file. It counts as stored from now on, and stays within its box. The tile of a live slot isn't
 * new with each frame.
 */
function replace(
  image: ImageRecord,
  { file, expected }: ImageReplace,
  { now }: Actor,
): Change[] | WireError {
  if (image.blob === null) return new WireError('conflict')
  if (image.blob === file.blob) return []
  if (expected !== null && image.blob !== expected) return new WireError('wrong-etag')
  const storedAt = image.slot === null ? now : image.storedAt
  const w = widthWithin(image, file)
  return [{ put: { ...image, ...file, w, storedAt, replacedAt: now } }]
}

/** Evaluates a command of the server's own on an existing picture. */
function change(
  image: ImageRecord,
  command: Exclude<ServerCommand, ImageAdmit | ImageElsewhere | ImageReplace>,
  { now }: Actor,
): Change[] | WireError {
  switch (command.kind) {
    case 'image.settle': {
      if (image.blob !== null) return image.blob === command.blob ? [] : new WireError('conflict')
      const { kind: _, ...found } = command
      return [{ put: { ...image, ...found, w: widthWithin(image, command), storedAt: now } }]
    }
    case 'image.vary': {
      const { blob, variants } = command
      if (image.blob !== blob) return new WireError('conflict')
      return image.variants?.join() === variants.join() ? [] : [{ put: { ...image, variants } }]
    }
    case 'image.fail':
      return image.blob === null ? [{ gone: image.id }] : new WireError('conflict')
    case 'image.erase': {
      const isOtherMark = command.purgeAt !== undefined && command.purgeAt !== image.purgeAt
      if (image.deletedAt === null || isOtherMark) return new WireError('conflict')
      return [{ gone: image.id }]
    }
    case 'image.endSlot':
      return image.slot === null ? [] : [{ put: { ...image, slot: null, replacedAt: null } }]
    case 'image.release':
      return [{ gone: image.id }]
  }
}
