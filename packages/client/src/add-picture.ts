import { type ImageRecord, problemIn, type StoredImage } from '@wirephoto/board'
import { orAborted } from './aborts.ts'
import type { Board } from './board.ts'
import { throwIfEnded } from './board-end.ts'
import { until } from './events.ts'
import { inBackground } from './in-background.ts'
import { newPicture } from './new-picture.ts'
import { openSource, type PictureSource } from './picture-source.ts'
import type { AddOptions, BoardEvents } from './types.ts'
import { imagesUrl } from './urls.ts'
import { toWireError } from './wire-error.ts'

/** Does `Board.add`. */
export async function addPicture(
  board: Board,
  source: PictureSource,
  { onProgress, signal, ...own }: AddOptions,
  by: string | undefined,
): Promise<ImageRecord> {
  const fields = { by, ...own }
  signal?.throwIfAborted()
  throwIfEnded(board)
  const opened = await openSource(source, signal)
  if (opened.kind === 'url')
    return await orAborted(addFrom(opened.url, board, given(fields), signal), signal)
  const { file, name } = opened
  const picture = await newPicture(file, { name, ...given(fields) })
  signal?.throwIfAborted()
  throwIfEnded(board)
  const [id] = board.addPictures([picture]) as [string]
  const total = file.size
  const report = (sent: number) => onProgress?.({ id, sent, total })
  const off = board.on('uploads', (ids) => {
    const upload = ids.has(id) && board.uploads.get(id)
    if (upload && upload.sent < total) report(upload.sent)
  })
  try {
    report(0)
    const record = await orAborted(board.stored(id), signal)
    report(total)
    return record
  } catch (error) {
    // One that failed would keep its file. One whose board is closed or refused waits for the next page.
    if (signal?.aborted || board.uploads.get(id)?.error) inBackground(board.cancel(id))
    throw error
  } finally {
    off()
  }
}

/** Has the server fetch a picture. Resolves when it is stored, and on the board unless it waits for a moderator. */
async function addFrom(
  url: string,
  board: Board,
  fields: Omit<AddOptions, 'onProgress' | 'signal'>,
  signal: AbortSignal | undefined,
): Promise<ImageRecord> {
  if ('id' in fields || 'name' in fields)
    throw new TypeError('The server gives a picture that it fetches its id and name.')
  const response = await fetch(`${imagesUrl(board)}/from-url`, {
    method: 'POST',
    headers: { ...board.headers, 'content-type': 'application/json' },
    body: JSON.stringify({ url, ...fields }),
    redirect: 'error',
    signal: signal ?? null,
  })
  const text = await response.text()
  const problem = problemIn(response.status, text)
  if (problem) throw toWireError(problem)
  if (!response.ok) throw new Error(response.statusText)
  const { notices: _, held, ...record } = JSON.parse(text) as StoredImage & { held?: boolean }
  if (held) return record
  return await until<BoardEvents, ImageRecord>(board, ['pictures', 'status'], () => {
    const picture = board.pictures.get(record.id)
    if (!picture) throwIfEnded(board)
    return picture ?? null
  })
}

/** Returns the fields that have a value. */
const given = <T extends object>(fields: T): T =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T
