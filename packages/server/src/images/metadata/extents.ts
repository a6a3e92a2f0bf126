import { type Box, BoxNumbers, findBox } from './boxes.ts'
import { MalformedFileError } from './edit-plan.ts'

/** Ranges of data in one file. */
const MAX_EXTENT_COUNT = 200_000

/** A range of data, in the file or in the box `idat`. */
export interface Extent {
  readonly start: number
  /** Infinite if it extends to the end. */
  readonly end: number
  readonly isInIdat: boolean
}

/** Returns the data of the wanted items, from the box `iloc`. ISO 14496-12 section 8.11.3. */
export function itemExtents(bytes: Buffer, iloc: Box, wanted: ReadonlySet<number>): Extent[] {
  const extents: Extent[] = []
  const numbers = new BoxNumbers(bytes, iloc.body, iloc.end)
  const version = numbers.next(1)
  numbers.next(3)
  const [offsetBytes, lengthBytes] = halves(numbers.next(1))
  const [baseBytes, indexBytes] = halves(numbers.next(1))
  const idBytes = version < 2 ? 2 : 4
  let left = MAX_EXTENT_COUNT
  for (let items = numbers.next(idBytes); items > 0; items--) {
    const id = numbers.next(idBytes)
    const method = version > 0 ? numbers.next(2) & 15 : 0
    numbers.next(2)
    const base = numbers.next(baseBytes)
    for (let count = numbers.next(2); count > 0; count--) {
      if (--left < 0) throw new MalformedFileError()
      if (version > 0) numbers.next(indexBytes)
      const start = base + numbers.next(offsetBytes)
      const end = start + (numbers.next(lengthBytes) || Number.POSITIVE_INFINITY)
      if (wanted.has(id) && method < 2) extents.push({ start, end, isInIdat: method === 1 })
    }
  }
  return extents
}

const halves = (byte: number): [number, number] => [byte >> 4, byte & 15]

/** Returns the frames of a track; none if it isn't one of pictures. ISO 14496-12 sections 8.7 and 8.4.3. */
export function frameExtents(bytes: Buffer, track: Box): Extent[] {
  const handler = findBox(bytes, track, 'mdia', 'hdlr')
  const table = findBox(bytes, track, 'mdia', 'minf', 'stbl')
  if (!handler || !table) return []
  const kind = bytes.toString('latin1', handler.body + 8, handler.body + 12)
  if (!['pict', 'auxv', 'vide'].includes(kind)) return []
  const sizes = numbersOf(bytes, findBox(bytes, table, 'stsz'))
  const runs = numbersOf(bytes, findBox(bytes, table, 'stsc'))
  const large = findBox(bytes, table, 'co64')
  const chunks = numbersOf(bytes, large ?? findBox(bytes, table, 'stco'))
  const [size, frames] = [sizes.next(4), sizes.next(4)]
  const extents: Extent[] = []
  let [left, samples] = [runs.next(4), 0]
  let [next, each] = left > 0 ? [runs.next(4), 0] : [0, 0]
  const count = chunks.next(4)
  if (count > MAX_EXTENT_COUNT) throw new MalformedFileError()
  for (let chunk = 1; chunk <= count; chunk++) {
    if (chunk === next) {
      each = runs.next(4)
      runs.next(4)
      next = --left > 0 ? runs.next(4) : 0
    }
    const start = chunks.next(large ? 8 : 4)
    const end = Math.min(samples + each, frames)
    let length = size * (end - samples)
    if (size === 0) for (; samples < end; samples++) length += sizes.next(4)
    samples = end
    extents.push({ start, end: start + length, isInIdat: false })
  }
  return extents
}

/** Returns the numbers of a box, behind version and flags. */
function numbersOf(bytes: Buffer, box: Box | undefined): BoxNumbers {
  if (!box) throw new MalformedFileError()
  return new BoxNumbers(bytes, box.body + 4, box.end)
}
