import { chmodSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** Takes all rights from everybody but the owner. */
const PRIVATE_UMASK = 0o077
const FOLDER_MODE = 0o700
const FILE_MODE = 0o600

/** The entries of a data folder that are ours. Its operator may have named a folder with others in it. */
const OWN_ENTRY =
  /^(?:archives|arrivals|blobs|checksums(?:\.new)?|variants|lock|lock-journal|wirephoto\..+|classic-visitors|probe|sweep-stopped\.json)$/

/**
 * Lets this process, its threads and those that it starts make files and folders for its own user alone.
 *
 * @remarks The whole process is changed, since SQLite, image libraries and Node's copies take no mode.
 */
export function makeFilesPrivate(): void {
  process.umask(PRIVATE_UMASK)
}

/**
 * Takes the rights of others from a data folder: earlier builds made files that everybody could read. Only our
 * own entries change, and the folder itself if nothing else lies in it.
 *
 * @remarks A folder is closed after its files, so one that is closed has been done, whenever a crash came. Only
 * names are looked at, since a process that closes a file of SQLite's loses the lock on it.
 * @returns A sentence for the operator about what stays open; null if nothing does.
 */
export function closeToOthers(folder: string): string | null {
  // Windows gives a folder's files the folder's own rights.
  if (process.platform === 'win32') return null
  if (!statSync(folder, { throwIfNoEntry: false })) return null
  try {
    const names = readdirSync(folder)
    const own = names.filter((name) => OWN_ENTRY.test(name))
    for (const name of own) closeEntry(join(folder, name))
    if (!isOpen(folder)) return null
    if (own.length === names.length) {
      chmodSync(folder, FOLDER_MODE)
      return null
    }
    return `Others can see which files are in ${folder}, and it holds more than this server's. Give the server a folder of its own, or take their rights: chmod 700 ${folder}`
  } catch (error) {
    return `Others may be able to read the pictures in ${folder}: this user can't take their rights (${(error as Error).message}). Make it the folder's owner.`
  }
}

/** Closes a file of ours, or a folder with its files and one level of folders. */
function closeEntry(path: string, levels = 1): void {
  const found = statSync(path, { throwIfNoEntry: false })
  if (!found?.isDirectory()) {
    if (found && isOpen(path)) chmodSync(path, FILE_MODE)
    return
  }
  const isOpenFolder = isOpen(path)
  for (const entry of readdirSync(path, { withFileTypes: true }))
    if (entry.isDirectory() && levels > 0) closeEntry(join(path, entry.name), levels - 1)
    else if (entry.isFile() && isOpenFolder) chmodSync(join(path, entry.name), FILE_MODE)
  if (isOpenFolder) chmodSync(path, FOLDER_MODE)
}

const isOpen = (path: string): boolean => (statSync(path).mode & PRIVATE_UMASK) !== 0
