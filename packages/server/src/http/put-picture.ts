import {
  type ImageRecord,
  may,
  PictureAddress,
  parseOrThrow,
  STAND_IN_SIDE_PX,
  type StoredImage,
  WireError,
} from '@wirephoto/board'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { LiveBoard } from '../boards/live-board.ts'
import type { ReplacedFiles } from '../images/replaced-files.ts'
import type { DirectPicture, DirectUpload } from '../images/uploads/direct-upload.ts'
import type { StoredFile } from '../images/uploads/picture-store.ts'
import { variantKey } from '../images/variant-key.ts'
import type { HeldLogs } from '../moderation/held-logs.ts'
import { findPicture, homeOf, imageOf, type RequestedBoard } from './board-route.ts'

interface PutContext {
  readonly heldLogs: HeldLogs
  readonly directUpload: DirectUpload
  readonly replacedFiles: ReplacedFiles
}

interface PutRequest {
  readonly at: RequestedBoard
  /** Whether the address says where a new picture goes, or what it is called. */
  readonly isPlaced: boolean
  readonly body: () => AsyncGenerator<DirectPicture>
}

interface Put {
  readonly status: 200 | 201
  readonly board: LiveBoard
  readonly stored: StoredImage
}

/** Time after which a picture that arrives may be there, or gone. */
const ARRIVING_RETRY_S = 2

/** Returns the ETag of a picture's file, as `If-Match` names it. */
export const etagOf = ({ blob }: Pick<ImageRecord, 'blob'>): string => `"${blob}"`

/**
 * Adds a picture under the id in the address, or gives the one that is there another file (RFC 9110 section 13.1):
 *
 *     no picture                      → adds it, unless If-Match expects one
 *     it is still arriving            → busy
 *     the same bytes                  → answers as before
 *     other bytes, If-Match holds     → replaces the file
 *     other bytes, no If-Match        → etag-needed
 *     other bytes, a condition fails  → wrong-etag
 */
export async function putPicture(
  context: PutContext,
  request: FastifyRequest,
  reply: FastifyReply,
  { at, isPlaced, body }: PutRequest,
): Promise<Put> {
  const { board: _, ...address } = request.params as { board: string; id: string }
  const { id } = parseOrThrow(PictureAddress, address)
  if (request.isMultipart()) throw new WireError('bad-request', { field: 'Content-Type' })
  const { 'if-match': ifMatch, 'if-none-match': ifNone } = request.headers
  if (ifNone !== undefined && ifNone !== '*')
    throw new WireError('bad-request', { field: 'If-None-Match' })
  const { sender, ended } = at
  using home = await homeOf(context, at, request)
  const known = await findPicture(home.board, id)
  if (!known) {
    if (ifMatch !== undefined) throw new WireError('wrong-etag')
    using target = await context.heldLogs.openFor(at.board, sender)
    const { board } = target
    const [stored] = await context.directUpload.storeAll(board, sender, named(body(), id), ended)
    return { status: 201, board, stored: stored! }
  }
  // A place and words are changed by PATCH. A request that is sent again has them as before.
  if (isPlaced && ifMatch !== undefined)
    throw new WireError('unknown-field', { field: firstParameter(request) })
  if (!may(sender, 'image.revert', known)) throw new WireError('not-allowed')
  // An earlier try of the same request, perhaps, whose connection isn't known to be dead.
  if (known.blob === null) throw new WireError('busy', { retryAfterS: ARRIVING_RETRY_S })
  const { board } = home
  const settle = async (file: StoredFile): Promise<void> => {
    const image = imageOf(board, id)
    if (!image || image.blob === null) throw new WireError('unknown-picture')
    if (file.settle.blob === image.blob) return
    reply.header('etag', etagOf(image))
    if (ifMatch === undefined && ifNone === undefined) throw new WireError('etag-needed')
    if (!matches(ifMatch, image)) throw new WireError('wrong-etag')
    await context.replacedFiles.replace(board, image, file, sender)
  }
  const who = { sender, ended, settle }
  for await (const picture of body()) {
    const stored = await context.directUpload.replace(board, known, picture, who)
    return { status: 200, board, stored }
  }
  throw new WireError('empty-file')
}

/** Yields the pictures of a request under an id of its sender's. */
async function* named(
  pictures: AsyncIterable<DirectPicture>,
  id: string,
): AsyncGenerator<DirectPicture> {
  for await (const picture of pictures) yield { ...picture, id }
}

const firstParameter = ({ query }: FastifyRequest): string | undefined =>
  Object.keys(query as object)[0]

/** Whether `If-Match` names the file that a picture has, or the one that is shown in its place. */
function matches(header: string | undefined, { blob }: ImageRecord): boolean {
  if (header === undefined) return false
  const names = header.split(',').map((each) => each.trim())
  const shown = `"${variantKey(blob!, STAND_IN_SIDE_PX)}"`
  return names.some((name) => name === '*' || name === `"${blob}"` || name === shown)
}
