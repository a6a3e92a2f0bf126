import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import type { BlobStore } from '../engine.ts'

/** The length of every pointer, so that one takes another's place in one write. */
const POINTER_BYTES = 256
const FORMAT = 'wirephoto-s3 1 '
/** The key of a blob that has bytes of its own. */
const OWN = ''

/** The blob of an engine that tells that its pictures are in S3, and in which folder of the bucket. */
export const MARK = createHash('sha256').update('wirephoto: pictures in S3').digest('hex')

/**
 * Reads where the bytes of a blob are in S3: the key of an object. Its lease stays. It is empty for a blob with
 * bytes of its own, from before they went to S3. Null if there is no such blob.
 */
export async function readPointer(inner: BlobStore, sha256: string): Promise<string | null> {
  return parsePointer(await inner.peek(sha256, POINTER_BYTES))
}

/** Reads a pointer as `readPointer` does. Puts a blob back that is set aside. Rejects with `not-found`. */
export async function openPointer(inner: BlobStore, sha256: string): Promise<string> {
  return parsePointer(await buffer(await inner.get(sha256, { start: 0, end: POINTER_BYTES })))!
}

function parsePointer(bytes: Buffer | null): string | null {
  if (!bytes) return null
  const text = bytes.toString('latin1')
  const isPointer = bytes.length === POINTER_BYTES && text.startsWith(FORMAT)
  return isPointer ? text.slice(FORMAT.length).trim() : OWN
}

/** Stores a pointer in place of a blob's bytes. */
export async function putPointer(inner: BlobStore, sha256: string, key: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'wirephoto-pointer-'))
  try {
    const path = join(folder, sha256)
    await writeFile(path, `${FORMAT}${key}`.padEnd(POINTER_BYTES - 1).concat('\n'))
    await inner.put(path, sha256)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
