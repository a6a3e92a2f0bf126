import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { removeFile } from '@wirephoto/engine'
import type { Decoder, ValidationResult } from '../decoding/decoder.ts'
import type { IncomingFile } from './incoming-file.ts'

/** A file that may be stored, and what it is. */
export interface ValidatedFile extends AsyncDisposable {
  readonly path: string
  /** sha256 in hex. */
  readonly blob: string
  readonly bytes: number
  readonly verdict: ValidationResult
}

/**
 * The verdict on a whole arrival: its own file, or of an SVG the PNG that is drawn of it, which goes when
 * it is disposed of (V6). Rejects as `Workers.judge` does.
 */
export async function validate(
  incomingFile: IncomingFile,
  decoder: Decoder,
): Promise<ValidatedFile> {
  const { path, name, offset: bytes } = incomingFile
  const type = await incomingFile.type()
  if (type === 'image/svg+xml') return drawn(incomingFile, decoder)
  const verdict = await decoder.validate({ path, type, name })
  const blob = await incomingFile.digest()
  return { path, blob, bytes, verdict, [Symbol.asyncDispose]: async () => {} }
}

async function drawn({ path: svg, name }: IncomingFile, decoder: Decoder): Promise<ValidatedFile> {
  const path = `${svg}.png`
  const remove = () => removeFile(path)
  try {
    await decoder.rasterizeSvg({ path: svg, to: path, name })
    const verdict = await decoder.validate({ path, type: 'image/png', name })
    const file = await readFile(path)
    const blob = createHash('sha256').update(file).digest('hex')
    return { path, blob, bytes: file.length, verdict, [Symbol.asyncDispose]: remove }
  } catch (error) {
    await remove()
    throw error
  }
}
