import { type ImageRecord, NOTICES_HEADER, WireError } from '@wirephoto/board'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { LiveBoard } from '../boards/live-board.ts'
import type { Sender } from '../boards/sender.ts'
import type { NodeClient } from '../bus/node-client.ts'
import type { NodeRequests } from '../bus/node-requests.ts'
import type { UploadServers } from '../bus/upload-servers.ts'
import type { IncomingFile } from '../images/uploads/incoming-file.ts'
import type { Intake } from '../images/uploads/intake.ts'
import { ownsUpload } from '../images/uploads/ownership.ts'
import { isArriving } from '../images/uploads/progress.ts'
import type { HeldLogs } from '../moderation/held-logs.ts'
import { atBoard, type BoardContext, findPicture, homeOf, imageOf } from './board-route.ts'
import { assertPlain, declaredLength, openBody } from './body.ts'
import { passOn } from './pass-on.ts'

const TUS_VERSION = '1.0.0'
const COLLECTION = '/api/boards/:board/uploads'
const UPLOAD = `${COLLECTION}/:id`

interface UploadRoutesOptions extends BoardContext {
  readonly intake: Intake
  readonly heldLogs: HeldLogs
  /** The largest picture, in bytes. */
  readonly maxUpload: number
  readonly nodeRequests: NodeRequests
  /** The means to reach uploads of other servers; null where those aren't reached. */
  readonly others: { readonly client: NodeClient; readonly uploadServers: UploadServers } | null
}

/**
 * The interop versions of the resumable uploads of the IETF (draft-ietf-httpbis-resumable-upload) that clients send,
 * each with the type of its parts; null for any.
 */
const IETF_PART_TYPES: Readonly<Record<string, string | null>> = {
  /** Draft 03. */
  '5': null,
  /** Draft 05. */
  '6': 'application/partial-upload',
}
const IETF_VERSION = 'upload-draft-interop-version'

/**
 * Serves resumable uploads: tus 1.0.0 with the extensions creation, creation-with-upload and termination. Requests with
 * an interop version of the IETF's drafts go to the same uploads, and differ in some headers.
 * A ready-made server can't keep our promises. Here an offset is durable before it is acknowledged (F1). A
 * refusal is answered before the body is read, and the last part when the picture is stored. The quotations
 * are the protocol's MUSTs.
 */
export async function uploadRoutes(
  app: FastifyInstance,
  context: UploadRoutesOptions,
): Promise<void> {
  const uploads = new TusUploads(context)
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, _body, done) => done(null))
  app.addHook('onRoute', (route) => {
    route.config = { ...route.config, streams: true }
  })
  app.addHook('onRequest', negotiateVersion)
  for (const url of [COLLECTION, UPLOAD])
    app.options(url, (_request, reply) => uploads.describe(reply))
  app.post(COLLECTION, (request, reply) => uploads.create(request, reply))
  app.head(UPLOAD, (request, reply) => uploads.reportOffset(request, reply))
  app.patch(UPLOAD, (request, reply) => uploads.append(request, reply))
  app.delete(UPLOAD, (request, reply) => uploads.cancel(request, reply))
}

async function negotiateVersion(
  { method, headers }: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply | void> {
  const version = ietfVersionOf(headers)
  if (version !== null) {
    reply.header(IETF_VERSION, version)
    return
  }
  // "The Tus-Resumable header MUST be included in every request and response except for OPTIONS requests."
  reply.header('tus-resumable', TUS_VERSION)
  if (method === 'OPTIONS' || headers['tus-resumable'] === TUS_VERSION) return
  // "If the version specified by the Client is not supported […], it MUST respond with the 412
  // Precondition Failed status and MUST include the Tus-Version header".
  const error = new WireError('bad-request')
  return reply.code(412).header('tus-version', TUS_VERSION).send({ error })
}

/** The six requests of the protocol. */
class TusUploads {
  readonly #context: UploadRoutesOptions

  constructor(context: UploadRoutesOptions) {
    this.#context = context
  }

  describe(reply: FastifyReply): FastifyReply {
    const headers = {
      'tus-version': TUS_VERSION,
      'tus-extension': 'creation,creation-with-upload,termination',
      'tus-max-size': this.#context.maxUpload,
      'upload-limit': `max-size=${this.#context.maxUpload}`,
    }
    return reply.code(204).headers(headers).send()
  }

  /** Begins the upload of an announced picture, with its first part if the request has one. */
  async create(request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    const { intake, maxUpload, heldLogs } = this.#context
    using at = await atBoard(this.#context, request, 'image.add')
    const { sender } = at
    const id = metadataOf(request).get('id')
    if (id === undefined) throw new WireError('no-upload-id')
    using home = await heldLogs.homeOf(at.board, id, sender)
    const { board } = home
    assertPlain(request.raw)
    const length = lengthOf(request)
    const record = await findPicture(board, id)
    if (!record) throw new WireError('unknown-picture')
    if (record.blob === null)
      assertOwner(sender, board, record, await intake.pendingUpload(board, id))
    const query = this.#context.others ? `?server=${this.#context.others.uploadServers.server}` : ''
    reply.code(201).header('location', `/api/boards/${at.board.id}/uploads/${id}${query}`)
    if (record.blob !== null) {
      if (sentBytes(record) !== length) throw new WireError('conflict')
      return await sendState(this.#told(reply, board, id), request, length, length)
    }
    const { name } = record
    if (length > maxUpload) {
      await intake.fail(board, id)
      // "If the length of the upload exceeds the maximum, […] the Server MUST respond with the 413
      // Request Entity Too Large status."
      reply.header('tus-max-size', maxUpload)
      throw new WireError('too-large', { name, size: length, limit: maxUpload })
    }
    const incomingFile = await intake.begin({ board: board.id, id, name, length }, sender)
    const hasPart = (declaredLength(request.raw) ?? 1) > 0 && isPart(request)
    if (hasPart) assertCompletes(request, declaredLength(request.raw) ?? length, length)
    if (incomingFile.isComplete) await intake.finish(incomingFile)
    else if (hasPart && incomingFile.offset === 0)
      await this.#receive(request, reply, incomingFile, 0, sender)
    return await sendState(this.#told(reply, board, id), request, incomingFile.offset, length)
  }

  async reportOffset(request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    const { intake } = this.#context
    using at = await atBoard(this.#context, request, 'image.add')
    using home = await homeOf(this.#context, at, request)
    const { board } = home
    const { sender } = at
    const { id } = request.params as { id: string }
    if (await this.#isPassedOn(board, id, request, reply)) return await reply
    const incomingFile = await intake.pendingUpload(board, id)
    if (incomingFile) assertOwner(sender, board, imageOf(board, id), incomingFile)
    // "The Server MUST prevent the client and/or proxies from caching the response by adding the
    // Cache-Control: no-store header to the response."
    reply.header('cache-control', 'no-store')
    // A sender takes a complete upload for a stored picture, so the picture is stored first.
    if (incomingFile?.isComplete) await intake.finish(incomingFile)
    else if (incomingFile) {
      // Bytes that a closed page left on its connection would move the offset after the answer.
      await incomingFile.stop()
      reply.header('upload-length', incomingFile.length!)
      return await sendState(reply, request, await incomingFile.sync(), incomingFile.length!)
    }
    const bytes = await storedBytes(board, id)
    reply.header('upload-length', bytes)
    return await sendState(this.#told(reply, board, id), request, bytes, bytes)
  }

  async append(request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    const { intake } = this.#context
    using at = await atBoard(this.#context, request, 'image.add')
    using home = await homeOf(this.#context, at, request)
    const { board } = home
    const { sender } = at
    const { id } = request.params as { id: string }
    if (await this.#isPassedOn(board, id, request, reply)) return await reply
    const start = integerOf(request, 'upload-offset')
    assertPlain(request.raw)
    // "All PATCH requests MUST use Content-Type: application/offset+octet-stream".
    if (!isPart(request)) throw new WireError('bad-request', { field: 'Content-Type' })
    const incomingFile = await intake.pendingUpload(board, id)
    if (incomingFile) assertOwner(sender, board, imageOf(board, id), incomingFile)
    // "If the offsets do not match, the Server MUST respond with the 409 Conflict status without
    // modifying the upload resource."
    const offset = incomingFile?.offset ?? (await storedBytes(board, id))
    if (start !== offset) {
      // "the upload resource MUST reject the request with a 409 (Conflict) status code. The response MUST include the
      // correct offset in the Upload-Offset header field."
      reply.header('upload-offset', offset)
      throw new WireError('wrong-offset')
    }
    if (incomingFile) {
      const end = start + (declaredLength(request.raw) ?? 0)
      if (end > incomingFile.length!) throw new WireError('bad-request')
      assertCompletes(request, end, incomingFile.length!)
      await this.#receive(request, reply, incomingFile, start, sender)
    }
    // "The Server MUST acknowledge successful PATCH requests with the 204 No Content status.
    // It MUST include the Upload-Offset header containing the new offset."
    const end = incomingFile?.offset ?? start
    const length = incomingFile?.length ?? end
    return await sendState(this.#told(reply, board, id).code(204), request, end, length)
  }

  async cancel(request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    const { intake } = this.#context
    using at = await atBoard(this.#context, request, 'image.add')
    using home = await homeOf(this.#context, at, request)
    const { board } = home
    const { sender } = at
    const { id } = request.params as { id: string }
    if (await this.#isPassedOn(board, id, request, reply)) return await reply
    const incomingFile = await intake.pendingUpload(board, id)
    if (!incomingFile) {
      await storedBytes(board, id)
      throw new WireError('conflict')
    }
    assertOwner(sender, board, imageOf(board, id), incomingFile)
    await intake.cancel(incomingFile)
    return await reply.code(204).send()
  }

  /**
   * Passes a request on to the server that has the upload, and resolves to true when it is answered. Resolves to false where
   * that is this server, or none. A request that another server has passed on stays here.
   */
  async #isPassedOn(
    board: LiveBoard,
    id: string,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<boolean> {
    const { others, nodeRequests, intake, guard } = this.#context
    if (!others || nodeRequests.of(request.raw)) return false
    const { server: named } = request.query as { server?: string }
    if (named === undefined && (await intake.pendingUpload(board, id))) return false
    if (!isArriving(await findPicture(board, id))) return false
    const peer = await others.uploadServers.find({ board: board.id, id, named })
    if (!peer) return false
    await passOn({ client: others.client, guard }, peer, request, reply)
    return true
  }

  /** Tells the sender of a stored picture what of its file was left out; a header is ASCII. */
  #told(reply: FastifyReply, board: LiveBoard, id: string): FastifyReply {
    const notices = this.#context.intake.noticesOf(board.id, id)
    if (notices.length === 0) return reply
    return reply.header(NOTICES_HEADER, encodeURIComponent(JSON.stringify(notices)))
  }

  /** Receives a part, and says in the answer in which time its bytes came (U52). */
  #receive(
    request: FastifyRequest,
    reply: FastifyReply,
    incomingFile: IncomingFile,
    at: number,
    sender: Sender,
  ): Promise<ImageRecord | null> {
    const beganAt = performance.now()
    request.raw.once('end', () => {
      const duration = Math.round(performance.now() - beganAt)
      reply.header('server-timing', `body;dur=${duration}`)
    })
    return this.#context.intake.receive(incomingFile, openBody(request.raw), at, sender)
  }
}

/** Returns the interop version of the IETF's drafts that a request names; null for tus. */
function ietfVersionOf(headers: FastifyRequest['headers']): string | null {
  const version = headers[IETF_VERSION]
  return typeof version === 'string' && Object.hasOwn(IETF_PART_TYPES, version) ? version : null
}

function isPart({ headers }: FastifyRequest): boolean {
  const version = ietfVersionOf(headers)
  const type = version === null ? 'application/offset+octet-stream' : IETF_PART_TYPES[version]
  return type === null || headers['content-type'] === type
}

/** Answers with the offset of an upload, and in the IETF's way with whether it is complete. */
function sendState(
  reply: FastifyReply,
  { headers }: FastifyRequest,
  offset: number,
  length: number,
): FastifyReply {
  if (ietfVersionOf(headers) !== null)
    reply.header('upload-complete', offset === length ? '?1' : '?0')
  return reply.header('upload-offset', offset).send()
}

/** Throws `bad-request` for a part that says that it is the last one, and isn't by its length. */
function assertCompletes({ headers }: FastifyRequest, end: number, length: number): void {
  if (headers['upload-complete'] === '?1' && end !== length)
    throw new WireError('bad-request', { field: 'Upload-Complete' })
}

/** Returns the length of the whole file. In the IETF's way a body that is complete tells it too. */
function lengthOf(request: FastifyRequest): number {
  const { headers, raw } = request
  const isWhole = ietfVersionOf(headers) !== null && headers['upload-complete'] === '?1'
  const declared = declaredLength(raw)
  if (isWhole && headers['upload-length'] === undefined && declared !== null) return declared
  return integerOf(request, 'upload-length')
}

/**
 * Throws unless the upload is the sender's. Editors may remove its picture, but neither ask nor write here: even
 * a question for the offset breaks off the sender who writes.
 */
function assertOwner(
  sender: Sender,
  board: LiveBoard,
  record: ImageRecord | undefined,
  incomingFile: IncomingFile | undefined,
): void {
  if (!record) throw new WireError('upload-gone')
  if (!ownsUpload(sender, board, record, incomingFile)) throw new WireError('not-allowed')
}

/** Returns the length of the file that was sent for a picture. */
const sentBytes = ({ original, bytes }: ImageRecord): number | null => original?.bytes ?? bytes

/**
 * Returns the size of a picture whose upload has ended. Rejects with `upload-gone` if there is no such
 * picture, with `not-found` if its upload may begin again here.
 */
async function storedBytes(board: LiveBoard, id: string): Promise<number> {
  const known = imageOf(board, id)
  if (known && known.bytes !== null) return sentBytes(known)!
  await board.refresh()
  const record = imageOf(board, id)
  if (!record) throw new WireError('upload-gone')
  if (record.bytes === null) throw new WireError('not-found')
  return sentBytes(record)!
}

function integerOf(request: FastifyRequest, name: string): number {
  const value = request.headers[name]
  if (typeof value !== 'string' || !/^\d{1,15}$/.test(value))
    throw new WireError('bad-request', { field: name })
  return Number(value)
}

/** "The Upload-Metadata request header MUST consist of one or more comma-separated key-value pairs." */
function metadataOf(request: FastifyRequest): Map<string, string> {
  const pairs = String(request.headers['upload-metadata'] ?? '').split(',')
  return new Map(
    pairs.map((pair) => {
      const [key = '', value = ''] = pair.trim().split(' ')
      return [key, Buffer.from(value, 'base64').toString()]
    }),
  )
}
