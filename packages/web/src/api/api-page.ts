import type { apiWords } from '../words/api.ts'

/* The page about the API: it draws the document, and tries its addresses. It is a script of its own, without imports. */

declare const WORDS: typeof apiWords

interface Schema {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
  readonly items?: Schema
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
}

interface Parameter {
  readonly name: string
  readonly in: 'path' | 'query' | 'header'
  readonly required?: boolean
  readonly description?: string
  readonly schema: Schema
}

type Content = Readonly<Record<string, { readonly schema: Schema }>>

interface Operation {
  readonly operationId: string
  readonly tags: readonly string[]
  readonly summary: string
  readonly description?: string
  readonly parameters: readonly Parameter[]
  readonly requestBody?: { readonly required: boolean; readonly content: Content }
  readonly responses: Readonly<
    Record<string, { readonly description?: string; readonly content?: Content }>
  >
}

interface ApiDocument {
  readonly servers: readonly { readonly url: string }[]
  readonly tags: readonly { readonly name: string; readonly description: string }[]
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> }
}

/** The parts of a request that somebody fills in. */
interface Filled {
  readonly values: Map<Parameter, HTMLInputElement>
  readonly json: HTMLTextAreaElement | null
  readonly file: HTMLInputElement | null
}

const JSON_TYPE = 'application/json'
/** Deeper parts of an answer are left out. */
const SHAPE_DEPTH_COUNT = 3

const base = new URL('.', import.meta.url)
const list = document.querySelector('#operations')!
const link = document.querySelector<HTMLInputElement>('#link')!
const search = document.querySelector<HTMLInputElement>('#find')!

/** Makes an element with attributes and children. */
function make<T extends keyof HTMLElementTagNameMap>(
  tag: T,
  attributes: Readonly<Record<string, string>> = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[T] {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value)
  element.append(...children)
  return element
}

/** Makes text that scrolls where it is long. Keys reach it, so that they can scroll it too. */
const code = (text: string): HTMLPreElement => make('pre', { tabindex: '0' }, text)

async function start(): Promise<void> {
  const response = await fetch(new URL('api/openapi.json', base))
  const api = (await response.json()) as ApiDocument
  const server = api.servers[0]!.url
  document.querySelector('#example')!.textContent = `curl -T p.jpg ${server}/`
  for (const { name, description } of api.tags) {
    const operations = Object.entries(api.paths).flatMap(([path, methods]) =>
      Object.entries(methods)
        .filter(([, { tags }]) => tags.includes(name))
        .map(([method, operation]) => drawn(api, path, method.toUpperCase(), operation)),
    )
    if (operations.length > 0)
      list.append(
        make(
          'section',
          {},
          make('h2', {}, name),
          make('p', { class: 'hint' }, description),
          ...operations,
        ),
      )
  }
  search.addEventListener('input', filter)
  // Somebody may have typed before the list was there.
  filter()
  openNamed()
  addEventListener('hashchange', openNamed)
}

/** Opens the operation that the address names. */
function openNamed(): void {
  const named = document.getElementById(location.hash.slice(1))
  if (!(named instanceof HTMLDetailsElement)) return
  named.open = true
  named.scrollIntoView()
}

/** Shows the operations that have what was typed. */
function filter(): void {
  const sought = search.value.trim().toLowerCase()
  let found = 0
  for (const section of list.querySelectorAll('section')) {
    let shown = 0
    for (const each of section.querySelectorAll<HTMLElement>('details.operation')) {
      const summary = each.querySelector('summary')!.textContent
      each.hidden = !summary.toLowerCase().includes(sought)
      if (!each.hidden) shown++
    }
    section.hidden = shown === 0
    found += shown
  }
  document.querySelector<HTMLElement>('#nothing')!.hidden = found > 0
}

function drawn(api: ApiDocument, path: string, method: string, operation: Operation): HTMLElement {
  const details = make(
    'details',
    { class: 'operation', id: operation.operationId },
    make(
      'summary',
      {},
      make('code', {}, make('b', {}, method), ' ', ...broken(path)),
      make('span', {}, operation.summary),
    ),
  )
  // Sixty of them are drawn sooner when each is drawn as it is opened.
  details.addEventListener('toggle', () => details.append(bodyOf(api, path, method, operation)), {
    once: true,
  })
  return details
}

/** Lets a path break behind its slashes. */
const broken = (path: string): (Node | string)[] =>
  path.split(/(?<=\/)/).flatMap((part) => [make('wbr'), part])

function bodyOf(api: ApiDocument, path: string, method: string, operation: Operation): HTMLElement {
  const { description, parameters, requestBody, responses } = operation
  const values = new Map(
    parameters.map((parameter) => {
      const value =
        parameter.name === 'board' ? 'main' : parameter.name === 'Tus-Resumable' ? '1.0.0' : ''
      return [
        parameter,
        make('input', { value, autocomplete: 'off', spellcheck: 'false' }),
      ] as const
    }),
  )
  const types = Object.keys(requestBody?.content ?? {})
  const sent = requestBody?.content[JSON_TYPE]?.schema
  const rows = sent ? '6' : '1'
  const json = sent ? make('textarea', { rows, spellcheck: 'false' }, example(api, sent)) : null
  const file = types.length > 0 && !sent ? make('input', { type: 'file' }) : null
  const filled: Filled = { values, json, file }
  const result = make('div', { class: 'result', 'aria-live': 'polite' })
  const button = make('button', { class: 'outlined', type: 'submit' }, WORDS.try)
  const form = make(
    'form',
    {},
    ...[...values].map(([parameter, input]) => field(parameter, input)),
    ...(json ? [labelled(WORDS.body, JSON_TYPE, json)] : []),
    ...(file ? [labelled(WORDS.file, types.join(', '), file)] : []),
    button,
  )
  const submit = async (): Promise<void> => {
    button.disabled = true
    result.replaceChildren(make('p', { class: 'hint' }, WORDS.trying))
    try {
      result.replaceChildren(...(await ask(path, method, filled)))
    } catch {
      result.replaceChildren(make('p', { class: 'trouble' }, WORDS.noAnswer))
    }
    button.disabled = false
  }
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    submit().catch(() => {
      // It has caught what may fail.
    })
  })
  const told = Object.entries(responses).flatMap(
    ([status, { description: meaning = '', content }]) =>
      status === 'default'
        ? []
        : [
            make('p', {}, make('b', {}, status), ` ${meaning}`),
            ...Object.entries(content ?? {}).map(([type, { schema }]) =>
              code(type === JSON_TYPE ? shape(api, schema) : type),
            ),
          ],
  )
  return make(
    'div',
    { class: 'inside' },
    ...(description ? [make('p', {}, description)] : []),
    form,
    result,
    make('h3', {}, WORDS.answers),
    ...told,
    ...(responses['default'] ? [make('p', { class: 'hint' }, WORDS.error)] : []),
  )
}

function field(parameter: Parameter, input: HTMLInputElement): HTMLElement {
  const { name, required, description = '', schema } = parameter
  const choices = schema.enum ? schema.enum.join(', ') : ''
  const optional = required ? '' : WORDS.optional
  const hint = [WORDS.place[parameter.in], optional, choices, description].filter(Boolean)
  return labelled(name, hint.join(' · '), input)
}

const labelled = (name: string, hint: string, control: HTMLElement): HTMLElement =>
  make('label', {}, make('code', {}, name), make('span', { class: 'hint' }, hint), control)

/** Sends the request, and draws its answer. */
async function ask(path: string, method: string, { values, json, file }: Filled): Promise<Node[]> {
  const headers = new Headers()
  const query = new URLSearchParams()
  let address = path.slice(1)
  for (const [{ name, in: place }, { value }] of values)
    if (place === 'path') address = address.replace(`{${name}}`, encodeURIComponent(value))
    else if (value !== '' && place === 'query') query.set(name, value)
    else if (value !== '') headers.set(name, value)
  if (link.value !== '') headers.set('authorization', `Bearer ${link.value.replace(/^.*#/, '')}`)
  const text = json?.value.trim() ?? ''
  if (text !== '') headers.set('content-type', JSON_TYPE)
  const picture = file?.files?.[0]
  const url = new URL(address, base)
  url.search = query.toString()
  const body = picture ?? (text === '' ? null : text)
  const response = await fetch(url, { method, headers, body, redirect: 'manual' })
  const kind = response.headers.get('content-type') ?? ''
  const status = response.type === 'opaqueredirect' ? '3xx' : String(response.status)
  const etag = response.headers.get('etag')
  const head = make(
    'p',
    {},
    make('b', {}, status),
    ` ${kind}`,
    ...(etag ? [` · ETag ${etag}`] : []),
  )
  return [code(`${method} ${url.href}`), head, await content(response, kind)]
}

async function content(response: Response, kind: string): Promise<Node> {
  if (kind.startsWith('image/') && response.ok) {
    const source = URL.createObjectURL(await response.blob())
    const image = make('img', { src: source, alt: '' })
    image.addEventListener('load', () => URL.revokeObjectURL(source), { once: true })
    return image
  }
  if (!/json|^text\//.test(kind)) {
    const { size } = await response.blob()
    return make('p', { class: 'hint' }, size === 0 ? WORDS.isEmpty : `${size} ${WORDS.bytes}`)
  }
  const text = await response.text()
  return code(kind.includes('json') ? JSON.stringify(JSON.parse(text), null, 2) : text)
}

/** Returns the schema that a reference names. */
function resolved({ components }: ApiDocument, schema: Schema): Schema {
  const name = schema.$ref?.split('/').at(-1)
  return name === undefined ? schema : components.schemas[name]!
}

/** Returns a body to begin with: the fields that must be there. */
function example(api: ApiDocument, schema: Schema): string {
  const { properties = {}, required = [] } = resolved(api, schema)
  const needed = Object.keys(properties).filter((name) => required.includes(name))
  const value = (name: string): unknown => {
    const { type, enum: choices } = resolved(api, properties[name]!)
    return (
      choices?.[0] ?? (type === 'array' ? [] : type === 'integer' || type === 'number' ? 1 : '')
    )
  }
  return JSON.stringify(Object.fromEntries(needed.map((name) => [name, value(name)])), null, 2)
}

/** Returns the shape of JSON as people write it. */
function shape(api: ApiDocument, reference: Schema, depth = 0): string {
  const schema = resolved(api, reference)
  const { anyOf, oneOf, items, properties } = schema
  if (schema.const !== undefined) return JSON.stringify(schema.const)
  if (schema.enum) return schema.enum.map((each) => JSON.stringify(each)).join(' | ')
  const several = anyOf ?? oneOf
  if (several) return [...new Set(several.map((each) => shape(api, each, depth)))].join(' | ')
  if (items) return `[${shape(api, items, depth)}]`
  if (!properties) return [schema.type ?? 'any'].flat().join(' | ')
  if (depth >= SHAPE_DEPTH_COUNT) return '{…}'
  const pad = '  '.repeat(depth + 1)
  const required = new Set(schema.required)
  const fields = Object.entries(properties).map(
    ([name, each]) =>
      `${pad}${name}${required.has(name) ? '' : '?'}: ${shape(api, each, depth + 1)}`,
  )
  return `{\n${fields.join('\n')}\n${'  '.repeat(depth)}}`
}

start().catch(() => {
  list.append(make('p', { class: 'trouble' }, WORDS.noDocument))
})
