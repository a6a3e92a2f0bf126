import { type FileHandle, open } from 'node:fs/promises'
import type { MediaType } from '@wirephoto/board'
import { scrubBmp } from './bmp.ts'
import { type EditPlan, MalformedFileError } from './edit-plan.ts'
import { scrubGif } from './gif.ts'
import { planHeif } from './heif.ts'
import { scrubJpeg } from './jpeg.ts'
import { scrubPng } from './png.ts'
import { type Scrubbing, StreamEditor } from './stream-editor.ts'
import { planTiff } from './tiff.ts'
import { scrubWebp } from './webp.ts'

/** A kind of files, told by their first bytes; a dot stands for any byte. */
type Format = { readonly types: readonly MediaType[]; readonly begins: readonly string[] } & (
  | { readonly scrub: (editor: StreamEditor) => Scrubbing }
  | { readonly plan: (file: FileHandle) => Promise<EditPlan> }
)

const FORMATS: readonly Format[] = [
  { types: ['image/jpeg'], begins: ['\xff\xd8\xff'], scrub: scrubJpeg },
  { types: ['image/png'], begins: ['\x89PNG\r\n\x1a\n'], scrub: scrubPng },
  { types: ['image/webp'], begins: ['RIFF....WEBP'], scrub: scrubWebp },
  { types: ['image/gif'], begins: ['GIF87a', 'GIF89a'], scrub: scrubGif },
  { types: ['image/bmp'], begins: ['BM'], scrub: scrubBmp },
  { types: ['image/tiff'], begins: ['II*\0', 'MM\0*'], plan: planTiff },
  { types: ['image/avif', 'image/heic'], begins: ['....ftyp'], plan: planHeif },
]

/**
 * Overwrites in a file what isn't needed to show the picture (F10): in its bytes as they come, without a
 * change of length, by lists of what may stay. Of formats that say only somewhere what their bytes are
 * (AVIF, HEIC, TIFF) nothing is changed here, and `scrubFile` does it when all is there: until then
 * nobody may read them.
 *
 * Nothing that is written depends on how the bytes come in pieces. What has been scrubbed stays as it is,
 * and leads to the same state: so whoever goes on with a file runs through what there is of it.
 */
export class Scrubber {
  readonly #editor = new StreamEditor()
  #first = ''
  #running: Scrubbing | null = null
  #isKnown = false

  /** The file's next bytes; they are overwritten in place. */
  scrub(bytes: Buffer): void {
    let at = 0
    for (; !this.#isKnown && at < bytes.length; at++) this.#look(bytes[at]!)
    if (!this.#running) return
    this.#editor.load(bytes.subarray(at))
    this.#running.next()
  }

  /** What a file begins with tells nothing of anybody. */
  #look(byte: number): void {
    this.#first += String.fromCharCode(byte)
    const format = formatOf(this.#first)
    this.#isKnown = format !== undefined || this.#first.length === MOST
    if (!format || !('scrub' in format)) return
    this.#running = wholly(format.scrub, this.#editor)
    this.#editor.load(Buffer.from(this.#first, 'latin1'))
    this.#running.next()
  }
}

/** Whether what begins so, and is sniffed as this type, is scrubbed; nothing else may be stored (F10). */
export function isScrubbable(head: Buffer, type: MediaType): boolean {
  // Of an SVG nothing is stored but the picture that is drawn of it (V6).
  if (type === 'image/svg+xml') return true
  return formatOf(head.toString('latin1', 0, MOST))?.types.includes(type) ?? false
}

/** Whether it is scrubbed as it comes, so that others may read what there is of it. */
export function isScrubbedInStream(head: Buffer): boolean {
  const format = formatOf(head.toString('latin1', 0, MOST))
  return format !== undefined && 'scrub' in format
}

/** Scrubs a file that wasn't as it came. Idempotent; false when it is too broken for that. */
export async function scrubFile(path: string, type: MediaType): Promise<boolean> {
  const format = FORMATS.find(({ types }) => types.includes(type))
  if (!format || !('plan' in format)) return true
  await using file = await open(path, 'r+')
  try {
    const plan = await format.plan(file)
    await plan.apply(file)
    return true
  } catch (error) {
    if (error instanceof MalformedFileError) return false
    throw error
  }
}

/** Bytes that tell a format at the most. */
const MOST = 12

const formatOf = (first: string): Format | undefined =>
  FORMATS.find(({ begins }) => begins.some((signs) => isAt(first, signs)))

function isAt(first: string, signs: string): boolean {
  if (first.length < signs.length) return false
  for (let i = 0; i < signs.length; i++) if (signs[i] !== '.' && signs[i] !== first[i]) return false
  return true
}

/** What follows a picture's end is nothing of it. */
function* wholly(scrub: (editor: StreamEditor) => Scrubbing, editor: StreamEditor): Scrubbing {
  yield* scrub(editor)
  yield* editor.wipeTo(Number.POSITIVE_INFINITY)
}
