import { createReadStream } from 'node:fs'

/** Failures of a machine that a decoder may meet, whatever the picture, in the words of glibc and musl. */
const SENTENCES: Readonly<Record<string, readonly string[]>> = {
  ENOSPC: ['No space left on device'],
  EDQUOT: ['Disk quota exceeded', 'Quota exceeded'],
  EFBIG: ['File too large'],
  EROFS: ['Read-only file system'],
  EIO: ['Input/output error', 'I/O error'],
  EMFILE: ['Too many open files', 'No file descriptors available'],
  ENFILE: ['Too many open files in system'],
  ENOMEM: ['Cannot allocate memory', 'Out of memory'],
  EAGAIN: ['Resource temporarily unavailable'],
}
/** The file or its folder has been removed: nobody waits for the result. */
const GONE = 'ENOENT'
/** Failures that another try in a moment can't mend. */
const LASTING_CODES: readonly string[] = ['ENOSPC', 'EDQUOT', 'EFBIG', 'EROFS', GONE]

const MEGABYTE_BYTES = 1_048_576

/** Returns whether the same failure would come again in a moment. */
export const isLasting = (code: string): boolean => LASTING_CODES.includes(code)

/**
 * Returns the system's code if the machine failed, and not the picture; null for a picture that can't be decoded.
 * `memoryBytes` is the most that a job may use: a file that wants more is too much for any machine.
 */
export async function systemFailure(
  error: unknown,
  path: string | null,
  memoryBytes: number,
): Promise<string | null> {
  // A decoder may take a failed read for the end of the file, so the file is read once more.
  return codeIn(error, memoryBytes) ?? (path === null ? null : await readFailure(path))
}

function codeIn(error: unknown, memoryBytes: number): string | null {
  const { code, message = '' } = (error ?? {}) as { code?: unknown; message?: string }
  if (typeof code === 'string' && (code === GONE || Object.hasOwn(SENTENCES, code))) return code
  // A thread doesn't start without memory and descriptors.
  if (code === 'ERR_WORKER_INIT_FAILED') return 'EAGAIN'
  if (message.startsWith('Input file is missing')) return GONE
  if (message.includes('Array buffer allocation failed')) return 'ENOMEM'
  const [, megabytes] = /out of memory -- size == (\d+)MB/.exec(message) ?? []
  if (megabytes !== undefined)
    return Number(megabytes) * MEGABYTE_BYTES < memoryBytes ? 'ENOMEM' : null
  // libvips passes on what the system says.
  const said = Array.from(message.matchAll(/system error: (.+)/g), ([, text]) => text!.trim())
  return (
    Object.keys(SENTENCES).find((each) => SENTENCES[each]!.some((s) => said.includes(s))) ?? null
  )
}

/** Reads a file to its end; returns the system's code if it can't be read. */
async function readFailure(path: string): Promise<string | null> {
  try {
    for await (const _ of createReadStream(path));
    return null
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'EIO'
  }
}
