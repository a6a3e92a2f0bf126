import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import multipart, { type Multipart, type MultipartFile } from '@fastify/multipart'
import { cleanName, type ImageRecord, WireError } from '@wirephoto/board'
import { create as contentDisposition } from 'content-disposition'
import type { FastifyBaseLogger, FastifyInstance, FastifyRequest } from 'fastify'
import { toWireError } from '../errors.ts'
import { sendPicture } from '../http/blobs.ts'
import { declaredLength } from '../http/body.ts'
import { retryAfterOf } from '../http/retry-after.ts'
import type { StoredFiles } from '../images/stored-files.ts'
import type { DirectUpload } from '../images/uploads/direct-upload.ts'
import type { Intake } from '../images/uploads/intake.ts'
import { ownsUpload } from '../images/uploads/ownership.ts'
import type { Classic } from './classic.ts'
import { decodeDataUrlStream } from './data-url.ts'

/** Bytes that a form may have besides its picture. */
const FORM_OVERHEAD_BYTES = 65_536
const FORM_FIELD_BYTES = 4_096
const FORM_FILES_COUNT = 10
const FORM_FIELDS_COUNT = 20

interface ClassicRoutesOptions {
  readonly classic: Classic
  readonly intake: Intake
  readonly directUpload: DirectUpload
  readonly files: StoredFiles
  /** The largest picture, in bytes. */
  readonly maxUpload: number
  readonly log: FastifyBaseLogger
}

/** Registers the HTTP addresses that the tutorials' pages use (K4, K19 to K24, K29). */
export async function classicRoutes(
  app: FastifyInstance,
  { classic, intake, directUpload, files, maxUpload, log }: ClassicRoutesOptions,
): Promise<void> {
  const { board } = classic
  // Base64 is a third longer than the picture itself, whose bytes the upload counts.
  const maxFileBytes = Math.ceil((maxUpload * 4) / 3) + FORM_OVERHEAD_BYTES
  await app.register(multipart, {
    limits: {
      files: FORM_FILES_COUNT,
      fileSize: maxFileBytes,
      fields: FORM_FIELDS_COUNT,
      fieldSize: FORM_FIELD_BYTES,
    },
    isPartAFile: (name, _type, fileName) => name === 'file' || fileName !== undefined,
  })
  setTutorialErrorHandler(app, log)

  const create = async (request: FastifyRequest) => {
    const sender = classic.sender(request.raw)
    if (!request.isMultipart()) {
      const { image } = Object(request.body) as { image?: unknown }
      return { id: await classic.placeholders.create(board, sender, image) }
    }
    const form = await readForm(request, maxFileBytes)
    const pictures = (async function* () {
      yield Object.assign(form, {
        length: null,
        requestBytes: declaredLength(request.raw),
        place: {},
      })
    })()
    const [picture] = await directUpload.storeAll(board, sender, pictures)
    return { id: picture!.id }
  }
  for (const url of ['/image', '/image/']) app.post(url, create)

  /** Whether a placeholder waits for its picture from this sender. */
  const mayFill = ({ params, raw }: FastifyRequest): boolean => {
    const { id } = params as { id: string }
    const record = board.records.get(id)
    if (!classic.placeholders.has(id) || record?.kind !== 'image') return false
    return ownsUpload(classic.sender(raw), board, record)
  }

  app.route({
    method: ['POST', 'PUT'],
    url: '/image/:id',
    async handler(request) {
      const { id } = request.params as { id: string }
      if (!mayFill(request)) throw new WireError('unknown-picture')
      classic.placeholders.stopTimeout(id)
      const { source } = await readForm(request, maxFileBytes)
      await directUpload.fill(board, id, source, classic.sender(request.raw))
      return { id }
    },
    // The page announces a picture again before each attempt, so this placeholder is of no use (K21).
    async onError(request) {
      const { id } = request.params as { id: string }
      if (mayFill(request)) await intake.fail(board, id)
    },
  })

  app.get('/image/download/:id', (request, reply) => {
    const record = pictureOf(classic, request)
    reply.header('cache-control', 'private, no-cache')
    const name = contentDisposition(cleanName(record.name), { type: 'attachment' })
    return sendPicture(files, request, reply.header('content-disposition', name), record)
  })
  await registerConfigRoute(app, classic)
}

/** The picture in the field `file` of a form. */
interface PictureForm {
  readonly source: Readable
  /** The field `fileName`, else the file's own name. */
  readonly name: string
  /** Whether that field may still follow. */
  readonly mayBeNamed: boolean
}

/** Reads a form up to its picture. Rejects with `bad-request` or `too-large`. */
async function readForm(request: FastifyRequest, maxFileBytes: number): Promise<PictureForm> {
  if (!request.isMultipart()) throw new WireError('bad-request')
  if ((declaredLength(request.raw) ?? 0) > maxFileBytes + FORM_OVERHEAD_BYTES)
    throw new WireError('too-large', { limit: maxFileBytes })
  const fields = new Map<string, string>()
  const parts = request.parts()
  /** Reads up to the next picture; null at the end of the form. */
  const nextFile = async (): Promise<MultipartFile | null> => {
    for (;;) {
      const { value: part, done } = (await parts.next()) as IteratorResult<Multipart, undefined>
      if (done || !part) return null
      if (part.type === 'field') fields.set(part.fieldname, String(part.value))
      else if (part.fieldname === 'file') return part
      else part.file.resume()
    }
  }
  const file = await nextFile().catch((cause: unknown) => {
    // The parser throws plain errors for an unusable boundary and for a truncated form.
    throw new WireError('bad-request', {}, { cause })
  })
  if (!file) throw new WireError('bad-request')
  const wholeForm = async function* () {
    yield* decodeDataUrlStream(file.file)
    // A form has one picture. Its other parts are read before the picture counts as received.
    for (let more = await nextFile(); more; more = await nextFile()) more.file.resume()
  }
  return {
    source: Readable.from(wholeForm()),
    get name() {
      return cleanName(fields.get('fileName') ?? file.filename ?? '')
    },
    get mayBeNamed() {
      return !fields.has('fileName')
    },
  }
}

/** Answers errors as the second tutorial's page reads them, with status 400 for every refused picture (K24). */
function setTutorialErrorHandler(app: FastifyInstance, log: FastifyBaseLogger): void {
  app.setErrorHandler((error, _request, reply) => {
    const { statusCode = 500 } = error as { statusCode?: number }
    const isFrameworkError = !(error instanceof WireError) && statusCode < 500
    const wireError = isFrameworkError
      ? new WireError('bad-request', {}, { cause: error })
      : toWireError(error, log)
    const { code, status, message } = wireError
    const retryAfter = retryAfterOf(wireError)
    if (retryAfter !== null) reply.header('retry-after', retryAfter)
    return reply.code(isPictureRefusal(wireError) ? 400 : status).send({
      error: code === 'too-large' || code === 'too-many-pixels' ? 'sizeError' : 'imageError',
      message,
    })
  })
}

const isPictureRefusal = ({ code, status }: WireError): boolean =>
  status === 400 || status === 413 || status === 415 || (status === 422 && code !== 'board-full')

function pictureOf({ board }: Classic, request: FastifyRequest): ImageRecord {
  const record = board.records.get((request.params as { id: string }).id)
  if (record?.kind !== 'image') throw new WireError('unknown-picture')
  return record
}

/** Registers `/config.js`, which tells the second tutorial's page to use the server that it came from (K29). */
async function registerConfigRoute(
  app: FastifyInstance,
  { config: { pages } }: Classic,
): Promise<void> {
  if (pages === null || (await exists(join(pages, 'config.js')))) return
  app.get('/config.js', (request, reply) => {
    const { hostname: url, port } = new URL(`http://${request.headers.host}`)
    const config = { url, ports: { http: Number(port || 80) } }
    return reply
      .type('text/javascript')
      .header('cache-control', 'no-cache')
      .send(`window.config = ${JSON.stringify(config)};\n`)
  })
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )
