import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { type Notice, noticeOf } from '@wirephoto/board'
import { removeFile } from '@wirephoto/engine'
import type { Decoder, ValidationResult } from '../decoding/decoder.ts'
import { svgGaps } from '../decoding/svg-gaps.ts'
import type { IncomingFile } from './incoming-file.ts'

/** A file that may be stored. Disposing it removes what was made for it. */
export interface ValidatedFile extends AsyncDisposable {
  readonly path: string
  /** sha256 in hex. */
  readonly blob: string
  readonly bytes: number
  readonly validation: Omit<ValidationResult, 'isMoving'>
  /** Told to its sender. */
  readonly notices: readonly Notice[]
}

/**
 * Validates a complete file. An SVG is replaced by the PNG that is drawn from it (V6). Rejects as
 * `Decoder.validate` does.
 */
export async function validate(
  incomingFile: IncomingFile,
  decoder: Decoder,
): Promise<ValidatedFile> {
  const { path, name, offset: bytes } = incomingFile
  const type = await incomingFile.type()
  if (type === 'image/svg+xml') return rasterize(incomingFile, decoder)
  const { isMoving, ...validation } = await decoder.validate({ path, type, name })
  const blob = await incomingFile.digest()
  const codes = [...incomingFile.notices, ...(isMoving ? (['first-frame'] as const) : [])]
  const notices = codes.map((code) => noticeOf(code, { name: name || 'the picture' }))
  return { path, blob, bytes, validation, notices, [Symbol.asyncDispose]: async () => {} }
}

async function rasterize(
  { path: svg, name }: IncomingFile,
  decoder: Decoder,
): Promise<ValidatedFile> {
  const path = `${svg}.png`
  const remove = () => removeFile(path)
  try {
    await decoder.rasterizeSvg({ path: svg, to: path, name })
    const { isMoving: _, ...validation } = await decoder.validate({ path, type: 'image/png', name })
    const file = await readFile(path)
    const blob = createHash('sha256').update(file).digest('hex')
    const missing = svgGaps(await readFile(svg))
    const notices = missing.length > 0 ? [noticeOf('svg-incomplete', { name, missing })] : []
    const bytes = file.length
    return { path, blob, bytes, validation, notices, [Symbol.asyncDispose]: remove }
  } catch (error) {
    await remove()
    throw error
  }
}
