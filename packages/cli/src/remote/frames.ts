import { OperatorError } from '../operator-error.ts'

/** The longest picture that is put together. Servers take less, and say so. */
const MAX_FRAME_BYTES = 2 ** 24
/** Bytes without a picture after which there is none: the headers between pictures are short. */
const MAX_BETWEEN_BYTES = 2 ** 20
/** The longest first bytes by which a picture is known. */
const SIGNATURE_BYTES = 12
const PNG_SIGNATURE = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1')
const JPEG_SIGNATURE = Buffer.from([0xff, 0xd8, 0xff])

/**
 * Yields the pictures of a stream: JPEG, PNG and WebP, one after the other. Bytes between them are passed over, such as
 * the headers of a multipart stream. Throws `OperatorError` if no picture comes.
 */
export async function* framesIn(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0)
  let passedBytes = 0
  /** The bytes that must be there before it is worth another look. */
  let wantedBytes = 0
  for await (const chunk of chunks) {
    rest = rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([rest, chunk])
    while (rest.length >= wantedBytes) {
      const start = startOf(rest)
      passedBytes += start
      rest = rest.subarray(start)
      if (passedBytes > MAX_BETWEEN_BYTES) throw new OperatorError(NO_FRAME)
      if (rest.length < SIGNATURE_BYTES) {
        wantedBytes = SIGNATURE_BYTES
        break
      }
      const end = endOf(rest)
      if (end.at === null) {
        if (end.needs > MAX_FRAME_BYTES)
          throw new OperatorError('A picture of more than 16 MB comes; send smaller ones.')
        // Doubled, so that a long picture isn't looked through at each chunk.
        wantedBytes = Math.max(end.needs, rest.length + 1)
        break
      }
      yield Buffer.from(rest.subarray(0, end.at))
      rest = rest.subarray(end.at)
      passedBytes = 0
      wantedBytes = 0
    }
  }
}

const NO_FRAME = 'No JPEG, PNG or WebP picture comes; send one, or several after one another.'

/** Returns where a picture begins or may begin; the end, if it doesn't. */
function startOf(bytes: Buffer): number {
  const found = [JPEG_SIGNATURE, PNG_SIGNATURE.subarray(0, 4), Buffer.from('RIFF')]
    .map((signature) => bytes.indexOf(signature))
    .filter((at) => at >= 0)
  if (found.length > 0) return Math.min(...found)
  // The first bytes of one may have come.
  return Math.max(0, bytes.length - 3)
}

/** The end of the picture that begins a buffer, or how many bytes it needs at least. */
type End = { readonly at: number } | { readonly at: null; readonly needs: number }

function endOf(bytes: Buffer): End {
  if (bytes[0] === 0xff) return endOfJpeg(bytes)
  if (bytes[0] === 0x89) return endOfPng(bytes)
  // Another RIFF than WebP is passed over, letter by letter.
  if (bytes.toString('latin1', 8, 12) !== 'WEBP') return { at: 4 }
  return upTo(bytes, bytes.readUInt32LE(4) + 8)
}

const upTo = (bytes: Buffer, end: number): End =>
  end <= bytes.length ? { at: end } : { at: null, needs: end }

/** Walks over a PNG's chunks (PNG section 5.3). */
function endOfPng(bytes: Buffer): End {
  let at = PNG_SIGNATURE.length
  while (at + 8 <= bytes.length) {
    const end = at + 12 + bytes.readUInt32BE(at)
    if (bytes.toString('latin1', at + 4, at + 8) === 'IEND') return upTo(bytes, end)
    at = end
  }
  return { at: null, needs: at + 8 }
}

/** Walks over a JPEG's segments (ITU-T T.81 section B.1): a thumbnail in one of them has an end of its own. */
function endOfJpeg(bytes: Buffer): End {
  let at = 2
  while (at + 4 <= bytes.length) {
    if (bytes[at] !== 0xff) {
      // Entropy-coded data, up to the next marker.
      const next = bytes.indexOf(0xff, at)
      if (next < 0) return { at: null, needs: bytes.length + 2 }
      at = next
      continue
    }
    const marker = bytes[at + 1]!
    if (marker === 0xd9) return { at: at + 2 }
    const isBare =
      marker === 0 || marker === 0xff || marker === 1 || (marker >= 0xd0 && marker <= 0xd7)
    if (marker === 0xff) at++
    else at += isBare ? 2 : 2 + bytes.readUInt16BE(at + 2)
  }
  // The end itself has two bytes, and may be all that is left.
  if (bytes[at] === 0xff && bytes[at + 1] === 0xd9) return { at: at + 2 }
  return { at: null, needs: at + 2 }
}
