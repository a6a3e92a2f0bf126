import { BOARD_SHAPE_FACTOR } from './justified-rows.ts'
import {
  type Box,
  boxOf,
  GAP_UNITS,
  MAX_FIRST_SIDE_UNITS,
  MIN_FIRST_SIDE_UNITS,
  ROW_HEIGHT_UNITS,
  toHundredths,
} from './layout.ts'
import { limits } from './limits.ts'
import type { AnyRecord, ImageRecord } from './records.ts'

/** Where the first picture of an empty board stands: one of 4 : 3 is centred on the origin. */
const FIRST_X_UNITS = -160
const FIRST_Y_UNITS = -120
/** Pictures stand at multiples of half a row, so that two small ones fill what a usual one does. */
const HALF_PITCH_UNITS = (ROW_HEIGHT_UNITS + GAP_UNITS) / 2
const HALF_ROW_UNITS = HALF_PITCH_UNITS - GAP_UNITS
/** A lower picture takes half a row: in a whole one it would be coarse. */
const LOW_PICTURE_PX = 150
/** A wider shape takes half a row: in a whole one it would be as long as the board. */
const WIDE_SHAPE_FACTOR = 4
/** Places that differ by less count as one. Heights follow from widths, and are never quite whole. */
const TOLERANCE_UNITS = 1
/** Room that is too narrow for any picture counts as taken. */
const LEAST_ROOM_UNITS = MIN_FIRST_SIDE_UNITS + 2 * (GAP_UNITS - TOLERANCE_UNITS)
/** The board grows in steps of its width by this factor. Within a step, rows are filled from the top. */
const GROWTH_FACTOR = 1.1
const FIRST_STEP_UNITS = 245
/** The shape of a whole board that has a dozen pictures or more, as its width over its height. */
const WHOLE_SHAPE_FACTOR = { min: 1.3, max: 2 }
const WHOLE_FROM_COUNT = 12
/** A spot that leaves the whole in another shape gives way to one that takes fewer steps more, and doesn't. */
const OUT_OF_SHAPE_STEPS_COUNT = 6
/** Bands of each further level are so many times as high. A picture lies in at most as many, and one more. */
const LEVEL_FACTOR = 64
/** From the farthest place that a picture may have, room for this board is kept. */
const LAST_ROOM_UNITS = 100_000
/** At each edge so many pictures may lie apart from the others, times the square root of their number. */
const OUTLIERS_PER_ROOT_FACTOR = 0.25

/** A picture that looks for a place. Its width is chosen too, unless it has one. */
type Placeless = Pick<ImageRecord, 'width' | 'height'> & { readonly w?: number | undefined }

/**
 * Knows where a board has room, and follows its changes. Finding a spot looks at rows, not at pictures. It depends on
 * where the pictures stand, and not on the order in which they came: a page finds the same spot as its server.
 */
export class FreeSpots {
  readonly #lefts = new SortedNumbers()
  readonly #tops = new SortedNumbers()
  readonly #rights = new SortedNumbers()
  readonly #bottoms = new SortedNumbers()
  /** By level, the bands that pictures lie in, by their number from the first row down. */
  readonly #levels: Map<number, Band>[] = []

  constructor(records: Iterable<AnyRecord> = []) {
    for (const record of records) this.note(undefined, record)
  }

  /** Notes a record in place of the one before; undefined for none. */
  note(before: AnyRecord | undefined, after: AnyRecord | undefined): void {
    const [was, is] = [standing(before), standing(after)]
    if (was && is && isSame(was, is)) return
    if (was) this.#remove(was)
    if (is) this.#add(is)
  }

  /**
   * Returns where a picture may stand, and how wide: the first room in the uppermost row. Rows end where the board
   * would get too wide for its height, and go on where it would get too high.
   */
  find(picture: Placeless): { x: number; y: number; w: number } {
    const { w, h } = sizeInRow(picture)
    const { left, top, right, bottom } = this.#extent()
    const isWhole = this.#lefts.count + 1 >= WHOLE_FROM_COUNT
    const count = Math.ceil((h + GAP_UNITS - TOLERANCE_UNITS) / HALF_PITCH_UNITS)
    const step = count > 1 ? 2 : 1
    const first =
      Math.ceil((top - FIRST_Y_UNITS - TOLERANCE_UNITS) / HALF_PITCH_UNITS / step) * step
    let spot = { x: left, y: top }
    let least = Number.POSITIVE_INFINITY
    for (let band = first; ; band += step) {
      const y = FIRST_Y_UNITS + band * HALF_PITCH_UNITS
      const downTo = growthStep((y + h - top) * (BOARD_SHAPE_FACTOR / GROWTH_FACTOR))
      if (downTo >= least) break
      const x = this.#firstRoom(band, count, left, w)
      const shape = (Math.max(right, x + w) - left) / (Math.max(bottom, y + h) - top)
      const isInShape = shape >= WHOLE_SHAPE_FACTOR.min && shape <= WHOLE_SHAPE_FACTOR.max
      const reached =
        Math.max(downTo, growthStep(x + w - left)) +
        (isWhole && !isInShape ? OUT_OF_SHAPE_STEPS_COUNT : 0)
      if (reached < least) {
        spot = { x, y }
        least = reached
      }
    }
    return { ...spot, w }
  }

  /**
   * Returns the edges of all pictures, but for the few that lie apart. Rows are filled from the upper left corner. It
   * is rounded, so that they begin at one edge.
   */
  #extent(): { left: number; top: number; right: number; bottom: number } {
    const { count } = this.#lefts
    if (count === 0)
      return {
        left: FIRST_X_UNITS,
        top: FIRST_Y_UNITS,
        right: FIRST_X_UNITS,
        bottom: FIRST_Y_UNITS,
      }
    const outlierCount = Math.floor(Math.sqrt(count) * OUTLIERS_PER_ROOT_FACTOR)
    const far = limits.maxCoordinate - LAST_ROOM_UNITS
    const left = Math.min(far, this.#lefts.at(outlierCount))
    const columns = Math.floor((left - FIRST_X_UNITS + TOLERANCE_UNITS) / GAP_UNITS)
    return {
      left: FIRST_X_UNITS + columns * GAP_UNITS,
      top: Math.min(far, this.#tops.at(outlierCount)),
      right: this.#rights.at(count - 1 - outlierCount),
      bottom: this.#bottoms.at(count - 1 - outlierCount),
    }
  }

  /** Returns the first x from the left on at which a picture of this width fits into so many bands. */
  #firstRoom(first: number, count: number, left: number, w: number): number {
    const bands = this.#bandsFrom(first, count)
    let x = left
    for (let isFree = false; !isFree; ) {
      isFree = true
      for (const band of bands) {
        const end = band.takenUntil(x, x + w)
        if (end === null) continue
        x = Math.ceil(end + GAP_UNITS - TOLERANCE_UNITS / 2)
        isFree = false
      }
    }
    return x
  }

  /** Lists the bands, of all levels, that these bands of the lowest level lie in. */
  #bandsFrom(first: number, count: number): Band[] {
    return this.#levels.flatMap((bands, level) => {
      const factor = LEVEL_FACTOR ** level
      const [from, to] = [Math.floor(first / factor), Math.floor((first + count - 1) / factor)]
      // The highest pictures lie in more bands than there are.
      if (to - from >= bands.size)
        return [...bands].flatMap(([i, band]) => (i >= from && i <= to ? band : []))
      const found: Band[] = []
      for (let i = from; i <= to; i++) {
        const band = bands.get(i)
        if (band) found.push(band)
      }
      return found
    })
  }

  #add(box: Box): void {
    this.#lefts.add(box.x)
    this.#tops.add(box.y)
    this.#rights.add(box.x + box.w)
    this.#bottoms.add(box.y + box.h)
    const { level, from, to } = bandsOf(box)
    while (this.#levels.length <= level) this.#levels.push(new Map())
    const bands = this.#levels[level]!
    for (let i = from; i <= to; i++) {
      const band = bands.get(i) ?? new Band()
      bands.set(i, band)
      band.add(box.x, box.x + box.w)
    }
  }

  #remove(box: Box): void {
    this.#lefts.remove(box.x)
    this.#tops.remove(box.y)
    this.#rights.remove(box.x + box.w)
    this.#bottoms.remove(box.y + box.h)
    const { level, from, to } = bandsOf(box)
    const bands = this.#levels[level]!
    for (let i = from; i <= to; i++) {
      const band = bands.get(i)!
      band.remove(box.x, box.x + box.w)
      if (band.isEmpty) bands.delete(i)
    }
  }
}

/** Returns the size of a picture in a row: as high as the row or half of it, but never too narrow to be seen. */
function sizeInRow({ width, height, w: own }: Placeless): { w: number; h: number } {
  const ratio = width / height
  const isLow = height < LOW_PICTURE_PX || ratio > WIDE_SHAPE_FACTOR
  const row = isLow ? HALF_ROW_UNITS : ROW_HEIGHT_UNITS
  const longest = MAX_FIRST_SIDE_UNITS * Math.min(1, ratio)
  const chosen = Math.max(1, Math.min(Math.max(row * ratio, MIN_FIRST_SIDE_UNITS), longest))
  const w = own ?? toHundredths(chosen)
  return { w, h: w / ratio }
}

/** Returns the widths to which the rows of such a board are filled as it grows: those near 1.6 times its height. */
export function widthsNear(ratios: readonly number[]): number[] {
  const pitch = ROW_HEIGHT_UNITS + GAP_UNITS
  const length = ratios.reduce((sum, ratio) => sum + ratio * ROW_HEIGHT_UNITS + GAP_UNITS, 0)
  const step = growthStep(Math.sqrt(BOARD_SHAPE_FACTOR * length * pitch))
  return [step - 1, step, step + 1].map((each) => FIRST_STEP_UNITS * GROWTH_FACTOR ** each)
}

/** Returns the corner of the row of new pictures that is nearest to the lower left one of a box. */
export function rowBelow({ x, y, h }: Box): { x: number; y: number } {
  const pitch = ROW_HEIGHT_UNITS + GAP_UNITS
  return {
    x: FIRST_X_UNITS + Math.round((x - FIRST_X_UNITS) / GAP_UNITS) * GAP_UNITS,
    y: FIRST_Y_UNITS + Math.round((y + h + GAP_UNITS - FIRST_Y_UNITS) / pitch) * pitch,
  }
}

/** Returns the step of the board's growth at which it is so wide. */
const growthStep = (width: number): number =>
  Math.max(
    0,
    Math.ceil(Math.log((width - TOLERANCE_UNITS) / FIRST_STEP_UNITS) / Math.log(GROWTH_FACTOR)),
  )

/** Returns the box that a record takes on the board; null if it stands nowhere. */
const standing = (record: AnyRecord | undefined): Box | null =>
  record?.kind === 'image' && record.deletedAt === null ? boxOf(record) : null

const isSame = (a: Box, b: Box): boolean => a.x === b.x && a.y === b.y && a.w === b.w && a.h === b.h

/** Returns the bands in which no other picture may stand over or under a box, with the gap around it. */
function bandsOf({ y, h }: Box): { level: number; from: number; to: number } {
  let level = 0
  let pitch = HALF_PITCH_UNITS
  for (; h > pitch * LEVEL_FACTOR; level++) pitch *= LEVEL_FACTOR
  const above = y - FIRST_Y_UNITS + TOLERANCE_UNITS
  const below = y + h - FIRST_Y_UNITS + GAP_UNITS - TOLERANCE_UNITS
  return { level, from: Math.floor(above / pitch), to: Math.ceil(below / pitch) - 1 }
}

interface Span {
  readonly from: number
  readonly to: number
}

/** A band across the board, and what is taken of it. */
class Band {
  /** The spans of the pictures, in no order. */
  readonly #spans: Span[] = []
  /** The room that they take together, from left to right; null if it must be found out again. */
  #taken: Span[] | null = []

  get isEmpty(): boolean {
    return this.#spans.length === 0
  }

  add(from: number, to: number): void {
    const span = { from, to }
    this.#spans.push(span)
    if (this.#taken) takeInto(this.#taken, span)
  }

  remove(from: number, to: number): void {
    const i = this.#spans.findIndex((span) => span.from === from && span.to === to)
    const last = this.#spans.pop()!
    if (i < this.#spans.length) this.#spans[i] = last
    this.#taken = null
  }

  /** Returns where the first thing ends that is too near to this span, or null. */
  takenUntil(from: number, to: number): number | null {
    if (!this.#taken) {
      this.#taken = []
      for (const span of this.#spans.sort((a, b) => a.from - b.from)) takeInto(this.#taken, span)
    }
    const least = GAP_UNITS - TOLERANCE_UNITS
    const next = this.#taken[firstIndex(this.#taken, (span) => span.to > from - least)]
    return next && next.from < to + least ? next.to : null
  }
}

/** Adds a span to others that lie apart, and joins those between which no picture fits. */
function takeInto(taken: Span[], span: Span): void {
  let { from, to } = span
  const first = firstIndex(taken, (each) => each.to > from - LEAST_ROOM_UNITS)
  let end = first
  for (; end < taken.length && taken[end]!.from < to + LEAST_ROOM_UNITS; end++) {
    from = Math.min(from, taken[end]!.from)
    to = Math.max(to, taken[end]!.to)
  }
  taken.splice(first, end - first, { from, to })
}

/** Returns the index of the first item that is so, where all after it are too; else the number of items. */
function firstIndex<T>(items: readonly T[], isSo: (item: T) => boolean): number {
  let [from, to] = [0, items.length]
  while (from < to) {
    const middle = (from + to) >> 1
    if (isSo(items[middle]!)) to = middle
    else from = middle + 1
  }
  return from
}

/** Numbers in their order. They are sorted when somebody asks for one first, and stay so. */
class SortedNumbers {
  readonly #numbers: number[] = []
  #isSorted = false

  get count(): number {
    return this.#numbers.length
  }

  add(number: number): void {
    if (this.#isSorted) this.#numbers.splice(this.#indexOf(number), 0, number)
    else this.#numbers.push(number)
  }

  remove(number: number): void {
    this.#sort()
    this.#numbers.splice(this.#indexOf(number), 1)
  }

  /** Returns the number with so many before it. */
  at(index: number): number {
    this.#sort()
    return this.#numbers[index]!
  }

  #sort(): void {
    if (!this.#isSorted) this.#numbers.sort((a, b) => a - b)
    this.#isSorted = true
  }

  #indexOf(number: number): number {
    return firstIndex(this.#numbers, (each) => each >= number)
  }
}
