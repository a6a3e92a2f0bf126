import type { Box } from '@wirephoto/board'

/** About the widths of one to two pictures: a column of a full board holds few of them. */
const COLUMN_UNITS = 512

/** The boxes of pictures by the columns that they stand in, so that neighbours are found without a look at all. */
export class BoxColumns {
  readonly #columns = new Map<number, [string, Box][]>()

  constructor(boxes: ReadonlyMap<string, Box>) {
    for (const entry of boxes)
      for (const column of columnsOf(entry[1])) {
        const there = this.#columns.get(column)
        if (there) there.push(entry)
        else this.#columns.set(column, [entry])
      }
  }

  /** Yields every box that shares a column with a box, some of them twice, but that of `id` never. */
  *besides(id: string, box: Box): Generator<Box> {
    for (const column of columnsOf(box))
      for (const [other, at] of this.#columns.get(column) ?? []) if (other !== id) yield at
  }
}

function* columnsOf({ x, w }: Box): Generator<number> {
  const last = Math.floor((x + w) / COLUMN_UNITS)
  for (let column = Math.floor(x / COLUMN_UNITS); column <= last; column++) yield column
}
