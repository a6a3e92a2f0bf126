import { basename, resolve } from 'node:path'
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

/** A folder of pictures, or a zip of one, whose facts have been read. */
export interface PictureFolder extends AsyncDisposable {
  /** The title of the board that was saved there, or the folder's own name. */
  readonly title: string
  /** Reads the pictures. Those of a saved board come with their places and texts, others under their files' names. */
  pictures(): AsyncGenerator<Found>
}

/** Opens a folder, or a zip of one. Rejects with `OperatorError`. */
export async function openPictureFolder(path: string): Promise<PictureFolder> {
  await using stack = new AsyncDisposableStack()
  const files = stack.use(await openSavedFiles(path))
  const root = files.paths.find((each) => each.split('/').at(-1) === BOARD_FILE)
  const board = root === undefined ? null : await boardOf(files, root, path)
  const folder = root?.slice(0, -BOARD_FILE.length) ?? ''
  const owned = stack.move()
  return {
    title: board ? board.title : basename(resolve(path)).replace(/\.zip$/i, ''),
    async *pictures() {
      if (board)
        for (const picture of board.pictures) yield await savedPicture(files, folder, picture)
      else
        for (const file of files.paths) if (!OWN_FILES.has(file)) yield await plainFile(files, file)
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
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
