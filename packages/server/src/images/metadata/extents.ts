import { type Box, BoxNumbers, findBox } from './boxes.ts'
import { MalformedFileError } from './edit-plan.ts'

/** Stretches of data that are followed at the most. */
const MOST = 200_000

/** Where data lies: in the file, or within the box `idat`. */
export interface Extent {
  readonly start: number
  /** Infinite when it goes on to the end. */
  readonly end: number
  readonly isInIdat: boolean
}

/** Where the items lie whose ids these are: the box `iloc`, ISO 14496-12 section 8.11.3. */
export function itemExtents(bytes: Buffer, iloc: Box, wanted: ReadonlySet<number>): Extent[] {
  const extents: Extent[] = []
  const numbers = new BoxNumbers(bytes, iloc.body, iloc.end)
  const version = numbers.next(1)
  numbers.next(3)
  const [ofOffset, ofLength] = halves(numbers.next(1))
  const [ofBase, ofIndex] = halves(numbers.next(1))
  const wide = version < 2 ? 2 : 4
  let left = MOST
  for (let items = numbers.next(wide); items > 0; items--) {
    const id = numbers.next(wide)
    const method = version > 0 ? numbers.next(2) & 15 : 0
    numbers.next(2)
    const base = numbers.next(ofBase)
    for (let count = numbers.next(2); count > 0; count--) {
      if (--left < 0) throw new MalformedFileError()
      if (version > 0) numbers.next(ofIndex)
      const start = base + numbers.next(ofOffset)
      const end = start + (numbers.next(ofLength) || Number.POSITIVE_INFINITY)
      if (wanted.has(id) && method < 2) extents.push({ start, end, isInIdat: method === 1 })
    }
  }
  return extents
}

const halves = (byte: number): [number, number] => [byte >> 4, byte & 15]

/** Where the frames of a track lie, if it is one of pictures: ISO 14496-12 sections 8.7 and 8.4.3. */
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
  if (count > MOST) throw new MalformedFileError()
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

/** What a box holds, after version and flags. */
function numbersOf(bytes: Buffer, box: Box | undefined): BoxNumbers {
  if (!box) throw new MalformedFileError()
  return new BoxNumbers(bytes, box.body + 4, box.end)
}
