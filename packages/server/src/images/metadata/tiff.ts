import { type FileHandle, open } from 'node:fs/promises'
import { BoundedReader, EditPlan, MalformedFileError } from './edit-plan.ts'
import {
  pictureOf,
  TAG,
  TiffDirectories,
  type TiffDirectory,
  type TiffField,
  type TiffPicture,
  withChildren,
} from './tiff-directories.ts'
import { TiffJpegs } from './tiff-jpeg.ts'

/**
 * Fields that stay: those that decode pixels, orientation and colour profile. TIFF 6.0, its technical notes 1
 * and 2, and ICC.1 annex B.
 */
export const KEPT_TAGS = new Set(
  [
    '254 255 256 257 258 259 262 263 266 273 274 277 278 279 280 281 282 283 284 290 291 292 293 296',
    '301 317 318 319 320 321 322 323 324 325 332 334 336 338 339 340 341 342 347',
    '512 513 514 515 517 518 519 520 521 529 530 531 532 34675',
  ].flatMap((line) => line.split(' ').map(Number)),
)
/** Longest side of a picture that may be a thumbnail without a flag, and how much larger the other one is. */
const [MAX_THUMBNAIL_SIDE_PX, MIN_MAIN_FACTOR] = [512, 4]

/** JPEG of TIFF 6.0, and of its technical note 2. */
const JPEG_COMPRESSIONS = [6, 7]

/** A camera's raw file. Its pictures are no TIFF's. */
export class CameraFileError extends Error {
  constructor() {
    super('camera file')
  }
}

/**
 * Plans the scrubbing of a TIFF. Its main picture and the pages behind it stay, wherever their directories
 * are; each keeps the fields above. Smaller versions of them go.
 *
 * Rejects with `CameraFileError`, and with `MalformedFileError` for a file without a picture.
 */
export async function planTiff(file: FileHandle): Promise<EditPlan> {
  const { directories, pages } = await TiffDirectories.read(new BoundedReader(file))
  const plan = new EditPlan()
  const jpegs = new TiffJpegs(file, plan)
  plan.keep(0, 8)
  const kept = await keptPages(directories, pages)
  for (const [i, page] of kept.entries())
    await keepPage(plan, jpegs, directories, page, kept[i + 1]?.at ?? 0)
  // The header comes last: until then a second plan finds the same pages.
  const first = Buffer.alloc(4)
  directories.write(first, kept[0]!.at, 0, 4)
  plan.overwrite(4, first)
  return plan
}

/** Returns whether a TIFF is a camera's raw file; false for one that isn't understood. */
export async function isRawTiff(path: string): Promise<boolean> {
  await using file = await open(path)
  try {
    await planTiff(file)
    return false
  } catch (error) {
    if (error instanceof CameraFileError) return true
    if (error instanceof MalformedFileError) return false
    throw error
  }
}

/** Returns the directories that stay, that of the main picture first. */
async function keptPages(
  directories: TiffDirectories,
  pages: readonly TiffDirectory[],
): Promise<TiffDirectory[]> {
  const groups = await Promise.all(
    pages.map(async (page) => {
      const all: TiffPicture[] = []
      for (const directory of withChildren(page)) all.push(await pictureOf(directories, directory))
      return all
    }),
  )
  if (groups.flat().some(({ isRaw }) => isRaw)) throw new CameraFileError()
  const whole = groups.map((group) => largest(group.filter((picture) => !picture.isReduced)))
  const mains = whole.filter((picture) => picture !== null && !picture.isMask)
  const isThumbnail = ({ width, height }: TiffPicture): boolean =>
    Math.max(width, height) <= MAX_THUMBNAIL_SIDE_PX &&
    mains.some((other) => area(other!) >= MIN_MAIN_FACTOR * width * height)
  const main = mains.find((picture) => !isThumbnail(picture!)) ?? largest(groups.flat())
  if (!main) throw new MalformedFileError()
  const from = whole.indexOf(main)
  const behind = from < 0 ? [] : whole.slice(from + 1).filter((picture) => picture !== null)
  return [main, ...behind].map(({ directory }) => directory)
}

const area = ({ width, height }: TiffPicture): number => width * height

/** Returns the largest picture, the first of those; null if none has data. */
function largest(pictures: readonly TiffPicture[]): TiffPicture | null {
  const all = pictures.filter((picture) => picture.hasData && area(picture) > 0)
  return all.reduce<TiffPicture | null>(
    (one, other) => (one && area(one) >= area(other) ? one : other),
    null,
  )
}

/** Keeps a page's fields and the data that they point to. Closes the gaps between the fields. */
async function keepPage(
  plan: EditPlan,
  jpegs: TiffJpegs,
  directories: TiffDirectories,
  page: TiffDirectory,
  next: number,
): Promise<void> {
  const { at } = page
  const fields = page.fields.filter(
    ({ tag, length }: TiffField) => KEPT_TAGS.has(tag) && length > 0,
  )
  const bytes = Buffer.alloc(2 + fields.length * 12 + 4)
  directories.write(bytes, fields.length, 0, 2)
  fields.forEach(({ entry }, i) => entry.copy(bytes, 2 + i * 12))
  directories.write(bytes, next, bytes.length - 4, 4)
  plan.keep(at, at + bytes.length)
  plan.overwrite(at, bytes)
  for (const { tag, entry, length } of fields) {
    const start = directories.u32(entry, 8)
    if (length > 4) plan.keep(start, start + length)
    if (tag === TAG.jpegTables && length > 4) await jpegs.scrub(start, length)
  }
  const isJpeg =
    JPEG_COMPRESSIONS.includes(await directories.number({ fields }, TAG.compression)) ||
    fields.some(({ tag }) => tag === TAG.jpegOffset)
  for (const [starts, lengths] of [
    [TAG.stripOffsets, TAG.stripLengths],
    [TAG.tileOffsets, TAG.tileLengths],
    [TAG.jpegOffset, TAG.jpegLength],
  ] as const) {
    const from = await directories.numbers({ fields }, starts)
    const count = await directories.numbers({ fields }, lengths)
    from.forEach((start, i) => plan.keep(start, start + (count[i] ?? 0)))
    if (isJpeg) for (const [i, start] of from.entries()) await jpegs.scrub(start, count[i] ?? 0)
  }
}
