import { readFile } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import { systemErrorCode } from '@wirephoto/engine'

const OFFSET_DIGITS_COUNT = 16
const SUM_DIGITS_COUNT = 8
/** Stands for the sum of the sidecar while that is made. */
const NO_CHECK = '0'.repeat(SUM_DIGITS_COUNT)

/** The record that a resumable upload fills, and the file that was announced for it. */
export interface UploadTarget {
  readonly board: string
  /** Id of the picture. */
  readonly id: string
  readonly name: string
  /** Bytes. */
  readonly length: number
  /** Whether metadata stays in the file (M4). */
  readonly keepMetadata?: boolean
  /** The address of a sender without a token: whoever comes from there without one may go on (J3). */
  readonly ownerAddress?: string | undefined
}

/** The facts of a resumable upload, as the file beside it has them. */
export interface Sidecar extends UploadTarget {
  /** The bytes that are durable, those that are held back among them. */
  readonly offset: number
  /** The CRC-32 of the durable bytes in the file; null if nobody knows. */
  readonly sum: number | null
  /** That of the bytes that are held back; null in a sidecar of an earlier build. */
  readonly heldSum: number | null
}

/** Encodes a sidecar. Its length depends on the upload alone, and it has a sum of its own. */
export function encodeSidecar(
  sidecar: Omit<Sidecar, 'length'> & { length: number | null },
): Buffer {
  const { offset, sum, heldSum, ...target } = sidecar
  const sums = { sum: hex(sum), held: hex(heldSum), check: NO_CHECK }
  const digits = String(offset).padStart(OFFSET_DIGITS_COUNT)
  const text = JSON.stringify({ offset: 0, ...target, ...sums }).replace('0', digits)
  return Buffer.from(withCheck(text, hex(crc32(text))))
}

/**
 * Reads a sidecar. Null if there is none, and `unreadable` if it isn't as it was written. One that the disk doesn't
 * give is no reason to remove anything, so that rejects.
 */
export async function readSidecar(path: string): Promise<Sidecar | 'unreadable' | null> {
  try {
    const text = await readFile(path, 'utf8')
    const { sum, held, check, ...facts } = JSON.parse(text)
    // Earlier builds wrote no sums.
    if (check === undefined && sum === undefined) return { ...facts, sum: null, heldSum: null }
    if (hex(crc32(withCheck(text, NO_CHECK))) !== check) return 'unreadable'
    return { ...facts, sum: numberOf(sum), heldSum: numberOf(held) }
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return null
    if (error instanceof SyntaxError) return 'unreadable'
    throw error
  }
}

const withCheck = (text: string, check: string): string =>
  text.replace(/"check":"[^"]*"\}$/, `"check":"${check}"}`)

const hex = (sum: number | null): string =>
  sum === null ? '-'.repeat(SUM_DIGITS_COUNT) : sum.toString(16).padStart(SUM_DIGITS_COUNT, '0')

const numberOf = (digits: string): number | null =>
  digits.startsWith('-') ? null : Number.parseInt(digits, 16)
