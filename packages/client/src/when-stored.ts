import { type ImageRecord, WireError } from '@wirephoto/board'
import type { Board } from './board.ts'
import { throwIfEnded } from './board-end.ts'
import { until } from './events.ts'
import type { BoardEvents } from './types.ts'
import type { Uploads } from './uploads.ts'
import { toWireError } from './wire-error.ts'

/** Does `Board.stored`. */
export function whenStored(
  board: Board,
  uploads: Pick<Uploads, 'isCancelled' | 'isGone'>,
  id: string,
): Promise<ImageRecord> {
  return until<BoardEvents, ImageRecord>(
    board,
    ['uploads', 'pictures', 'status', 'waiting'],
    () => {
      const picture = board.pictures.get(id) ?? board.waiting.get(id)
      if (picture?.blob) return picture
      const upload = board.uploads.get(id)
      if (upload?.error) throw toWireError(upload.error)
      if (!upload && uploads.isCancelled(id)) throw new WireError('upload-gone')
      throwIfEnded(board)
      if (!upload && uploads.isGone(id)) throw new WireError('unknown-picture')
      return null
    },
  )
}
