import {
  kindRefusal,
  type MediaType,
  type RefusedTypes,
  recognise,
  type TakenKind,
  WireError,
} from '@wirephoto/board'

/**
 * Detects a file's type from its first bytes; a sender's word for it counts for nothing (F9). Throws
 * `empty-file`, or the code of a kind that isn't taken, or that the operator refuses. `name` is for the error's
 * sentence.
 */
export function sniff(head: Uint8Array, name: string, refused?: RefusedTypes): MediaType {
  if (head.length === 0) throw new WireError('empty-file', { name })
  const kind = recognise(head, name)
  const refusal = kindRefusal(kind, name, refused)
  if (refusal === null) return (kind as TakenKind).type
  if (BASE64_PICTURE.test(Buffer.from(head).toString('latin1')))
    throw new WireError('text-picture', { name })
  throw refusal
}

/** A data URL, or the first bytes of JPEG, PNG, GIF or WebP in base64; alone or in JSON. */
const BASE64_PICTURE =
  /^[\s"]*(?:\{[^{}]{0,1000}")?(?:data:image\/|\/9j\/|iVBORw0KGgo|R0lGOD|UklGR)/
