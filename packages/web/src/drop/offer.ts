/** Everything that a drop or a paste brings. Browsers hand it out during the event only. */
export interface Offer {
  readonly files: readonly File[]
  /** Whether it is files and nothing else. A pasted picture may be a copy of one here. */
  readonly isPlain: boolean
  readonly folders: readonly FileSystemDirectoryEntry[]
  /** The data by media type, without what is empty. */
  readonly data: ReadonlyMap<string, string>
}

/** Returns how many pictures a drag seems to hold, null for none. Before the drop only types are known. */
export function picturesIn({ types, items }: DataTransfer): number | null {
  // A picture or a link from another page.
  if (!types.includes('Files')) return types.includes('text/uri-list') ? 1 : null
  return Array.from(items).filter(({ kind }) => kind === 'file').length
}

/** Whether it brings words, which a text field takes itself. */
export const hasWords = ({ types }: DataTransfer): boolean =>
  types.includes('text/plain') || types.includes('text/html')

/** From so many items on, only one without a type is asked whether it is a folder: each question holds the page up. */
const MANY_ITEMS_COUNT = 20

/** Reads what a drop or a paste brings. Folders can be read later, files and texts can't. */
export function readOffer(transfer: DataTransfer, way: 'drop' | 'paste'): Offer {
  const files: File[] = []
  const folders: FileSystemDirectoryEntry[] = []
  for (const item of transfer.items) {
    if (item.kind !== 'file') continue
    const file = item.getAsFile()
    const mayBeFolder = !file?.type || transfer.items.length < MANY_ITEMS_COUNT
    const entry = mayBeFolder ? item.webkitGetAsEntry?.() : null
    if (entry?.isDirectory) folders.push(entry as FileSystemDirectoryEntry)
    else if (file) files.push(file)
  }
  const data = new Map<string, string>()
  for (const type of transfer.types) {
    const text = type === 'Files' ? '' : transfer.getData(type)
    if (text) data.set(type, text)
  }
  const isPlain = way === 'drop' && folders.length + data.size === 0
  return { files, folders, data, isPlain }
}
