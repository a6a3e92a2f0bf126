import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import { openApiDocument, pathOf } from '../src/http/api/document.ts'
import { operations } from '../src/http/api/operations.ts'
import { tolerantUrl } from '../src/http/tolerant-url.ts'

/** Answers that are longer aren't held to the document. */
const MAX_BYTES = 1_000_000
const FIRST_ERROR_STATUS = 400

interface Documented {
  readonly pattern: RegExp
  readonly path: string
  /** The number of its parts that stand for something else. */
  readonly variables: number
  readonly methods: Readonly<
    Record<string, { readonly responses: Readonly<Record<string, object>> }>
  >
}

const routes = new Map<string, Set<string>>()
for (const [method = '', address = ''] of Object.keys(operations).map((each) => each.split(' ')))
  routes.set(address, new Set([...(routes.get(address) ?? []), method]))
const document = openApiDocument(routes, '/')
const ajv = new Ajv2020({ strict: false, allErrors: true }).addSchema(document, 'api')
const validators = new Map<string, ValidateFunction>()

const paths = document['paths'] as Readonly<Record<string, Documented['methods']>>
const documented: readonly Documented[] = Object.entries(paths)
  .map(([path, methods]) => {
    const parts = path.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')
    return { pattern: new RegExp(`^${parts}$`), path, variables: path.split('{').length, methods }
  })
  .sort((a, b) => a.variables - b.variables)
const file = pathOf('/*')
const files: Documented = {
  pattern: /^\/.+/,
  path: file,
  variables: 0,
  methods: { get: paths[file]!['get']! },
}

/** Holds each answer of a server to the API's document, and notes those that aren't as it says. */
export class CheckedAnswers {
  readonly faults: string[] = []

  /** Watches a server, which has removed its base path from each request. */
  watch(server: Server): void {
    server.prependListener('request', (request: IncomingMessage, response: ServerResponse) => {
      const chunks: Buffer[] = []
      let bytes = 0
      let headers: Record<string, string> = {}
      const { write, end, writeHead } = response
      const keep = (chunk: unknown) => {
        if (typeof chunk !== 'string' && !(chunk instanceof Uint8Array)) return
        bytes += chunk.length
        if (bytes <= MAX_BYTES) chunks.push(Buffer.from(chunk as string))
      }
      response.writeHead = ((...args: unknown[]) => {
        headers = { ...headers, ...(Object(args.at(-1)) as object) }
        return Reflect.apply(writeHead, response, args) as ServerResponse
      }) as typeof writeHead
      response.write = ((...args: unknown[]) => {
        keep(args[0])
        return Reflect.apply(write, response, args) as boolean
      }) as typeof write
      response.end = ((...args: unknown[]) => {
        keep(args[0])
        return Reflect.apply(end, response, args) as ServerResponse
      }) as typeof end
      const { url = '', method = '' } = request
      response.once('finish', () => {
        if (bytes > MAX_BYTES) return
        headers = { ...(response.getHeaders() as Record<string, string>), ...headers }
        const path = tolerantUrl(url).replace(/\?.*/s, '')
        const fault = faultOf(request, path, {
          status: response.statusCode,
          type: headers['content-type'] ?? '',
          body: unpacked(Buffer.concat(chunks), headers['content-encoding'] ?? ''),
        })
        if (fault) this.faults.push(`${method} ${url}: ${response.statusCode} ${fault}`)
      })
    })
  }
}

function unpacked(body: Buffer, encoding: string): Buffer {
  if (body.length === 0) return body
  return encoding === 'br'
    ? brotliDecompressSync(body)
    : encoding === 'gzip'
      ? gunzipSync(body)
      : body
}

function faultOf(
  { method = '', headers }: IncomingMessage,
  path: string,
  { status, type, body }: { status: number; type: string; body: Buffer },
): string | null {
  const isPreflight = headers['access-control-request-method'] !== undefined
  if (isPreflight || /^\/(?:socket\.io|live)\b/.test(path)) return null
  const name = method === 'HEAD' ? 'get' : method.toLowerCase()
  const found = [...documented, files].find(
    ({ pattern, methods }) =>
      pattern.test(path) && (methods[name] ?? methods[method.toLowerCase()]) !== undefined,
  )
  if (!found) return status < FIRST_ERROR_STATUS ? "isn't documented" : null
  const operation = found.methods[method.toLowerCase()] ?? found.methods[name]!
  const key = status in operation.responses ? String(status) : 'default'
  if (key === 'default' && status < FIRST_ERROR_STATUS) return "isn't a documented status"
  const answer = operation.responses[key] as { content?: object } | undefined
  if (!answer || !type.startsWith('application/json')) {
    const isDocumented = Object.keys(answer?.content ?? {}).includes('application/json')
    return isDocumented && status < FIRST_ERROR_STATUS && method !== 'HEAD' ? "isn't JSON" : null
  }
  if (body.length === 0) return null
  const escaped = found.path.replaceAll('~', '~0').replaceAll('/', '~1')
  const at = `/paths/${encodeURIComponent(escaped)}/${name}/responses/${key}`
  const pointer =
    key === 'default' ? '/components/schemas/Error' : `${at}/content/application~1json/schema`
  if (key !== 'default' && !answer.content) return 'has a body'
  if (!Object.hasOwn(answer.content ?? { 'application/json': 0 }, 'application/json'))
    return 'is JSON'
  const validator = validators.get(pointer) ?? ajv.compile({ $ref: `api#${pointer}` })
  validators.set(pointer, validator)
  if (validator(JSON.parse(body.toString()))) return null
  return `${ajv.errorsText(validator.errors)} in ${body.toString().slice(0, 300)}`
}
