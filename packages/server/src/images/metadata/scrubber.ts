import { type FileHandle, open } from 'node:fs/promises'
import type { MediaType, NoticeCode } from '@wirephoto/board'
import { scrubBmp } from './bmp.ts'
import { type EditPlan, MalformedFileError } from './edit-plan.ts'
import { scrubGif } from './gif.ts'
import { planHeif } from './heif.ts'
import { scrubJpeg } from './jpeg.ts'
import { planJxl } from './jxl.ts'
import { scrubPng } from './png.ts'
import { erased, type Scrubbing, StreamEditor } from './stream-editor.ts'
import { planTiff } from './tiff.ts'
import { scrubWebp } from './webp.ts'

/** A file format, recognised by its first bytes; a dot in `signatures` stands for any byte. */
type Format = { readonly types: readonly MediaType[]; readonly signatures: readonly string[] } & (
  | { readonly scrub: (editor: StreamEditor) => Scrubbing }
  | { readonly plan: (file: FileHandle) => Promise<EditPlan> }
)

const FORMATS: readonly Format[] = [
  { types: ['image/jpeg'], signatures: ['\xff\xd8\xff'], scrub: scrubJpeg },
  { types: ['image/png'], signatures: ['\x89PNG\r\n\x1a\n'], scrub: scrubPng },
  { types: ['image/webp'], signatures: ['RIFF....WEBP'], scrub: scrubWebp },
  { types: ['image/gif'], signatures: ['GIF87a', 'GIF89a'], scrub: scrubGif },
  { types: ['image/bmp'], signatures: ['BM'], scrub: scrubBmp },
  { types: ['image/tiff'], signatures: ['II*\0', 'MM\0*'], plan: planTiff },
  { types: ['image/jxl'], signatures: ['\xff\x0a', '\0\0\0\x0cJXL '], plan: planJxl },
  { types: ['image/avif', 'image/heic'], signatures: ['....ftyp'], plan: planHeif },
]
const MAX_SIGNATURE_BYTES = 12

/**
 * Overwrites everything in a file that isn't needed to show the picture (F10). It edits the bytes as they
 * arrive, without a change of length. Each format lists what stays. At most one segment is held back until all
 * of it is there.
 *
 * AVIF, HEIC, TIFF and JPEG XL describe their bytes anywhere in the file. This class leaves them unchanged;
 * `scrubFile` edits the complete file, and nobody may read it before.
 *
 * The result doesn't depend on how the bytes are cut into pieces. Scrubbed bytes stay the same and lead to
 * the same state. So a resumed upload runs through the bytes that are already there, and then those held back.
 */
export class Scrubber {
  readonly #editor = new StreamEditor()
  #head = ''
  #running: Scrubbing | null = null
  #isFormatKnown = false

  /** Parts that were overwritten though people may miss them, among the bytes that this scrubber was given. */
  get losses(): ReadonlySet<NoticeCode> {
    return this.#editor.losses
  }

  /** Bytes that are held back, as they came. */
  get held(): Buffer {
    return this.#editor.held
  }

  /** Scrubs the file's next bytes in place. Returns those that may be written now. */
  scrub(bytes: Buffer): Buffer {
    let at = 0
    for (; !this.#isFormatKnown && at < bytes.length; at++) this.#detectFormat(bytes[at]!)
    if (!this.#running) return bytes
    this.#editor.load(bytes.subarray(at))
    this.#running.next()
    const output = this.#editor.takeOutput()
    // Mostly it is the rest of the piece, which needn't be copied.
    const isRest = output.byteOffset === bytes.byteOffset + at && output.buffer === bytes.buffer
    return isRest
      ? bytes.subarray(0, at + output.length)
      : Buffer.concat([bytes.subarray(0, at), output])
  }

  /** Returns what stands for the bytes that are still held back when the file ends. */
  end(): Buffer {
    return erased(this.held.length)
  }

  /** Takes a byte of the signature. The signature itself identifies nobody and stays. */
  #detectFormat(byte: number): void {
    this.#head += String.fromCharCode(byte)
    const format = formatOf(this.#head)
    this.#isFormatKnown = format !== undefined || this.#head.length === MAX_SIGNATURE_BYTES
    if (!format || !('scrub' in format)) return
    this.#running = scrubToEnd(format.scrub, this.#editor)
    this.#editor.load(Buffer.from(this.#head, 'latin1'))
    this.#running.next()
    this.#editor.takeOutput()
  }
}

/** Returns whether a file of this type that starts so can be scrubbed. Nothing else may be stored (F10). */
export function isScrubbable(head: Buffer, type: MediaType): boolean {
  // Neither is stored itself, only the PNG that is made of it (V6, V32).
  if (type === 'image/svg+xml' || type === 'image/vnd.adobe.photoshop') return true
  return formatOf(signatureOf(head))?.types.includes(type) ?? false
}

/** Returns whether a file that starts so is scrubbed as it arrives, so that others may read it early. */
export function isScrubbedInStream(head: Buffer): boolean {
  const format = formatOf(signatureOf(head))
  return format !== undefined && 'scrub' in format
}

/** Scrubs a complete file that wasn't scrubbed as it arrived. Idempotent; false if the file is malformed. */
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

const signatureOf = (head: Buffer): string => head.toString('latin1', 0, MAX_SIGNATURE_BYTES)

const formatOf = (head: string): Format | undefined =>
  FORMATS.find(({ signatures }) => signatures.some((signature) => startsWith(head, signature)))

function startsWith(head: string, signature: string): boolean {
  if (head.length < signature.length) return false
  for (let i = 0; i < signature.length; i++)
    if (signature[i] !== '.' && signature[i] !== head[i]) return false
  return true
}

/** Scrubs the picture, then wipes everything behind its end. */
function* scrubToEnd(scrub: (editor: StreamEditor) => Scrubbing, editor: StreamEditor): Scrubbing {
  yield* scrub(editor)
  yield* editor.wipeTo(Number.POSITIVE_INFINITY)
}
