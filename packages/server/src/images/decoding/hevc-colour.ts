/** Code points of ITU-T H.273. */
interface ColourDescription {
  readonly primaries: number
  readonly transfer: number
}

/** Bytes of an `hvcC` box before its lists of units (ISO/IEC 14496-15 section 8.3.3.1.2). */
const CONFIGURATION_BYTES = 22
/** Type of a unit that holds a sequence parameter set (ITU-T H.265 table 7-1). */
const SEQUENCE_PARAMETERS = 0x21
/** Units of one file, and numbers in a set: more than any encoder writes. */
const MAX_COUNT = 4_096
const EXTENDED_ASPECT_RATIO = 0xff

/**
 * Returns the colour that a HEVC stream tells in its own parameters (ITU-T H.265 annex E); null for none.
 * `configuration` is the contents of an `hvcC` box. Encoders may write it there alone. Throws for broken ones.
 */
export function hevcColour(configuration: Uint8Array): ColourDescription | null {
  const unit = sequenceParameters(configuration)
  return unit && readParameters(new Bits(withoutEscapes(unit)))
}

function sequenceParameters(bytes: Uint8Array): Uint8Array | null {
  const uint16 = (at: number) => bytes[at]! * 256 + bytes[at + 1]!
  let at = CONFIGURATION_BYTES + 1
  for (let lists = bytes[CONFIGURATION_BYTES] ?? 0; lists > 0 && at < bytes.length; lists--) {
    const type = bytes[at]! % 64
    let count = uint16(at + 1)
    for (at += 3; count > 0 && at < bytes.length; count--) {
      const end = at + 2 + uint16(at)
      if (type === SEQUENCE_PARAMETERS) return bytes.subarray(at + 2, end)
      at = end
    }
  }
  return null
}

/** Removes each 3 that follows two zeros (section 7.3.1.1), and the header of two bytes. */
function withoutEscapes(unit: Uint8Array): Uint8Array {
  return unit.filter((byte, i) => i > 1 && !(byte === 3 && unit[i - 1] === 0 && unit[i - 2] === 0))
}

/** Reads the parameters in the order of section 7.3.2.2, up to the colour. */
function readParameters(bits: Bits): ColourDescription | null {
  bits.skip(4)
  const subLayers = bits.next(3)
  bits.skip(1)
  skipProfile(bits, subLayers)
  bits.exponential()
  if (bits.exponential() === 3) bits.skip(1)
  bits.exponentials(2)
  if (bits.flag()) bits.exponentials(4)
  bits.exponentials(2)
  const orderBits = bits.exponential() + 4
  bits.exponentials((bits.flag() ? subLayers + 1 : 1) * 3)
  bits.exponentials(6)
  if (bits.flag() && bits.flag()) skipScalingLists(bits)
  bits.skip(2)
  if (bits.flag()) {
    bits.skip(8)
    bits.exponentials(2)
    bits.skip(1)
  }
  skipReferences(bits)
  if (bits.flag()) for (let n = bits.count(); n > 0; n--) bits.skip(orderBits + 1)
  bits.skip(2)
  return bits.flag() ? readUsability(bits) : null
}

/** Reads section E.2.1 up to the colour. */
function readUsability(bits: Bits): ColourDescription | null {
  if (bits.flag() && bits.next(8) === EXTENDED_ASPECT_RATIO) bits.skip(32)
  if (bits.flag()) bits.skip(1)
  if (!bits.flag()) return null
  bits.skip(4)
  return bits.flag() ? { primaries: bits.next(8), transfer: bits.next(8) } : null
}

/** Section 7.3.3. */
function skipProfile(bits: Bits, subLayers: number): void {
  bits.skip(96)
  const present = Array.from({ length: subLayers }, () => [bits.flag(), bits.flag()] as const)
  if (subLayers > 0) bits.skip((8 - subLayers) * 2)
  for (const [hasProfile, hasLevel] of present)
    bits.skip((hasProfile ? 88 : 0) + (hasLevel ? 8 : 0))
}

/** Section 7.3.4. */
function skipScalingLists(bits: Bits): void {
  for (let size = 0; size < 4; size++)
    for (let matrix = 0; matrix < 6; matrix += size === 3 ? 3 : 1)
      if (bits.flag()) bits.exponentials(Math.min(64, 2 ** (4 + size * 2)) + (size > 1 ? 1 : 0))
      else bits.exponential()
}

/** Sections 7.3.7 and 7.4.8. */
function skipReferences(bits: Bits): void {
  let pictures = 0
  for (let i = 0, sets = bits.count(); i < sets; i++)
    if (i > 0 && bits.flag()) {
      bits.skip(1)
      bits.exponential()
      const earlier = pictures
      pictures = 0
      for (let j = 0; j <= earlier; j++) if (bits.flag() || bits.flag()) pictures++
    } else {
      pictures = bits.count() + bits.count()
      for (let j = 0; j < pictures; j++) {
        bits.exponential()
        bits.skip(1)
      }
    }
}

/** Reads bits from the highest of each byte on. */
class Bits {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  next(length: number): number {
    let value = 0
    for (let i = 0; i < length; i++) {
      const byte = this.#bytes[this.#at >> 3]
      if (byte === undefined) throw new Error('parameters end early')
      value = value * 2 + ((byte >> (7 - (this.#at++ & 7))) & 1)
    }
    return value
  }

  flag(): boolean {
    return this.next(1) === 1
  }

  skip(length: number): void {
    this.#at += length
  }

  /** Reads an Exp-Golomb code (section 9.2). A signed one has the same length. */
  exponential(): number {
    let zeros = 0
    while (!this.flag()) if (++zeros > 32) throw new Error('a code is too long')
    return 2 ** zeros - 1 + this.next(zeros)
  }

  exponentials(count: number): void {
    for (let i = 0; i < count; i++) this.exponential()
  }

  /** Reads a number of things that follow. */
  count(): number {
    const count = this.exponential()
    if (count > MAX_COUNT) throw new Error('too many parameters')
    return count
  }
}
