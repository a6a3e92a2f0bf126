import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import multipart, { type Multipart, type MultipartFile } from '@fastify/multipart'
import { cleanName, type ImageRecord, WireError } from '@wirephoto/board'
import type { BlobStore } from '@wirephoto/engine'
import { create as contentDisposition } from 'content-disposition'
import type { FastifyBaseLogger, FastifyInstance, FastifyRequest } from 'fastify'
import { toWireError } from '../errors.ts'
import { send } from '../http/blobs.ts'
import { declaredLength } from '../http/body.ts'
import type { DirectUpload } from '../images/uploads/direct-upload.ts'
import type { Intake } from '../images/uploads/intake.ts'
import type { Classic } from './classic.ts'
import { decoded } from './data-url.ts'

/** Bytes that a form may have besides its picture, and of one of its other fields. */
const FORM = 65_536
const FIELD = 4_096

interface ClassicRoutesOptions {
  readonly classic: Classic
  readonly intake: Intake
  readonly directUpload: DirectUpload
  readonly blobs: BlobStore
  /** The largest picture, in bytes. */
  readonly maxUpload: number
  readonly log: FastifyBaseLogger
}

/** The addresses that the tutorials' pages ask for over HTTP (K4). */
export async function classicRoutes(
  app: FastifyInstance,
  { classic, intake, directUpload, blobs, maxUpload, log }: ClassicRoutesOptions,
): Promise<void> {
  const { board } = classic
  // Written as text a picture is a third longer; it is counted as bytes by the intake.
  const most = Math.ceil((maxUpload * 4) / 3) + FORM
  await app.register(multipart, {
    limits: { files: 10, fileSize: most, fields: 20, fieldSize: FIELD },
    isPartAFile: (name, _type, fileName) => name === 'file' || fileName !== undefined,
  })
  refuseInTheirTongue(app, log)

  const create = async (request: FastifyRequest) => {
    const sender = classic.sender(request.raw)
    if (!request.isMultipart()) {
      const { image } = Object(request.body) as { image?: unknown }
      return { id: await classic.placeholders.make(board, sender, image) }
    }
    const form = await formOf(request, most)
    const whole = (async function* () {
      yield Object.assign(form, { length: null, place: {} })
    })()
    const [picture] = await directUpload.storeAll(board, sender, whole)
    return { id: picture!.id }
  }
  for (const url of ['/image', '/image/']) app.post(url, create)

  app.route({
    method: ['POST', 'PUT'],
    url: '/image/:id',
    async handler(request) {
      const { id } = request.params as { id: string }
      if (!classic.placeholders.waits(id)) throw new WireError('unknown-picture')
      classic.placeholders.hold(id)
      const { source } = await formOf(request, most)
      await directUpload.fill(board, id, source)
      return { id }
    },
    // Their page announces it anew when it tries again.
    async onError(request) {
      const { id } = request.params as { id: string }
      if (classic.placeholders.waits(id)) await intake.fail(board, id)
    },
  })

  app.get('/image/download/:id', (request, reply) => {
    const record = pictureOf(classic, request)
    reply.header('cache-control', 'private, no-cache')
    const name = contentDisposition(cleanName(record.name), { type: 'attachment' })
    return send(blobs, request, reply.header('content-disposition', name), record)
  })
  await configRoute(app, classic)
}

/** A picture in the field `file` of a form, and the name that another field gives it, before it or behind. */
interface Form {
  readonly source: Readable
  readonly name: string
}

async function formOf(request: FastifyRequest, most: number): Promise<Form> {
  if (!request.isMultipart()) throw new WireError('bad-request')
  if ((declaredLength(request.raw) ?? 0) > most + FORM)
    throw new WireError('too-large', { limit: most })
  const fields = new Map<string, string>()
  const parts = request.parts()
  /** Reads on to the next picture. */
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
    // The parser throws bare errors at a boundary that it can't use, and at a form that is cut off.
    throw new WireError('bad-request', {}, { cause })
  })
  if (!file) throw new WireError('bad-request')
  const whole = async function* () {
    yield* decoded(file.file)
    // What follows is read before anything comes of the picture; there is one to a form.
    for (let more = await nextFile(); more; more = await nextFile()) more.file.resume()
  }
  return {
    source: Readable.from(whole()),
    get name() {
      return cleanName(fields.get('fileName') ?? file.filename ?? '')
    },
  }
}

/** Errors as the second tutorial's page reads them: 400 for whatever is wrong with a picture. */
function refuseInTheirTongue(app: FastifyInstance, log: FastifyBaseLogger): void {
  app.setErrorHandler((error, _request, reply) => {
    const { statusCode = 500 } = error as { statusCode?: number }
    const ofFramework = !(error instanceof WireError) && statusCode < 500
    const told = ofFramework
      ? new WireError('bad-request', {}, { cause: error })
      : toWireError(error, log)
    const { code, status, message } = told
    if (status === 429 || status === 503) reply.header('retry-after', '2')
    return reply.code(isPicturesFault(told) ? 400 : status).send({
      error: code === 'too-large' || code === 'too-many-pixels' ? 'sizeError' : 'imageError',
      message,
    })
  })
}

const isPicturesFault = ({ code, status }: WireError): boolean =>
  status === 400 || status === 413 || status === 415 || (status === 422 && code !== 'board-full')

function pictureOf({ board }: Classic, request: FastifyRequest): ImageRecord {
  const record = board.records.get((request.params as { id: string }).id)
  if (record?.kind !== 'image') throw new WireError('unknown-picture')
  return record
}

/** Where the second tutorial's page finds its server: wherever it came from. */
async function configRoute(app: FastifyInstance, { config: { pages } }: Classic): Promise<void> {
  if (pages === null || (await isThere(join(pages, 'config.js')))) return
  app.get('/config.js', (request, reply) => {
    const { hostname: url, port } = new URL(`http://${request.headers.host}`)
    const config = { url, ports: { http: Number(port || 80) } }
    return reply
      .type('text/javascript')
      .header('cache-control', 'no-cache')
      .send(`window.config = ${JSON.stringify(config)};\n`)
  })
}

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )
