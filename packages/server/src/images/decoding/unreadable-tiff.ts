import { open } from 'node:fs/promises'
import { BoundedReader } from '../metadata/edit-plan.ts'
import { TAG, TiffDirectories, withChildren } from '../metadata/tiff-directories.ts'

/** Compressions that our decoder is built without: JBIG, LERC, LZMA, JPEG 2000, ZSTD, WebP, JPEG XL. */
const UNREADABLE_COMPRESSIONS = [
  34_661, 34_887, 34_925, 33_003, 33_004, 33_005, 34_712, 50_000, 50_001, 50_002, 52_546,
]
/** The colour spaces CIELab, ICCLab and ITULab. */
const LAB_PHOTOMETRICS = [8, 9, 10]

/** Returns whether a TIFF that can't be decoded has a compression or a colour space that the decoder lacks. */
export async function isUnreadableTiff(path: string): Promise<boolean> {
  await using file = await open(path)
  try {
    const { directories, pages } = await TiffDirectories.read(new BoundedReader(file))
    for (const directory of pages.flatMap(withChildren)) {
      const compression = await directories.number(directory, TAG.compression)
      const photometric = await directories.number(directory, TAG.photometric)
      if (UNREADABLE_COMPRESSIONS.includes(compression)) return true
      if (LAB_PHOTOMETRICS.includes(photometric)) return true
    }
    return false
  } catch {
    return false
  }
}
