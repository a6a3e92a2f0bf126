import { generateKeyBetween } from 'fractional-indexing'
import type { Change } from './changes.ts'
import type { Command, ImageAdd, ImageCopy } from './commands.ts'
import { WireError } from './errors.ts'
import { cleanName } from './file-names.ts'
import { firstWidth, freeSpot } from './layout.ts'
import { limits } from './limits.ts'
import type { ImageRecord, Records } from './records.ts'
import { settings, standing } from './records.ts'
import { may, type Who } from './rights.ts'

/**
 * What comes of a command: the changes it makes, or why it is turned down. No changes means that
 * there was nothing left to do. The server's truth and a browser's guess both come from here (F4).
 */
export function apply(records: Records, command: Command, who: Who): Change[] | WireError {
  switch (command.kind) {
    case 'image.add':
      return add(records, command, who)
    case 'image.copy':
      return copy(records, command, who)
    case 'board.patch':
      if (!may(who, command.kind)) return new WireError('not-allowed')
      return [{ put: { ...settings(records), ...defined(command.set) } }]
    default: {
      const image = records.get(command.id)
      if (image?.kind !== 'image') return new WireError('unknown-picture')
      if (!may(who, command.kind, image)) return new WireError('not-allowed')
      return change(image, command, who.now)
    }
  }
}

function add(records: Records, command: ImageAdd, who: Who): Change[] | WireError {
  const { id, width, height } = command
  if (!may(who, 'image.add')) return new WireError('not-allowed')
  if (records.get(id)) return new WireError('conflict')
  if (records.size >= limits.recordsPerBoard) return new WireError('board-full')
  const w = command.w ?? firstWidth(width, height)
  const spot =
    command.x === undefined || command.y === undefined
      ? freeSpot(records, w, (w * height) / width)
      : { x: command.x, y: command.y }
  const image: ImageRecord = {
    kind: 'image',
    id,
    x: withinReach(spot.x),
    y: withinReach(spot.y),
    w,
    z: generateKeyBetween(topmost(records), null),
    caption: command.caption ?? '',
    name: cleanName(command.name),
    type: null,
    width,
    height,
    bytes: null,
    thumbhash: command.thumbhash ?? null,
    blob: null,
    animated: false,
    variants: null,
    source: null,
    author: who.visitor,
    createdAt: who.now,
    deletedAt: null,
  }
  return [{ put: image }]
}

function copy(records: Records, { id, of, x, y }: ImageCopy, who: Who): Change[] | WireError {
  if (!may(who, 'image.copy')) return new WireError('not-allowed')
  if (records.get(id)) return new WireError('conflict')
  if (records.size >= limits.recordsPerBoard) return new WireError('board-full')
  const source = records.get(of)
  if (source?.kind !== 'image') return new WireError('unknown-picture')
  // Nobody would send the copy's file.
  if (source.blob === null) return new WireError('not-found')
  const z = generateKeyBetween(topmost(records), null)
  const own = { author: who.visitor, createdAt: who.now, deletedAt: null }
  return [{ put: { ...source, id, x, y, z, ...own } }]
}

/** What a command makes of a picture that is there. */
function change(
  image: ImageRecord,
  command: Exclude<Command, { kind: 'image.add' | 'image.copy' | 'board.patch' }>,
  now: number,
): Change[] | WireError {
  switch (command.kind) {
    case 'image.patch':
      // A trashed picture takes patches too: whoever moved it while somebody deleted it loses nothing.
      return [{ put: { ...image, ...defined(command.set) } }]
    case 'image.remove':
      return image.deletedAt === null ? [{ put: { ...image, deletedAt: now } }] : []
    case 'image.restore':
      return image.deletedAt === null ? [] : [{ put: { ...image, deletedAt: null } }]
    case 'image.settle': {
      if (image.blob !== null) return image.blob === command.blob ? [] : new WireError('conflict')
      const { kind: _, ...found } = command
      return [{ put: { ...image, ...found } }]
    }
    case 'image.vary': {
      const { blob, variants } = command
      if (image.blob !== blob) return new WireError('conflict')
      return image.variants?.join() === variants.join() ? [] : [{ put: { ...image, variants } }]
    }
    case 'image.fail':
      return image.blob === null ? [{ gone: image.id }] : new WireError('conflict')
    case 'image.purge':
      return image.deletedAt === null ? new WireError('conflict') : [{ gone: image.id }]
  }
}

/** The next free spot may lie further out than anybody may say, and so may the last of a row. */
const withinReach = (place: number): number =>
  Math.max(-limits.maxCoordinate, Math.min(place, limits.maxCoordinate))

/** The greatest z that stands on the board, null on an empty one. */
function topmost(records: Records): string | null {
  let top: string | null = null
  for (const { z } of standing(records)) if (top === null || z > top) top = z
  return top
}

/** The fields that were given, without the undefined ones. */
function defined<T extends object>(fields: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined),
  ) as never
}
