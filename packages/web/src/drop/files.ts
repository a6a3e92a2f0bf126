/** Returns how many pictures a drag seems to hold, null for none. Before the drop only types are known. */
export function picturesIn(transfer: DataTransfer): number | null {
  // A picture or a link from another page.
  if (!transfer.types.includes('Files')) return transfer.types.includes('text/uri-list') ? 1 : null
  return Array.from(transfer.items).filter(({ kind }) => kind === 'file').length
}

/** Returns the dropped files, also those in folders. Must be called before the drop event ends. */
export async function droppedFiles(transfer: DataTransfer): Promise<File[]> {
  // Browsers give entries and files during the event only. Folders can be read later.
  const found = Array.from(transfer.items, (item) =>
    item.kind === 'file'
      ? { entry: item.webkitGetAsEntry?.() ?? null, file: item.getAsFile() }
      : null,
  )
  const files = await Promise.all(
    found.map(async (item) => {
      if (item?.entry?.isDirectory) return inFolder(item.entry as FileSystemDirectoryEntry)
      return item?.file ? [item.file] : []
    }),
  )
  return files.flat()
}

async function inFolder(folder: FileSystemDirectoryEntry): Promise<File[]> {
  const reader = folder.createReader()
  const files: File[] = []
  // A reader returns some entries at a time, and none at the end.
  for (;;) {
    const entries = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    )
    if (entries.length === 0) return files
    for (const entry of entries.filter(({ name }) => !name.startsWith('.'))) {
      if (entry.isDirectory) files.push(...(await inFolder(entry as FileSystemDirectoryEntry)))
      else files.push(await fileOf(entry as FileSystemFileEntry))
    }
  }
}

const fileOf = (entry: FileSystemFileEntry): Promise<File> =>
  new Promise((resolve, reject) => entry.file(resolve, reject))
