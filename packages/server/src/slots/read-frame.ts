import { type MediaType, serverLimits, WireError } from '@wirephoto/board'
import { sniff } from '../images/decoding/sniff.ts'
import { Scrubber } from '../images/metadata/scrubber.ts'
import { FirstBytes } from '../images/uploads/first-bytes.ts'

/** The types of frames: every browser shows them, and they are scrubbed from their first byte on. */
const FRAME_TYPES: readonly MediaType[] = ['image/jpeg', 'image/png', 'image/webp']
const WAY_ON = "isn't a picture that a live slot takes. Send JPEG, PNG or WebP."

/**
 * Checks the header of a frame and scrubs it (F10), in memory and in place. Nothing is decoded. Throws the code of a
 * kind that isn't taken, `too-large`, `too-many-pixels`, or `damaged` where the header tells no size.
 */
export function readFrame(bytes: Buffer, name: string): Buffer {
  assertFrameBytes(bytes.length, name)
  const type = sniff(bytes, name)
  if (!FRAME_TYPES.includes(type)) throw new WireError('other-format', { name, because: WAY_ON })
  const first = new FirstBytes()
  first.take(bytes, 0)
  if (!first.header) throw new WireError('damaged', { name })
  const size = first.header.width * first.header.height
  const limit = serverLimits.framePixels
  if (size > limit) throw new WireError('too-many-pixels', { name, size, limit })
  const scrubber = new Scrubber()
  return Buffer.concat([scrubber.scrub(bytes), scrubber.end()])
}

/** Throws `too-large` for more bytes than a frame may have. */
export function assertFrameBytes(size: number, name: string): void {
  const limit = serverLimits.frameBytes
  if (size > limit) throw new WireError('too-large', { name, size, limit })
}
