import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import { type Notice, noticeOf, type OriginalFile, WireError } from '@wirephoto/board'
import { removeFile } from '@wirephoto/engine'
import type { Decoder, ValidationResult } from '../decoding/decoder.ts'
import { isUnreadableTiff } from '../decoding/unreadable-tiff.ts'
import type { IncomingFile } from './incoming-file.ts'

/** A file that may be stored. Disposing it removes what was made for it. */
export interface ValidatedFile extends AsyncDisposable {
  readonly path: string
  /** sha256 in hex. */
  readonly blob: string
  readonly bytes: number
  /** CRC-32; null where nobody knows. */
  readonly crc: number | null
  readonly validation: Omit<ValidationResult, 'isMoving'>
  /** The file as it was sent, scrubbed, if the picture was drawn from it. */
  readonly original: (OriginalFile & { readonly path: string; readonly crc: number }) | null
  /** Told to its sender. */
  readonly notices: readonly Notice[]
}

/**
 * Validates a complete file. An SVG is replaced by a PNG, drawn by its sender's browser or here (V6). A camera's
 * raw file is replaced by the JPEG inside it (M16), and a Photoshop file by its merged picture (V32).
 *
 * Rejects as `Decoder.validate` does, and with `camera-file`.
 */
export async function validate(
  incomingFile: IncomingFile,
  decoder: Decoder,
): Promise<ValidatedFile> {
  if (incomingFile.isCameraFile) return jpegOfRaw(incomingFile, decoder)
  const { path, name, party, offset: bytes } = incomingFile
  const type = await incomingFile.type()
  if (type === 'image/svg+xml') return rasterize(incomingFile, decoder)
  if (type === 'image/vnd.adobe.photoshop') return merge(incomingFile, decoder)
  const { isMoving, ...validation } = await decoder
    .validate({ path, type, name, party })
    .catch(async (error: unknown) => {
      const isUnreadable =
        type === 'image/tiff' &&
        error instanceof WireError &&
        error.code === 'damaged' &&
        (await isUnreadableTiff(path))
      throw isUnreadable ? new WireError('unreadable-tiff', { name }) : error
    })
  const blob = await incomingFile.digest()
  const codes = [...incomingFile.notices, ...(isMoving ? (['first-frame'] as const) : [])]
  const notices = codes.map((code) => noticeOf(code, { name: name || 'the picture' }))
  return {
    path,
    blob,
    bytes,
    crc: incomingFile.sum,
    validation,
    original: null,
    notices,
    [Symbol.asyncDispose]: async () => {},
  }
}

/** Takes the JPEG inside a camera's raw file; the raw file isn't stored. */
async function jpegOfRaw(incomingFile: IncomingFile, decoder: Decoder): Promise<ValidatedFile> {
  const { name, party } = incomingFile
  const path = `${incomingFile.path}.jpg`
  const remove = () => removeFile(path)
  try {
    await incomingFile.copyRawJpeg(path)
    const { isMoving: _, ...validation } = await decoder.validate({
      path,
      type: 'image/jpeg',
      name,
      party,
    })
    const stored = await describe(path)
    const notices = [noticeOf('jpeg-of-raw', { name: name || 'the file' })]
    return { path, ...stored, validation, original: null, notices, [Symbol.asyncDispose]: remove }
  } catch (error) {
    await remove()
    throw error
  }
}

async function rasterize(
  { path: svg, name, party, keepsMetadata }: IncomingFile,
  decoder: Decoder,
): Promise<ValidatedFile> {
  const [path, source] = [`${svg}.png`, `${svg}.svg`]
  const remove = async () => {
    await removeFile(path)
    await removeFile(source)
  }
  try {
    const { isDrawn, isKept, missing } = await decoder.readSvg({
      path: svg,
      drawing: path,
      source,
      keepMetadata: keepsMetadata,
      name,
      party,
    })
    if (!isDrawn) await decoder.rasterizeSvg({ path: svg, to: path, name, party })
    const { isMoving: _, ...validation } = await decoder.validate({
      path,
      type: 'image/png',
      name,
      party,
    })
    const drawn = await describe(path)
    const original = isKept
      ? ({ path: source, type: 'image/svg+xml', ...(await describe(source)) } as const)
      : null
    const notices =
      missing.length > 0
        ? [noticeOf('svg-incomplete', { name: name || 'The picture', missing })]
        : []
    return { path, ...drawn, validation, original, notices, [Symbol.asyncDispose]: remove }
  } catch (error) {
    await remove()
    throw error
  }
}

/** Makes the PNG of a Photoshop file's merged picture; its layers aren't kept. */
async function merge(
  { path: psd, name, party }: IncomingFile,
  decoder: Decoder,
): Promise<ValidatedFile> {
  const path = `${psd}.png`
  const remove = () => removeFile(path)
  try {
    const { hasLayers } = await decoder.drawPsd({ path: psd, to: path, name, party })
    const { isMoving: _, ...validation } = await decoder.validate({
      path,
      type: 'image/png',
      name,
      party,
    })
    const merged = await describe(path)
    const notices = hasLayers ? [noticeOf('merged-layers', { name: name || 'the picture' })] : []
    return {
      path,
      ...merged,
      validation,
      original: null,
      notices,
      [Symbol.asyncDispose]: remove,
    }
  } catch (error) {
    await remove()
    throw error
  }
}

/** Returns a file's sha256 in hex, its length in bytes, and its CRC-32. */
async function describe(path: string): Promise<{ blob: string; bytes: number; crc: number }> {
  const file = await readFile(path)
  const blob = createHash('sha256').update(file).digest('hex')
  return { blob, bytes: file.length, crc: crc32(file) }
}
