import {
  BOARD_FILE,
  BOARD_FILE_VERSION,
  type ImageRecord,
  isShown,
  type MediaType,
  picturesOnBoard,
  type Records,
  STAND_IN_SIDE_PX,
  settings,
} from '@wirephoto/board'
import { variantKey } from '../images/variant-key.ts'
import { EntryNames } from './entry-names.ts'
import { offlinePage } from './offline-page.ts'
import type { ZipEntry } from './zip-layout.ts'

/** The pictures alone, or a folder that shows the board without a server. */
export type ArchiveForm = 'pictures' | 'folder'

/** A stored file of a picture in an archive. */
export interface PictureEntry extends ZipEntry {
  readonly picture: string
  readonly blob: string
  /** Set for a variant: it is no part of the record, and may be made again. */
  readonly crc?: number
}

/** A text that is made for the archive. */
interface TextEntry extends ZipEntry {
  readonly text: string
}

export type ArchiveEntry = PictureEntry | TextEntry

/** Why a picture isn't in an archive. */
type Absence = 'gone' | 'arriving' | 'damaged'

export interface AbsentPicture {
  readonly id: string
  readonly name: string
  readonly why: Absence
}

/** A variant that stands for a picture that browsers don't show. */
export interface Stand {
  readonly blob: string
  readonly bytes: number
  readonly crc: number
}

/** A picture that is stored. */
export type StoredPicture = ImageRecord & {
  readonly blob: string
  readonly bytes: number
  readonly type: MediaType
}

interface Contents {
  readonly form: ArchiveForm
  /** The pictures in the order of their names, all of whose files are sound. */
  readonly pictures: readonly StoredPicture[]
  readonly absent: readonly AbsentPicture[]
  /** By picture, the variant that an offline page shows. */
  readonly stands: ReadonlyMap<string, Stand>
  readonly title: string
}

/** The longest side, in pixels, of what an offline page shows of a type that browsers don't show. */
const OFFLINE_SIDE_PX = 1280
const PAGE_FILE = 'index.html'
const ABSENT_FILE = 'Not in this archive.txt'

const REASONS: Record<Absence, string> = {
  gone: 'is no longer on the board',
  arriving: 'is still on its way',
  damaged: "can't be read on the server",
}

/** Returns whether somebody who sees the board may save a picture: it stands there. */
const maySave = (record: ImageRecord): boolean => record.deletedAt === null

/** Returns whether a picture still has this file. It may lie in the trash meanwhile, but not be gone. */
export function hasFile(record: ImageRecord | undefined, { blob, crc }: PictureEntry): boolean {
  if (!record?.blob) return false
  if (crc !== undefined) return standKeyOf(record) === blob
  return record.blob === blob || record.original?.blob === blob
}

/** Finds the pictures to save, the oldest first, and those of a selection that can't be. */
export function choosePictures(
  records: Records,
  selection: readonly string[] | null,
): { pictures: StoredPicture[]; absent: AbsentPicture[] } {
  const absent: AbsentPicture[] = []
  const pictures: StoredPicture[] = []
  for (const record of selection ? chosen(records, selection, absent) : picturesOnBoard(records))
    if (!maySave(record)) absent.push({ ...nameOf(record), why: 'gone' })
    else if (isStored(record)) pictures.push(record)
    else absent.push({ ...nameOf(record), why: 'arriving' })
  pictures.sort((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1))
  return { pictures, absent: absent.sort((a, b) => (a.id < b.id ? -1 : 1)) }
}

/** Lists the files of a picture that an archive of this form has, without its variants. */
export function filesOf(
  { blob, bytes, type, original }: StoredPicture,
  form: ArchiveForm,
): { blob: string; bytes: number; type: MediaType }[] {
  const picture = { blob, bytes, type }
  if (!original) return [picture]
  return form === 'folder' ? [picture, original] : [original]
}

/** Returns the key of the variant that an offline page shows; null where it shows the picture itself. */
export function standKeyOf({ blob, type, variants }: ImageRecord): string | null {
  if (!blob || !type || isShown(type)) return null
  const side = variants?.findLast((each) => each <= OFFLINE_SIDE_PX) ?? STAND_IN_SIDE_PX
  return variants?.includes(side) ? variantKey(blob, side) : null
}

/** Lists the entries of an archive. The same contents yield the same entries. */
export function entriesOf({ form, pictures, absent, stands, title }: Contents): ArchiveEntry[] {
  const newestAt = pictures.reduce((at, picture) => Math.max(at, savedAt(picture)), 0)
  const text = (path: string, content: string): TextEntry => ({
    path,
    text: content,
    bytes: Buffer.byteLength(content),
    modifiedAt: newestAt,
  })
  const missing = absent.length > 0 ? [text(ABSENT_FILE, absentText(absent))] : []
  if (form === 'pictures') {
    const names = new EntryNames()
    names.reserve(ABSENT_FILE)
    const entries = pictures.map((picture) => {
      const [file] = filesOf(picture, form)
      return pictureEntry(picture, file!, names.of({ ...picture, type: file!.type }))
    })
    return [...entries, ...missing]
  }
  const [shown, sources, previews] = [new EntryNames(), new EntryNames(), new EntryNames()]
  const entries: ArchiveEntry[] = []
  const listed = pictures.map((picture) => {
    const [file, source] = filesOf(picture, form)
    const own = `pictures/${shown.of(picture)}`
    entries.push(pictureEntry(picture, file!, own))
    const stand = stands.get(picture.id)
    const preview = stand && `previews/${previews.of({ ...picture, type: 'image/webp' })}`
    if (stand) entries.push({ ...pictureEntry(picture, stand, preview!), crc: stand.crc })
    const original = source && `originals/${sources.of({ ...picture, type: source.type })}`
    if (source) entries.push(pictureEntry(picture, source, original!))
    return { picture, file: own, preview, original }
  })
  const json = JSON.stringify({
    format: 'wirephoto-board',
    version: BOARD_FILE_VERSION,
    title,
    pictures: listed
      .toSorted((a, b) => (a.picture.z < b.picture.z ? -1 : 1))
      .map(({ picture, file, preview, original }) => ({
        file,
        ...(preview && { preview }),
        ...(original && { original }),
        name: picture.name,
        caption: picture.caption,
        by: picture.by,
        x: picture.x,
        y: picture.y,
        w: picture.w,
        width: picture.width,
        height: picture.height,
        type: picture.type,
        bytes: picture.bytes,
        sha256: picture.blob,
        createdAt: picture.createdAt,
      })),
  })
  const page = offlinePage({
    title,
    pictures: listed.map(({ picture, file, preview }) => ({
      ...picture,
      file,
      shown: preview ?? file,
    })),
  })
  return [text(PAGE_FILE, page), text(BOARD_FILE, json), ...entries, ...missing]
}

export const titleOf = (records: Records): string => settings(records).title

function chosen(
  records: Records,
  selection: readonly string[],
  absent: AbsentPicture[],
): ImageRecord[] {
  return [...new Set(selection)].flatMap((id) => {
    const record = records.get(id)
    if (record?.kind === 'image') return [record]
    absent.push({ id, name: '', why: 'gone' })
    return []
  })
}

const isStored = (record: ImageRecord): record is StoredPicture =>
  record.blob !== null && record.bytes !== null && record.type !== null

const nameOf = ({ id, name }: ImageRecord) => ({ id, name })

const savedAt = ({ storedAt, createdAt }: ImageRecord): number => storedAt ?? createdAt

const pictureEntry = (
  picture: StoredPicture,
  { blob, bytes }: { blob: string; bytes: number },
  path: string,
): PictureEntry => ({ path, picture: picture.id, blob, bytes, modifiedAt: savedAt(picture) })

const absentText = (absent: readonly AbsentPicture[]): string =>
  absent.map(({ id, name, why }) => `${name || id} ${REASONS[why]}.\r\n`).join('')
