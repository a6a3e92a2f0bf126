/** Files and folders that systems and programs leave beside pictures. Those with a dot first aren't listed. */
const COMPANIONS =
  /^(?:(?:eh)?thumbs(?:_\w+)?\.db|desktop\.ini|picasa\.ini|zbthumbnail\.info|icon\r|__macosx|@eadir|#recycle|\$recycle\.bin|system volume information|lost\+found|lightroom\.lrdata)$|\.(?:xmp|aae|thm|pp3|dop|cos|nks|lrdata|supplemental-metadata\.json)$|^\./i

/** Whether a file or folder of this name goes with pictures, and is none itself. */
export const isCompanion = (name: string): boolean => COMPANIONS.test(name)

export interface FolderFiles {
  readonly files: readonly File[]
  /** The names of those that can't be read. */
  readonly unreadable: readonly string[]
}

/** Returns the files of a folder and of those in it, without the companions of pictures. */
export async function filesInFolder(folder: FileSystemDirectoryEntry): Promise<FolderFiles> {
  const files: File[] = []
  const unreadable: string[] = []
  try {
    for (const entry of await entriesOf(folder)) {
      if (isCompanion(entry.name)) continue
      if (entry.isDirectory) {
        const nested = await filesInFolder(entry as FileSystemDirectoryEntry)
        files.push(...nested.files)
        unreadable.push(...nested.unreadable)
        continue
      }
      const file = await fileOf(entry as FileSystemFileEntry)
      if (file) files.push(file)
      else unreadable.push(entry.name)
    }
  } catch {
    unreadable.push(folder.name)
  }
  return { files, unreadable }
}

async function entriesOf(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader()
  const all: FileSystemEntry[] = []
  // A reader returns some entries at a time, and none at the end.
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    )
    if (some.length === 0) return all
    all.push(...some)
  }
}

const fileOf = (entry: FileSystemFileEntry): Promise<File | null> =>
  new Promise((resolve) => entry.file(resolve, () => resolve(null)))
