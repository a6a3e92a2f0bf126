import type { Batch } from '@wirephoto/board'

/** A batch as it crosses the wire, encoded once for all viewers. */
export interface EncodedBatch {
  readonly batch: Batch
  /** JSON of `Changes`. */
  readonly text: string
  /** Bytes of the text as UTF-8. */
  readonly bytes: number
}

export function encodeBatch(batch: Batch): EncodedBatch {
  const text = JSON.stringify(batch)
  return { batch, text, bytes: Buffer.byteLength(text) }
}
