import { MalformedFileError } from './edit-plan.ts'

/** A box of ISO 14496-12 section 4.2. Positions are indices into the bytes that were read. */
export interface Box {
  readonly type: string
  readonly start: number
  /** Start of the contents, behind the header. */
  readonly body: number
  readonly end: number
}

/** Yields the boxes between two positions. Throws `MalformedFileError` for one that ends behind `end`. */
export function* boxes(bytes: Buffer, start: number, end: number): Generator<Box> {
  for (let at = start; at + 8 <= end; ) {
    const box = boxAt(bytes, at, end)
    if (box.end > end) throw new MalformedFileError()
    yield box
    at = box.end
  }
}

/** Returns the box whose header stands at `start`. A box without a length ends at `last`. */
export function boxAt(bytes: Buffer, start: number, last: number): Box {
  const type = bytes.toString('latin1', start + 4, start + 8)
  const numbers = new BoxNumbers(bytes, start, bytes.length)
  const short = numbers.next(4)
  const body = start + (short === 1 ? 16 : 8)
  numbers.next(4)
  const end = short === 0 ? last : start + (short === 1 ? numbers.next(8) : short)
  if (end < body) throw new MalformedFileError()
  return { type, start, body, end }
}

/** Finds the first box along a path of types. */
export function findBox(bytes: Buffer, within: Box, ...path: readonly string[]): Box | undefined {
  const [type, ...rest] = path
  if (type === undefined) return within
  const box = boxes(bytes, within.body, within.end).find((each) => each.type === type)
  return box && findBox(bytes, box, ...rest)
}

/** Reads unsigned big-endian numbers one after the other. */
export class BoxNumbers {
  readonly #bytes: Buffer
  #at: number
  readonly #end: number

  constructor(bytes: Buffer, start: number, end: number) {
    this.#bytes = bytes
    this.#at = start
    this.#end = Math.min(end, bytes.length)
  }

  /** Reads a number of `length` bytes; 0 for none. Throws `MalformedFileError` behind the end. */
  next(length: number): number {
    if (this.#at + length > this.#end) throw new MalformedFileError()
    let value = 0
    for (let i = 0; i < length; i++) value = value * 256 + this.#bytes[this.#at++]!
    return value
  }
}
