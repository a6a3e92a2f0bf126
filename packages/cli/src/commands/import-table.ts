import { EngineError, readTable } from '@wirephoto/engine'
import { operatorErrorOf } from '../operator-error.ts'
import type { Found, Picture } from './import-target.ts'

/** Reads the pictures of a tutorial's table. Rejects with `OperatorError`. */
export async function* picturesOfTable(table: string): AsyncGenerator<Found> {
  try {
    for await (const document of readTable(table)) {
      const picture = pictureOf(document)
      const source = String(document['id'])
      yield typeof picture === 'string' ? { source, why: picture } : { source, picture }
    }
  } catch (error) {
    throw error instanceof EngineError ? operatorErrorOf(error) : error
  }
}

/** Returns the picture of a document of the tables `images` or `photos`, or why it has none. */
export function pictureOf({ id, fileName, file, x, y }: Record<string, unknown>): Picture | string {
  const bytes = bytesOf(file)
  if (!bytes || bytes.length === 0) return 'it has no picture'
  const isPlace = (value: unknown) => typeof value === 'number' && Math.abs(value) < 1e7
  return {
    name: typeof fileName === 'string' ? fileName : String(id),
    bytes,
    place: isPlace(x) && isPlace(y) ? { x: x as number, y: y as number } : {},
  }
}

/** Returns the bytes of a binary field, as both tutorials keep it, or of the data URL that a page sends. */
function bytesOf(file: unknown): Uint8Array | null {
  if (file instanceof Uint8Array) return file
  const [, text] =
    /^data:[^,]{0,200};base64,(.*)$/s.exec(typeof file === 'string' ? file : '') ?? []
  return text === undefined ? null : Buffer.from(text, 'base64')
}
