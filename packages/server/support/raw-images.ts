import { type TiffPage, tiffOf } from './tiff-images.ts'

/** The parts of a raw file. */
export interface RawParts {
  /** The largest JPEG inside it. */
  readonly jpeg: Buffer
  readonly thumbnail: Buffer
  /** Pixels of the sensor's picture. */
  readonly sensor: { readonly width: number; readonly height: number }
  readonly orientation: number
  /** Text that the file has wherever it can. */
  readonly secret: string
}

/** Creates raw files in the layouts of several makers; their sensors' values are noise. */
export function rawImages({ jpeg, thumbnail, sensor, orientation, secret }: RawParts): {
  readonly [name: string]: Buffer
} {
  const texts = { 271: secret, 272: secret, 305: secret }
  // The bytes of a JPEG's start stand in the sensor's values too.
  const values = Buffer.concat([
    Buffer.from([0xff, 0xd8, 0xff, 0xc4, 1, 2, 3]),
    Buffer.alloc(999, secret),
  ])
  const cfa: TiffPage = { ...sensor, photometric: 32_803, strip: values, subfile: 0 }
  const small: TiffPage = { width: 160, height: 120, texts, orientation, subfile: 1 }
  const preview: TiffPage = { width: 0, height: 0, compression: 6, jpeg, subfile: 1 }
  const strip: TiffPage = { ...small, compression: 6, strip: jpeg }
  const box = (type: string, ...bodies: Buffer[]): Buffer => {
    const head = Buffer.alloc(8)
    head.writeUInt32BE(8 + Buffer.concat(bodies).length)
    head.write(type, 4)
    return Buffer.concat([head, ...bodies])
  }
  return {
    'IMG_0001.NEF': tiffOf(
      [{ ...small, children: [preview, { ...cfa, compression: 34_713 }] }],
      'MM\0*',
    ),
    'IMG_0002.DNG': tiffOf([
      { ...small, texts: { ...texts, 50_706: 'x' }, children: [cfa, { ...strip, compression: 7 }] },
    ]),
    'IMG_0003.ARW': tiffOf([{ ...small, children: [{ ...cfa, compression: 32_767 }] }, preview]),
    'IMG_0004.PEF': tiffOf([{ ...cfa, compression: 65_535, texts, orientation }, preview], 'MM\0*'),
    'IMG_0005.CR2': tiffOf(
      [
        {
          ...strip,
          exif: { width: 0, height: 0, longs: { 40_962: sensor.width, 40_963: sensor.height } },
        },
        { ...small, jpeg: thumbnail },
      ],
      'II*\0',
      'CR\x02\0\0\0\0\0',
    ),
    'IMG_0006.ORF': tiffOf([{ ...cfa, photometric: 1, texts, orientation }, preview], 'IIRO'),
    'IMG_0007.RW2': tiffOf(
      [{ ...preview, texts, orientation, longs: { 2: sensor.width, 3: sensor.height } }],
      'IIU\0',
    ),
    'IMG_0008.RAF': fuji(),
    'IMG_0009.CR3': canon(),
  }

  function fuji(): Buffer {
    const head = Buffer.alloc(160, 0)
    head.write(`FUJIFILMCCD-RAW 0201FF129502X-T1 ${secret.slice(0, 20)}`)
    head.writeUInt32BE(160 + 64, 84)
    head.writeUInt32BE(jpeg.length, 88)
    head.writeUInt32BE(160, 92)
    const fields = Buffer.alloc(64)
    fields.writeUInt32BE(2, 0)
    // A field that nobody needs, then the size of the raw picture.
    fields.writeUInt16BE(0x130, 4)
    fields.writeUInt16BE(8, 6)
    fields.writeUInt16BE(0x100, 16)
    fields.writeUInt16BE(4, 18)
    fields.writeUInt16BE(sensor.height, 20)
    fields.writeUInt16BE(sensor.width, 22)
    return Buffer.concat([head, fields, jpeg, values])
  }

  function canon(): Buffer {
    const track = (width: number, height: number): Buffer => {
      const frame = Buffer.alloc(82)
      frame.writeUInt16BE(width, 24)
      frame.writeUInt16BE(height, 26)
      const table = box('stsd', Buffer.alloc(8), box('CRAW', frame))
      return box('trak', box('mdia', box('minf', box('stbl', table))))
    }
    const metadata = box(
      'uuid',
      Buffer.alloc(16, 7),
      box('CNCV', Buffer.from(secret)),
      box('CMT1', tiffOf([small])),
    )
    const movie = box('moov', metadata, track(160, 120), track(sensor.width, sensor.height))
    const head = box('ftyp', Buffer.from('crx \0\0\0\x01crx isom', 'latin1'))
    return Buffer.concat([head, movie, box('mdat', thumbnail, jpeg, values)])
  }
}
