import { Scrubber } from '../src/images/metadata/scrubber.ts'

/** Returns a file as it is written in the end, when it comes in these pieces. */
export function scrubInPieces(bytes: Buffer, cuts: readonly number[] = []): Buffer {
  const scrubber = new Scrubber()
  const parts = pieces(bytes, cuts).map((piece) => Buffer.from(scrubber.scrub(Buffer.from(piece))))
  return Buffer.concat([...parts, scrubber.end()])
}

/**
 * Returns a file as it is written in the end, when another process goes on at each of these places. The
 * process reads what was written, and then what was held back.
 */
export function scrubWithRestarts(bytes: Buffer, cuts: readonly number[]): Buffer {
  let written = Buffer.alloc(0)
  let scrubber = new Scrubber()
  for (const piece of pieces(bytes, cuts)) {
    const held = Buffer.from(scrubber.held)
    scrubber = new Scrubber()
    const again = scrubber.scrub(Buffer.from(written))
    if (!Buffer.concat([again, scrubber.held]).equals(written))
      throw new Error('what was written is read as something else')
    scrubber.scrub(held)
    written = Buffer.concat([written, scrubber.scrub(Buffer.from(piece))])
  }
  return Buffer.concat([written, scrubber.end()])
}

function pieces(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const ends = [...cuts, bytes.length].sort((a, b) => a - b)
  return ends.map((end, i) => bytes.subarray(ends[i - 1] ?? 0, end))
}
