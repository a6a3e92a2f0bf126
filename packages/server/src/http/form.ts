import type { Readable } from 'node:stream'
import multipart from '@fastify/multipart'
import { ClientCommand, cleanName, parseOrThrow, WireError } from '@wirephoto/board'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { DirectPicture } from '../images/uploads/direct-upload.ts'
import { declaredLength, openBody } from './body.ts'

/** Bytes that a form may have in one field that is no file. */
const FORM_FIELD_BYTES = 65_536
const FORM_FILES_COUNT = 50
const FORM_FIELDS_COUNT = 20

/** The fields of a form, and the parameters of an address, that say where a picture goes. */
const PLACE_FIELDS = ['x', 'y', 'w', 'caption', 'by']
const FIELDS: ReadonlySet<string> = new Set([...PLACE_FIELDS, 'name'])
/** Stands for an id, where only the other fields of a command are checked. */
const ANY_ID = '00000000-0000-7000-8000-000000000000'

/** The texts that a sender gives beside the bytes, by name. */
export type Fields = Readonly<Record<string, string | undefined>>

/** Lets routes read forms. `maxUpload` is in bytes. */
export async function acceptForms(app: FastifyInstance, maxUpload: number): Promise<void> {
  await app.register(multipart, {
    limits: {
      files: FORM_FILES_COUNT,
      // `IncomingFile` cuts a file off before the form's parser would.
      fileSize: maxUpload + 1,
      fields: FORM_FIELDS_COUNT,
      fieldSize: FORM_FIELD_BYTES,
    },
    // A file needs no name (RFC 7578 section 4.2): then its type says that it is one.
    isPartAFile: (field, type, fileName) =>
      fileName !== undefined || (!FIELDS.has(field ?? '') && isFile(field, type)),
  })
}

const isFile = (field: string | undefined, type: string | undefined): boolean =>
  field === 'file' || (type !== undefined && !type.startsWith('text/'))

/**
 * Returns the parameters of an address. Throws `unknown-field` for one that isn't among `allowed`, and
 * `bad-request` for one that is given twice.
 */
export function parametersOf(request: FastifyRequest, allowed = FIELDS): Fields {
  const parameters = request.query as Record<string, string | string[]>
  for (const [field, value] of Object.entries(parameters)) {
    if (!allowed.has(field)) throw new WireError('unknown-field', { field })
    if (Array.isArray(value)) throw new WireError('bad-request', { field })
  }
  return parameters as Fields
}

/** The parameters of an address whose last part is the picture's name. */
export const PLACE_PARAMETERS: ReadonlySet<string> = new Set(PLACE_FIELDS)

/** Returns where a picture goes, within the bounds of `image.add`. Throws `bad-request` with the field. */
export function placeIn({ x, y, w, caption, by }: Fields): DirectPicture['place'] {
  const number = (text: string | undefined) =>
    text === undefined ? undefined : Number(text || NaN)
  const place = { x: number(x), y: number(y), w: number(w), caption, by }
  const size = { width: 1, height: 1 }
  parseOrThrow(ClientCommand, { kind: 'image.add', id: ANY_ID, name: '', ...size, ...place })
  return place
}

/**
 * Yields the files of a form. Its fields count like the address's parameters, wherever they stand, so a
 * picture's place is known when all are read.
 */
export async function* formBody(request: FastifyRequest): AsyncGenerator<DirectPicture> {
  const fields: Record<string, string | undefined> = { ...parametersOf(request) }
  placeIn(fields)
  openBody(request.raw)
  try {
    for await (const part of request.parts()) {
      if (part.type === 'field') takeField(fields, part.fieldname, part.value)
      else if (part.filename || !(await isEmpty(part.file))) {
        const { file, filename } = part
        yield {
          source: file,
          get name() {
            return cleanName(filename || fields['name'] || '')
          },
          length: null,
          requestBytes: declaredLength(request.raw),
          get place() {
            return placeIn(fields)
          },
          get mayBeNamed() {
            return !filename && fields['name'] === undefined
          },
        }
      }
    }
  } catch (cause) {
    throw formError(cause)
  }
  placeIn(fields)
}

function takeField(fields: Record<string, unknown>, field: string, value: unknown): void {
  if (!FIELDS.has(field)) throw new WireError('unknown-field', { field })
  if (fields[field] !== undefined) throw new WireError('bad-request', { field })
  fields[field] = value
}

/** Returns whether a file has no bytes: a form sends one for each file input that nobody has used. */
function isEmpty(file: Readable): Promise<boolean> {
  return new Promise((resolve) => {
    file.once('end', () => resolve(true))
    file.once('readable', () => {
      const chunk = file.read() as Buffer | null
      if (chunk === null) return
      file.unshift(chunk)
      resolve(false)
    })
  })
}

/** The parser throws errors of its own, for a boundary that it can't use and a form that is cut off. */
function formError(cause: unknown): unknown {
  if (cause instanceof WireError) return cause
  const { code } = cause as { code?: string }
  if (code === 'FST_FILES_LIMIT')
    return new WireError('too-many-files', { limit: FORM_FILES_COUNT })
  return new WireError('broken-form', {}, { cause })
}
