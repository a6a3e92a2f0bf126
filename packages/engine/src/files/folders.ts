import { mkdir, open, stat, unlink } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { systemErrorCode } from './system-errors.ts'

/** Creates a folder and its missing parents, each name durable in the folder above it (F1). */
export async function makeFolder(folder: string): Promise<void> {
  const path = resolve(folder)
  try {
    // Node's recursive mkdir never ends where the system allows no new folders (/proc).
    await mkdir(path)
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') {
      await makeFolder(dirname(path))
      await mkdir(path)
    } else if (!(await isFolder(path))) throw error
  }
  await syncFolder(dirname(path)).catch((error: unknown) => {
    // A folder that this user can't read is one in which nothing was created.
    if (!['EACCES', 'EPERM'].includes(systemErrorCode(error) ?? '')) throw error
  })
}

/** Makes the names in a folder durable after a create, rename or remove; a file's fsync doesn't (fsync(2)). */
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

/** Removes a file if it exists. Makes two system calls fewer than `rm`. */
export async function removeFile(path: string): Promise<void> {
  await unlink(path).catch((error: unknown) => {
    if (systemErrorCode(error) !== 'ENOENT') throw error
  })
}

const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  )
