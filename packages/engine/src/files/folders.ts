import { mkdir, open, stat, unlink } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'

/** Makes a folder and those above it, each name durable in the folder that holds it (F1). */
export async function makeFolder(folder: string): Promise<void> {
  const path = resolve(folder)
  try {
    // Step by step: Node's recursive mkdir never ends where the system won't have new folders (/proc).
    await mkdir(path)
  } catch (error) {
    if (errorCode(error) === 'ENOENT') {
      await makeFolder(dirname(path))
      await mkdir(path)
    } else if (!(await isFolder(path))) throw error
  }
  await syncFolder(dirname(path)).catch((error: unknown) => {
    // A folder that we may not read is one that we have made nothing in.
    if (!['EACCES', 'EPERM'].includes(errorCode(error) ?? '')) throw error
  })
}

/** Makes durable what was created, renamed or removed in a folder: fsync of a file doesn't (fsync(2)). */
export async function syncFolder(folder: string): Promise<void> {
  // Windows can't open folders, and keeps their entries in its journal.
  if (process.platform === 'win32') return
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Removes a file, if it is there; with two calls fewer than `rm` makes. */
export async function removeFile(path: string): Promise<void> {
  await unlink(path).catch((error: unknown) => {
    if (errorCode(error) !== 'ENOENT') throw error
  })
}

export const errorCode = (error: unknown): string | undefined =>
  error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined

const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  )
