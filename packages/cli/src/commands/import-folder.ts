import { BOARD_FILE, parseOrUndefined, SavedBoard, type SavedPicture } from '@wirephoto/board'
import { OperatorError } from '../operator-error.ts'
import type { Found } from './import-target.ts'
import { openSavedFiles, type SavedFiles } from './saved-folder.ts'

/** Files of a saved board, and of an archive, that are no pictures. */
const OWN_FILES: ReadonlySet<string> = new Set([
  BOARD_FILE,
  'index.html',
  'Not in this archive.txt',
])

/**
 * Reads the pictures of a folder, or of a zip of one. Those of a saved board come with their places and texts, others
 * under the names of their files. Rejects with `OperatorError`.
 */
export async function* picturesOfFolder(path: string): AsyncGenerator<Found> {
  await using files = await openSavedFiles(path)
  const root = files.paths.find((each) => each.split('/').at(-1) === BOARD_FILE)
  if (root === undefined) {
    for (const file of files.paths) if (!OWN_FILES.has(file)) yield await plainFile(files, file)
    return
  }
  const board = await boardOf(files, root, path)
  const folder = root.slice(0, -BOARD_FILE.length)
  for (const picture of board.pictures) yield await savedPicture(files, folder, picture)
}

async function boardOf(files: SavedFiles, root: string, path: string): Promise<SavedBoard> {
  const text = await files.read(root)
  const board = typeof text === 'string' ? undefined : parseOrUndefined(SavedBoard, jsonIn(text))
  if (!board)
    throw new OperatorError(
      `${BOARD_FILE} in ${path} says nothing that this version reads; save the board again, or remove that file.`,
    )
  return board
}

async function plainFile(files: SavedFiles, path: string): Promise<Found> {
  const bytes = await files.read(path)
  if (typeof bytes === 'string') return { source: path, why: bytes }
  return { source: path, picture: { name: path.split('/').at(-1)!, bytes, place: {} } }
}

/** Reads the file that a picture was drawn from, if there is one: the server draws it again. */
async function savedPicture(
  files: SavedFiles,
  folder: string,
  { file, original, name, x, y, w, caption, by }: SavedPicture,
): Promise<Found> {
  const source = original ?? file
  const bytes = await files.read(folder + source)
  if (typeof bytes === 'string') return { source, why: bytes }
  return { source, picture: { name, bytes, place: { x, y, w, caption, by } } }
}

function jsonIn(text: Buffer): unknown {
  try {
    return JSON.parse(text.toString())
  } catch {
    return undefined
  }
}
