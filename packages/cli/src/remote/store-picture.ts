import { type ImageRecord, limits, type Notice, WireError } from '@wirephoto/board'
import { answerOf, ask, askFor, type SentFile } from './ask.ts'
import type { RemoteBoard } from './board-option.ts'
import { persist } from './patience.ts'

/** A picture that shall stand on a board. */
interface NewPicture {
  /** Its id, and those that are tried where that was of a picture which is gone for good (R2). */
  readonly ids: Iterable<string>
  readonly name: string
  readonly file: SentFile
  readonly by?: string | undefined
  readonly caption?: string | undefined
  readonly place?: { readonly x?: number; readonly y?: number } | undefined
}

/** A record as the server tells it. */
export interface ToldPicture extends ImageRecord {
  readonly url: string
  readonly fileUrl: string
  readonly notices?: readonly Notice[]
  /** Whether it waits for a moderator. */
  readonly held?: boolean
}

interface StoredPicture {
  /** Whether it came by this call; else it was there. */
  readonly isNew: boolean
  readonly picture: ToldPicture
}

/** How a request goes on over breaks. */
export interface Sending {
  readonly signal: AbortSignal
  readonly patienceMs: number
  readonly onSent?: (bytes: number) => void
  readonly onWait?: (why: unknown) => void
}

/** Bytes that leave on a connection whose other end is gone: they wait in buffers. */
const DEAD_CONNECTION_BYTES = 2 ** 22

const pathOf = (board: RemoteBoard, id: string): string => `/api/boards/${board.id}/images/${id}`

/** Asks for a picture; null if there is none. */
export async function pictureAt(
  board: RemoteBoard,
  id: string,
  signal: AbortSignal,
): Promise<ToldPicture | null> {
  try {
    return await askFor<ToldPicture>(board, { path: pathOf(board, id), signal })
  } catch (error) {
    if (error instanceof WireError && error.code === 'unknown-picture') return null
    throw error
  }
}

/** Adds a picture under its id, unless it is there. However often this is tried, it is added once. */
export async function storePicture(
  board: RemoteBoard,
  picture: NewPicture,
  sending: Sending,
): Promise<StoredPicture> {
  for (const id of picture.ids) {
    const stored = await persist(async (goesOn) => {
      const known = await pictureAt(board, id, sending.signal)
      if (known?.blob) return { isNew: false, picture: known }
      const added = await addUnder(board, id, picture, telling(sending, goesOn))
      return added && { isNew: true, picture: added }
    }, sending)
    if (stored) return stored
  }
  throw new WireError('conflict')
}

/** Tells a try of the same sending that it goes on, once more has left than a dead connection takes. */
const telling = (sending: Sending, goesOn: () => void): Sending => ({
  ...sending,
  onSent: (bytes) => {
    if (bytes > DEAD_CONNECTION_BYTES) goesOn()
    sending.onSent?.(bytes)
  },
})

/** Adds a picture under an id that has none. Resolves to null if the id is taken for good. */
async function addUnder(
  board: RemoteBoard,
  id: string,
  { name, by, caption, place, file }: NewPicture,
  { signal, onSent }: Sending,
): Promise<ToldPicture | null> {
  const query = new URLSearchParams({
    name: name.slice(0, limits.fileNameLength),
    ...(by && { by }),
    ...(caption && { caption }),
  })
  for (const [axis, at] of Object.entries(place ?? {})) query.set(axis, String(at))
  const answer = await ask(board, {
    method: 'PUT',
    path: `${pathOf(board, id)}?${query}`,
    headers: { 'if-none-match': '*' },
    file,
    signal,
    ...(onSent && { onSent }),
  })
  try {
    return await answerOf<ToldPicture>(board, answer)
  } catch (error) {
    const isTaken =
      error instanceof WireError &&
      ['conflict', 'upload-gone', 'unknown-picture'].includes(error.code)
    if (!isTaken) throw error
    if (!(await pictureAt(board, id, signal))) return null
    // Somebody else sends the same picture: it is asked for again, as of a busy server.
    throw new WireError('busy', {}, { cause: error })
  }
}

interface PictureInPlace extends NewPicture {
  /** Whether a picture that is there has the same file, as far as can be told without sending it. */
  readonly isSame: (known: ToldPicture) => boolean
}

/** Adds a picture, or gives the one that is there another file. One in the trash stays as it is. */
export async function putInPlace(
  board: RemoteBoard,
  picture: PictureInPlace,
  sending: Sending,
): Promise<{ readonly kind: 'added' | 'replaced' | 'there'; readonly picture: ToldPicture }> {
  for (const id of picture.ids) {
    const put = await persist(async (goesOn) => {
      const told = telling(sending, goesOn)
      const known = await pictureAt(board, id, sending.signal)
      if (!known?.blob) {
        const added = await addUnder(board, id, picture, told)
        return added && ({ kind: 'added', picture: added } as const)
      }
      if (known.deletedAt !== null || picture.isSame(known))
        return { kind: 'there', picture: known } as const
      const replaced = await replacePicture(board, known, picture.file, told)
      const kind = replaced.blob === known.blob ? 'there' : 'replaced'
      return { kind, picture: replaced } as const
    }, sending)
    if (put) return put
  }
  throw new WireError('conflict')
}

/** Gives a picture another file, in place of the one that it has. */
async function replacePicture(
  board: RemoteBoard,
  { id, blob }: Pick<ImageRecord, 'id' | 'blob'>,
  file: SentFile,
  { signal, onSent }: Sending,
): Promise<ToldPicture> {
  const answer = await ask(board, {
    method: 'PUT',
    path: pathOf(board, id),
    headers: { 'if-match': `"${blob}"` },
    file,
    signal,
    ...(onSent && { onSent }),
  })
  return await answerOf<ToldPicture>(board, answer).catch((error: unknown) => {
    // Somebody else was faster: the picture is asked for again, as of a busy server.
    const isOvertaken = error instanceof WireError && error.code === 'wrong-etag'
    throw isOvertaken ? new WireError('busy', {}, { cause: error }) : error
  })
}
