/*
 * Edits the AVIF files that `sharp` makes, to say what its encoder can't. They have one `iloc` of version 0 with
 * base offsets of four bytes (ISO 14496-12 section 8.11.3), and one short `ipma` (ISO 23008-12 section 9.3).
 */

/** Returns a property of a picture: a box of ISO 14496-12 section 4.2. */
function avifProperty(type: string, body: Uint8Array): Buffer {
  const box = Buffer.alloc(8 + body.length)
  box.writeUInt32BE(box.length)
  box.write(type, 4, 'latin1')
  box.set(body, 8)
  return box
}

/** Colour by code points of ITU-T H.273: `colr` of the type `nclx`. */
export function nclx(
  primaries: number,
  transfer: number,
  matrix: number,
  fullRange = true,
): Buffer {
  const body = Buffer.from([0, primaries, 0, transfer, 0, matrix, fullRange ? 0x80 : 0])
  return avifProperty('colr', Buffer.concat([Buffer.from('nclx'), body]))
}

/** A crop: width, height, and how far its middle is from that of the picture, in pixels. */
export function clap(width: number, height: number, x: number, y: number): Buffer {
  const body = Buffer.alloc(32)
  for (const [i, value] of [width, 1, height, 1, x, 1, y, 1].entries())
    body.writeInt32BE(value, i * 4)
  return avifProperty('clap', body)
}

/** Returns the AVIF with further properties of its first item, the picture itself. */
export function withAvifProperties(avif: Buffer, ...properties: readonly Buffer[]): Buffer {
  const [ipco, ipma, iloc] = ['ipco', 'ipma', 'iloc'].map(
    (type) => avif.indexOf(type, 0, 'latin1') - 4,
  )
  const [ipcoEnd, ipmaEnd] = [ipco!, ipma!].map((at) => at + avif.readUInt32BE(at))
  const known = [...propertiesIn(avif, ipco! + 8, ipcoEnd!)].length
  const added = Buffer.concat(properties)
  // Position of the number of properties that the first item has.
  const countAt = ipma! + 18
  // A crop must be understood by who draws the picture: it is essential (the first bit).
  const numbers = Buffer.from(
    properties.map((property, i) => known + 1 + i + (property.includes('clap') ? 0x80 : 0)),
  )
  const after = countAt + 1 + avif[countAt]!
  const edited = Buffer.from(avif)
  edited[countAt]! += properties.length
  const growth = added.length + numbers.length
  for (const [type, by] of [
    ['meta', growth],
    ['iprp', growth],
    ['ipco', added.length],
    ['ipma', numbers.length],
  ] as const) {
    const at = avif.indexOf(type, 0, 'latin1') - 4
    edited.writeUInt32BE(avif.readUInt32BE(at) + by, at)
  }
  const items = avif.readUInt16BE(iloc! + 14)
  for (let i = 0, at = iloc! + 16; i < items; i++) {
    edited.writeUInt32BE(avif.readUInt32BE(at + 4) + growth, at + 4)
    at += 10 + avif.readUInt16BE(at + 8) * 8
  }
  return Buffer.concat([
    edited.subarray(0, ipcoEnd),
    added,
    edited.subarray(ipcoEnd, after),
    numbers,
    edited.subarray(after, ipmaEnd),
    edited.subarray(ipmaEnd),
  ])
}

/**
 * Returns an AVIF with alpha whose colours are said to be multiplied by it (ISO 23008-12 section 7.5.3). The
 * reference `prem` from its first item to the second stands beside the one that `sharp` has written.
 */
export function asPremultiplied(avif: Buffer): Buffer {
  const [meta, iref, iloc] = ['meta', 'iref', 'iloc'].map(
    (type) => avif.indexOf(type, 0, 'latin1') - 4,
  )
  const reference = Buffer.from('0000000e7072656d000100010002', 'hex')
  const edited = Buffer.from(avif)
  for (const at of [meta!, iref!])
    edited.writeUInt32BE(avif.readUInt32BE(at) + reference.length, at)
  const items = avif.readUInt16BE(iloc! + 14)
  for (let i = 0, at = iloc! + 16; i < items; i++) {
    edited.writeUInt32BE(avif.readUInt32BE(at + 4) + reference.length, at + 4)
    at += 10 + avif.readUInt16BE(at + 8) * 8
  }
  const end = iref! + avif.readUInt32BE(iref!)
  return Buffer.concat([edited.subarray(0, end), reference, edited.subarray(end)])
}

function* propertiesIn(avif: Buffer, start: number, end: number): Generator<number> {
  for (let at = start; at < end; at += avif.readUInt32BE(at)) yield at
}
