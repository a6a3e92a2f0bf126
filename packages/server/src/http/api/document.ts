import { ErrorBody, errors, WIRE_VERSION } from '@wirephoto/board'
import type * as z from 'zod/mini'
import { toJSONSchema } from 'zod/v4/core'
import * as answers from './answers.ts'
import { type MediaRange, type Operation, TAGS } from './operation.ts'
import { operations } from './operations.ts'

const OPENAPI_VERSION = '3.1.0'
/** JSON of the document. */
type Json = Readonly<Record<string, unknown>>

/** Each address that the server has registered, with its methods. */
export type RegisteredRoutes = ReadonlyMap<string, ReadonlySet<string>>

/** The words for the parts of addresses. */
const PARTS: Readonly<Record<string, string>> = {
  board: "A board's id: what stands behind /b/ in its address, and main for the front board.",
  id: 'The id of the picture, link, upload or browser.',
  image: 'The id of the picture.',
  sha256: 'The sha256 of the stored file, in hex.',
  name: 'The name of the file.',
  code: "A wall's code.",
}

/** Makes the OpenAPI document of the addresses that this server has. */
export function openApiDocument(routes: RegisteredRoutes, serverUrl: string): Json {
  const paths: Record<string, Record<string, Json>> = {}
  for (const [address, methods] of [...routes].sort(([a], [b]) => (a < b ? -1 : 1)))
    for (const method of methods) {
      const operation = operations[`${method} ${address}`]
      if (!operation) continue
      const path = (paths[pathOf(address)] ??= {})
      path[method.toLowerCase()] = described(operation, method, address)
    }
  return {
    openapi: OPENAPI_VERSION,
    info: {
      title: 'Wirephoto',
      version: String(WIRE_VERSION),
      summary: 'Drop a picture; everyone sees it, now.',
      description:
        'Every error is {"error": {"code", "message"}}. A parameter or a field that isn\'t used is refused by its name.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: serverUrl }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    paths,
    components: {
      schemas: schemas(),
      responses: {
        Error: {
          description: 'It was refused, or it failed. The code says why, the message what to do.',
          content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
        },
      },
      securitySchemes: {
        link: {
          type: 'http',
          scheme: 'bearer',
          description: "The secret of one of the board's links: what stands behind its #.",
        },
        visitor: {
          type: 'apiKey',
          in: 'cookie',
          name: 'wirephoto_visitor',
          description: "The visitor's cookie, whose name ends in letters of the server.",
        },
      },
    },
    // A board that opens by its address needs none.
    security: [{}, { link: [] }, { visitor: [] }],
  }
}

/** Returns the operation of a method at an address. A HEAD is its GET. */
export function operationFor(method: string, address: string): Operation | undefined {
  const own = operations[`${method} ${address}`]
  return own ?? (method === 'HEAD' ? operations[`GET ${address}`] : undefined)
}

/** Returns an address as the document writes it: `/b/{board}`. */
export const pathOf = (address: string): string =>
  address.replaceAll(/:(\w+)/g, '{$1}').replace('*', '{name}')

function described(operation: Operation, method: string, address: string): Json {
  const { tag, summary, about, body, hasOwnErrors } = operation
  const path = pathOf(address)
  return {
    tags: [tag],
    operationId: `${method} ${address.replace('*', 'file')}`
      .toLowerCase()
      .replaceAll(/[^a-z\d]+/g, '-'),
    summary,
    ...(about && { description: about }),
    parameters: [
      ...[...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
        name,
        in: 'path',
        required: true,
        description: PARTS[name!],
        schema: { type: 'string' },
      })),
      ...(operation.query ? parametersOf(operation.query) : []),
      ...Object.entries(operation.headers ?? {}).map(([name, description]) => ({
        name,
        in: 'header',
        description,
        schema: { type: 'string' },
      })),
    ],
    ...(body && {
      requestBody: {
        required: body.isOptional !== true,
        content: Object.fromEntries(body.content.map((each) => contentOf(each, 'input'))),
      },
    }),
    responses: {
      ...Object.fromEntries(
        Object.entries(operation.answers).map(([status, answer]) => [
          status,
          {
            description: meaningOf(Number(status)),
            ...(answer !== null &&
              method !== 'HEAD' && {
                content: Object.fromEntries([contentOf(answer, 'output')]),
              }),
          },
        ]),
      ),
      ...(!hasOwnErrors && { default: { $ref: '#/components/responses/Error' } }),
    },
  }
}

const MEANINGS: Readonly<Record<number, string>> = {
  200: 'Done.',
  201: 'Made, and stored.',
  202: "Stored, and waiting for the board's owners.",
  204: 'Done.',
  206: 'The range that was asked for.',
  302: 'Look there.',
  303: 'Look there.',
  304: 'You have it.',
  503: 'Nothing can be saved at the moment.',
}
const meaningOf = (status: number): string => MEANINGS[status] ?? 'Done.'

function contentOf(content: z.ZodMiniType | MediaRange, io: 'input' | 'output'): [string, Json] {
  if (typeof content === 'string') return [content, { schema: {} }]
  const name = NAMES.get(content)
  const schema = name ? { $ref: `#/components/schemas/${name}` } : jsonSchema(content, io)
  return ['application/json', { schema }]
}

/** Lists the parameters that a query schema has. */
function parametersOf(query: z.ZodMiniObject): Json[] {
  const { properties = {}, required = [] } = jsonSchema(query, 'input') as {
    properties?: Record<string, Json>
    required?: readonly string[]
  }
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: 'query',
    required: required.includes(name),
    schema,
  }))
}

/** The answers by their names in the document. */
const NAMES = new Map<z.ZodMiniType, string>(
  Object.entries(answers).map(([name, schema]) => [schema, name]),
)

function schemas(): Json {
  const error = jsonSchema(ErrorBody, 'output') as { properties: { error: { properties: Json } } }
  const codes = { ...error.properties.error.properties, code: { enum: Object.keys(errors) } }
  const body = { ...error.properties.error, properties: codes }
  return {
    Error: { ...error, properties: { error: body } },
    ...Object.fromEntries([...NAMES].map(([schema, name]) => [name, jsonSchema(schema, 'output')])),
  }
}

function jsonSchema(schema: z.ZodMiniType, io: 'input' | 'output'): Json {
  const { $schema: _, ...rest } = toJSONSchema(schema, {
    io,
    unrepresentable: 'any',
    // A cursor and the like are checked by code, and are strings.
    override({ zodSchema, jsonSchema: made }) {
      if (zodSchema._zod.def.type === 'custom') made.type = 'string'
      if (made.minimum === Number.MIN_SAFE_INTEGER) delete made.minimum
      if (made.maximum === Number.MAX_SAFE_INTEGER) delete made.maximum
    },
  })
  return rest
}
