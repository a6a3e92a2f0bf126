import { type MediaType, recognise, refusalOf, WireError } from '@wirephoto/board'

/**
 * Detects a file's type from its first bytes; a sender's word for it counts for nothing (F9). Throws
 * `empty-file`, or the code of a kind that isn't taken. `name` is for the error's sentence.
 */
export function sniff(head: Uint8Array, name: string): MediaType {
  if (head.length === 0) throw new WireError('empty-file', { name })
  const kind = recognise(head, name)
  if (kind && 'type' in kind) return kind.type
  if (BASE64_PICTURE.test(Buffer.from(head).toString('latin1')))
    throw new WireError('text-picture', { name })
  throw refusalOf(kind, name)
}

/** A data URL, or the first bytes of JPEG, PNG, GIF or WebP in base64; alone or in JSON. */
const BASE64_PICTURE =
  /^[\s"]*(?:\{[^{}]{0,1000}")?(?:data:image\/|\/9j\/|iVBORw0KGgo|R0lGOD|UklGR)/
