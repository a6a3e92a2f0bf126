import { type Box, BoxNumbers } from '../metadata/boxes.ts'
import { MalformedFileError } from '../metadata/edit-plan.ts'
import { type Colour, colourByCodePoints, SRGB_CODE_POINT } from './colour.ts'
import { heifProperties } from './heif-properties.ts'
import { hevcColour } from './hevc-colour.ts'

/** Curves of cameras, which Chromium takes for that of sRGB in a HEIF (ITU-T H.273 table 3). */
const SRGB_LIKE_CURVES = [1, 2, 6, 14, 15]
const [UNSPECIFIED, BT709] = [2, 1]

/**
 * Returns the colour that a HEIF's primary picture tells by code points. Null for sRGB, and where there is an
 * ICC profile, which counts more (ISO 23008-12 section 6.5.5).
 */
export function heifColour(file: Buffer): Colour | null {
  try {
    const { primary, all } = heifProperties(file)
    // A picture of tiles may leave its colour to them.
    const told = colourIn(file, primary) ?? colourIn(file, all)
    if (!told || told === 'profile') return null
    const clli = primary.find(({ type }) => type === 'clli')
    const peak = clli ? new BoxNumbers(file, clli.body, clli.end).next(2) : 0
    const { primaries, transfer } = told
    return colourByCodePoints({
      primaries: primaries === UNSPECIFIED ? BT709 : primaries,
      transfer: SRGB_LIKE_CURVES.includes(transfer) ? SRGB_CODE_POINT : transfer,
      peakNits: peak > 0 ? peak : null,
    })
  } catch (error) {
    if (error instanceof MalformedFileError) return null
    throw error
  }
}

function colourIn(
  file: Buffer,
  properties: readonly Box[],
): { primaries: number; transfer: number } | 'profile' | null {
  const colours = properties.filter(({ type }) => type === 'colr')
  const kinds = colours.map(({ body }) => file.toString('latin1', body, body + 4))
  if (kinds.includes('prof') || kinds.includes('rICC')) return 'profile'
  const nclx = colours[kinds.indexOf('nclx')]
  if (nclx) {
    const numbers = new BoxNumbers(file, nclx.body + 4, nclx.end)
    return { primaries: numbers.next(2), transfer: numbers.next(2) }
  }
  const hvcc = properties.find(({ type }) => type === 'hvcC')
  return hvcc ? hevcColour(file.subarray(hvcc.body, hvcc.end)) : null
}
