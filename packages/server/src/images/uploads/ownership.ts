import type { ImageRecord } from '@wirephoto/board'
import type { LiveBoard, Sender } from '../../boards/live-board.ts'
import type { IncomingFile } from './incoming-file.ts'

/**
 * Returns whether an upload is the sender's. It belongs to the visitor who announced its picture. A sender
 * without a token is another visitor at each request, so its address stands for it.
 */
export function ownsUpload(
  sender: Sender,
  board: LiveBoard,
  { id, author }: ImageRecord,
  incomingFile?: IncomingFile,
): boolean {
  if (sender.role === 'server' || sender.visitor === author) return true
  if (!sender.isAnonymous || sender.address === undefined) return false
  const announcer = board.announcerOf(id)
  const owner = announcer?.isAnonymous ? announcer.address : incomingFile?.ownerAddress
  return sender.address === owner
}
