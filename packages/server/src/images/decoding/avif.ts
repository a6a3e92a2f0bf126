import { readFile } from 'node:fs/promises'
import type { Box } from '../metadata/boxes.ts'
import { MalformedFileError } from '../metadata/edit-plan.ts'
import type { Colour } from './colour.ts'
import { heifColour } from './heif-colour.ts'
import { heifProperties } from './heif-properties.ts'

/** Position of the major brand in a file (ISO 14496-12 section 4.3). */
const BRAND_OFFSET_BYTES = 8
/** Major brands by which libvips knows an AVIF. */
const KNOWN_BRANDS = ['avif', 'mif1']

interface AvifView {
  /** The path, or other bytes. */
  readonly input: string | Buffer
  readonly colour: Colour | null
  readonly isPremultiplied: boolean
}

/**
 * Reads an AVIF as libvips must have it to show what Chromium shows: the file itself, or other bytes.
 *
 * - A sequence becomes the still picture that is in the same file: libvips refuses the brand `avis`.
 * - A crop that doesn't start at the top left corner becomes one of the whole picture: Chromium ignores it.
 */
export async function viewAvif(path: string): Promise<AvifView> {
  const file = await readFile(path)
  let [isChanged, isPremultiplied] = [false, false]
  if (!KNOWN_BRANDS.includes(file.toString('latin1', BRAND_OFFSET_BYTES, BRAND_OFFSET_BYTES + 4))) {
    file.write('avif', BRAND_OFFSET_BYTES, 'latin1')
    isChanged = true
  }
  try {
    const properties = heifProperties(file)
    const { primary } = properties
    isPremultiplied = properties.isPremultiplied
    const [clap, ispe] = ['clap', 'ispe'].map((type) => primary.find((p) => p.type === type))
    if (clap && ispe && ignoreCrop(file, clap, ispe)) isChanged = true
  } catch (error) {
    if (!(error instanceof MalformedFileError)) throw error
  }
  return { input: isChanged ? file : path, colour: heifColour(file), isPremultiplied }
}

/**
 * Replaces a crop by one of the whole picture, unless it starts at the top left corner; returns whether it did.
 * Sizes stand in `ispe` (ISO 23008-12 section 6.5.3), crops in `clap` (ISO 14496-12 section 12.1.4).
 */
function ignoreCrop(file: Buffer, { body: clap, end }: Box, { body: ispe }: Box): boolean {
  if (end - clap < CLAP_BYTES) throw new MalformedFileError()
  const sides = [file.readUInt32BE(ispe + 4), file.readUInt32BE(ispe + 8)]
  const fraction = (at: number) => file.readInt32BE(clap + at) / file.readInt32BE(clap + at + 4)
  const starts = sides.map((side, i) => (side - fraction(i * 8)) / 2 + fraction(16 + i * 8))
  if (starts.every((start) => start === 0)) return false
  for (const [i, value] of [sides[0]!, 1, sides[1]!, 1, 0, 1, 0, 1].entries())
    file.writeUInt32BE(value, clap + i * 4)
  return true
}

const CLAP_BYTES = 32
