import type { ImageRecord } from '@wirephoto/board'
import type { LiveBoard } from '../../boards/live-board.ts'
import type { Sender } from '../../boards/sender.ts'
import { anonymousFormOf, isAnonymous } from '../../visitors.ts'
import type { IncomingFile } from './incoming-file.ts'

/**
 * Returns whether an upload is the sender's. It belongs to the visitor who announced its picture. A sender
 * without a token is another visitor at each request, so its address stands for it where that is known.
 */
export function ownsUpload(
  { role, visitor, address }: Sender,
  board: LiveBoard,
  { id, author }: ImageRecord,
  incomingFile?: IncomingFile,
): boolean {
  if (role === 'server' || visitor === author) return true
  if (!isAnonymous(author)) return false
  // The author may have kept the cookie that answered its first request.
  if (!isAnonymous(visitor)) return anonymousFormOf(visitor) === author
  const owner = board.announcedFrom(id) ?? incomingFile?.ownerAddress
  return owner === undefined || owner === address
}
