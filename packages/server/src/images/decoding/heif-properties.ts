import { type Box, BoxNumbers, boxes } from '../metadata/boxes.ts'

/** Size of the version and flags that a full box starts with (ISO 14496-12 section 4.2). */
const FULL_BOX_BYTES = 4

/** Returns the first box of a type at the top of a file; undefined if there is none. */
const topBox = (file: Buffer, type: string): Box | undefined =>
  boxes(file, 0, file.length).find((box) => box.type === type)

/** Properties of the pictures of a HEIF (ISO 23008-12 section 9.3). */
export interface HeifProperties {
  /** Those of the primary picture, in their order. */
  readonly primary: readonly Box[]
  /** Those of all pictures, such as the tiles of the primary one. */
  readonly all: readonly Box[]
  /** Whether the primary picture's colours are multiplied by its alpha (ISO 23008-12 section 7.5.3). */
  readonly isPremultiplied: boolean
}

const NONE: HeifProperties = { primary: [], all: [], isPremultiplied: false }

/** Reads the properties of a HEIF. Throws `MalformedFileError`. */
export function heifProperties(file: Buffer): HeifProperties {
  const meta = topBox(file, 'meta')
  if (!meta) return NONE
  const parts = [...boxes(file, meta.body + FULL_BOX_BYTES, meta.end)]
  const id = primaryId(file, partOf(parts, 'pitm'))
  const iprp = partOf(parts, 'iprp')
  if (id === null || !iprp) return NONE
  const groups = [...boxes(file, iprp.body, iprp.end)]
  const ipco = partOf(groups, 'ipco')
  if (!ipco) return NONE
  const all = [...boxes(file, ipco.body, ipco.end)]
  const primary = groups
    .filter(({ type }) => type === 'ipma')
    .flatMap((ipma) => propertyNumbers(file, ipma, id))
    .flatMap((number) => all[number - 1] ?? [])
  return { primary, all, isPremultiplied: isPremultiplied(file, partOf(parts, 'iref'), id) }
}

const partOf = (parts: readonly Box[], type: string): Box | undefined =>
  parts.find((part) => part.type === type)

function primaryId(file: Buffer, pitm: Box | undefined): number | null {
  if (!pitm) return null
  const numbers = new BoxNumbers(file, pitm.body, pitm.end)
  return numbers.next(FULL_BOX_BYTES) < 2 ** 24 ? numbers.next(2) : numbers.next(4)
}

/** Returns whether an item refers to its alpha as `prem` (ISO 14496-12 section 8.11.12). */
function isPremultiplied(file: Buffer, iref: Box | undefined, item: number): boolean {
  if (!iref) return false
  const idBytes = file[iref.body] === 0 ? 2 : 4
  return boxes(file, iref.body + FULL_BOX_BYTES, iref.end).some(
    ({ type, body, end }) =>
      type === 'prem' && new BoxNumbers(file, body, end).next(idBytes) === item,
  )
}

/** Returns the properties' numbers, from 1 on, that an `ipma` box gives to an item. */
function propertyNumbers(file: Buffer, { body, end }: Box, item: number): number[] {
  const numbers = new BoxNumbers(file, body, end)
  const version = numbers.next(1)
  const isLong = numbers.next(3) % 2 === 1
  const found: number[] = []
  for (let entries = numbers.next(4); entries > 0; entries--) {
    const id = numbers.next(version < 1 ? 2 : 4)
    for (let count = numbers.next(1); count > 0; count--) {
      // The first bit says whether the property is essential.
      const number = isLong ? numbers.next(2) % 2 ** 15 : numbers.next(1) % 2 ** 7
      if (id === item) found.push(number)
    }
  }
  return found
}
