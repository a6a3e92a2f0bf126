/** A picture of one directory: grey stripes without compression, or any data with its own fields. */
export interface TiffPage {
  readonly width: number
  readonly height: number
  /** Value of every pixel. */
  readonly grey?: number
  /** NewSubfileType: 1 for a smaller version of another picture. */
  readonly subfile?: number
  readonly photometric?: number
  readonly compression?: number
  readonly samples?: number
  readonly orientation?: number
  /** Data in place of the pixels: a strip, or a JPEG that its own two fields name. */
  readonly strip?: Buffer
  readonly jpeg?: Buffer
  /** Text fields, by tag. */
  readonly texts?: Readonly<Record<number, string>>
  /** Number fields, by tag. */
  readonly longs?: Readonly<Record<number, number>>
  readonly children?: readonly TiffPage[]
  /** EXIF's directory. */
  readonly exif?: TiffPage
}

/**
 * Creates a TIFF with these directories in a chain, each with its children in a field of sub-directories.
 * `mark` follows the header.
 */
export function tiffOf(pages: readonly TiffPage[], order = 'II*\0', mark = ''): Buffer {
  const isLittle = order.startsWith('II')
  const number = (value: number, length: 2 | 4): Buffer => {
    const bytes = Buffer.alloc(length)
    if (isLittle) bytes.writeUIntLE(value, 0, length)
    else bytes.writeUIntBE(value, 0, length)
    return bytes
  }
  const parts: Buffer[] = [Buffer.from(order, 'latin1'), Buffer.alloc(4)]
  let length = 8
  if (mark) {
    parts.push(Buffer.from(mark, 'latin1'))
    length += mark.length
  }
  const add = (bytes: Buffer): number => {
    const at = length
    parts.push(bytes, Buffer.alloc(bytes.length & 1))
    length += bytes.length + (bytes.length & 1)
    return at
  }
  /** Writes a directory behind its values; returns where it is, and where it names the next. */
  const write = (page: TiffPage): { at: number; next: Buffer } => {
    const { width, height, grey = 128, subfile, orientation, strip, jpeg } = page
    const entries: [tag: number, bytes: Buffer][] = []
    const entry = (tag: number, type: number, count: number, value: Buffer): void => {
      const inline = value.length <= 4 ? Buffer.concat([value], 4) : number(add(value), 4)
      entries.push([
        tag,
        Buffer.concat([number(tag, 2), number(type, 2), number(count, 4), inline]),
      ])
    }
    const short = (tag: number, value: number) => entry(tag, 3, 1, number(value, 2))
    const long = (tag: number, ...values: number[]) =>
      entry(tag, 4, values.length, Buffer.concat(values.map((value) => number(value, 4))))
    if (subfile !== undefined) long(254, subfile)
    long(256, width)
    long(257, height)
    short(258, 8)
    short(259, page.compression ?? 1)
    short(262, page.photometric ?? 1)
    for (const [tag, text] of Object.entries(page.texts ?? {}))
      entry(Number(tag), 2, text.length + 1, Buffer.from(`${text}\0`))
    if (orientation) short(274, orientation)
    if (jpeg) {
      long(513, add(jpeg))
      long(514, jpeg.length)
    } else {
      const data = strip ?? Buffer.alloc(width * height, grey)
      long(273, add(data))
      short(277, page.samples ?? 1)
      long(278, height)
      long(279, data.length)
    }
    for (const [tag, value] of Object.entries(page.longs ?? {})) long(Number(tag), value)
    if (page.exif) long(34_665, write(page.exif).at)
    if (page.children) long(330, ...page.children.map((child) => write(child).at))
    entries.sort(([a], [b]) => a - b)
    const next = Buffer.alloc(4)
    const at = add(Buffer.concat([number(entries.length, 2), ...entries.map(([, bytes]) => bytes)]))
    parts.push(next)
    length += 4
    return { at, next }
  }
  let link = parts[1]!
  for (const page of pages) {
    const { at, next } = write(page)
    number(at, 4).copy(link)
    link = next
  }
  return Buffer.concat(parts)
}
