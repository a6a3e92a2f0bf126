import type { Batch } from '@wirephoto/board'

/** A batch as it goes over the wire, encoded once for all who may see the same (public, until links exist). */
export interface EncodedBatch {
  readonly batch: Batch
  /** JSON of `Changes`. */
  readonly text: string
  /** UTF-8. */
  readonly bytes: number
}

export function encodeBatch(batch: Batch): EncodedBatch {
  const text = JSON.stringify(batch)
  return { batch, text, bytes: Buffer.byteLength(text) }
}
