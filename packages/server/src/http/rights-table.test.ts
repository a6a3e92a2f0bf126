import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import {
  type Command,
  type CommandAnswer,
  type ImageRecord,
  ROLES,
  type Role,
  uuidv7,
} from '@wirephoto/board'
import type { Socket } from 'socket.io-client'
import { Harness } from '../../support/http-harness.ts'
import { openSocket } from '../../support/open-socket.ts'
import { deviceOf } from '../access/device.ts'
import { hashOf } from '../access/records.ts'
import { DEFAULT_BOARD_ID } from '../boards/boards.ts'

/* SPEC.md's table of role by verb by door, every cell of it over real HTTP and sockets. */

const SPEC = resolve(import.meta.dirname, '../../../../SPEC.md')
const COLUMNS = ['none', 'view', 'add', 'mine', 'edit', 'own', 'server'] as const
type Column = (typeof COLUMNS)[number]
/** Codes by which a right is refused. */
const REFUSALS: ReadonlySet<string> = new Set([
  'link-needed',
  'link-ended',
  'not-allowed',
  'owner-needed',
])
/** Answers to a code that is made up. */
const WRONG_CODES = ['wrong-code', 'too-many']
const CLASSIC = 'party'
const ANY_PICTURE = '01890a5d-ac96-7b74-8d4a-000000000001'

/** One pixel. */
const GIF = Buffer.from('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7', 'base64')
const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
)
/** Longer than any answer takes, on a slow machine. */
const PATIENCE_MS = 20_000
const OCTETS = 'application/offset+octet-stream'
const TUS = { 'tus-resumable': '1.0.0' }

interface Row {
  readonly door: string
  readonly cells: Record<Column, boolean>
}

/** Somebody who asks, by a cookie or by a bearer. */
class Asker {
  readonly name: string
  readonly headers: Record<string, string>
  /** The public id. */
  readonly visitor: string
  readonly sockets = new Map<string, Socket | string>()

  readonly token: string
  readonly way: 'cookie' | 'bearer'
  /** The role on the board, if the name is one. */
  readonly role: Role | undefined

  constructor(name: string, token: string, way: 'cookie' | 'bearer', further = '') {
    this.token = token
    this.way = way
    this.role = ROLES.find((role) => role === name)
    this.name = `${name} by ${way}`
    this.headers =
      way === 'bearer'
        ? { authorization: `Bearer ${token}` }
        : { cookie: `${cookieName}=${token}${further}`, origin: server.url }
    this.visitor = createHash('sha256').update(token).digest('base64url').slice(0, 22)
  }

  /** Makes a message of a queue that has no other. */
  message(command: Command): object {
    return { client: newId(), n: 1, commands: [command] }
  }

  async socketTo(board: string): Promise<Socket | string> {
    const known = this.sockets.get(board)
    if (known !== undefined) return known
    const opened = await openSocket(server.url, board, { headers: this.headers })
    this.sockets.set(board, opened)
    return opened
  }
}

/** The status or the code of an answer. */
type Outcome = number | string

interface Try {
  readonly board: string
  readonly asker: Asker
  readonly isMine: boolean
  /** Makes a picture of somebody else, or of the asker. */
  readonly makePicture: () => Promise<string>
}

interface Door {
  readonly pass: (attempt: Try) => Promise<Outcome>
  /** Codes by which somebody is answered whom the door has let in. */
  readonly also?: readonly string[]
}

const newId = (): string => uuidv7(Date.now(), randomBytes(10))
const newToken = (): string => randomBytes(16).toString('base64url')

let server: Harness
let webRoot: string
let cookieName: string
/** The board that the rights are on, and another one. Both open by links. */
const boards = { here: DEFAULT_BOARD_ID, elsewhere: '' }
const linkSecrets = new Map<string, Map<Role, string>>()
const stored = new Map<string, ImageRecord>()
const askers = new Map<Role, Asker[]>()
let serverOwner: Asker
let watcher: Socket
/** All that the watcher was told. */
let told = ''

before(async () => {
  webRoot = await mkdtemp(join(tmpdir(), 'wirephoto-web-'))
  await writeFile(join(webRoot, 'index.html'), '<!doctype html>')
  await writeFile(join(webRoot, 'theme.js'), '')
  await writeFile(join(webRoot, 'api.html'), '<!doctype html>')
  const many = 1_000_000
  server = await Harness.open({
    webRoot,
    publicUrl: 'http://board.test',
    isOpen: false,
    classic: { board: CLASSIC, pages: null, port: null },
    bounds: {
      'commands-per-address': many,
      'commands-per-visitor': many,
      'boards-per-address': many,
      'queues-per-address': many,
      'queues-per-visitor': many,
    },
  })
  const first = await fetch(`${server.url}/api/addresses`)
  cookieName = first.headers.get('set-cookie')!.split('=')[0]!
  boards.elsewhere = await server.boards.create()
  await server.access.rules.change(boards.elsewhere)
  for (const board of [boards.here, boards.elsewhere]) {
    const made = await server.access.links.makeAll(board)
    linkSecrets.set(board, new Map(made.map(({ role, secret }) => [role, secret])))
    const put = await fetch(`${server.url}/b/${board}/p.gif`, {
      method: 'PUT',
      body: GIF,
      headers: { authorization: `Bearer ${secretOf(board, 'own')}` },
    })
    assert.equal(put.status, 201)
    stored.set(board, (await put.json()) as ImageRecord)
  }
  for (const role of ROLES) {
    const browser = new Asker(role, newToken(), 'cookie')
    const exchanged = await ask(browser, 'POST', `/api/boards/${boards.here}/session`, {
      json: { secret: secretOf(boards.here, role) },
    })
    assert.equal(exchanged, 200)
    askers.set(role, [browser, new Asker(role, secretOf(boards.here, role), 'bearer')])
  }
  const { token } = await server.access.ownerSessions.begin(deviceOf())
  const session = `; ${cookieName.replace('visitor', 'owner')}=${token}`
  serverOwner = new Asker('the owner of the server', newToken(), 'cookie', session)
  watcher = await watch()
})
after(async () => {
  watcher?.close()
  for (const asker of [...askers.values()].flat())
    for (const socket of asker.sockets.values()) if (typeof socket !== 'string') socket.close()
  await server.close()
  await rm(webRoot, { recursive: true })
})

const secretOf = (board: string, role: Role): string => linkSecrets.get(board)!.get(role)!

/** Opens a socket that hears all that is told on the board. */
async function watch(): Promise<Socket> {
  const token = secretOf(boards.here, 'own')
  const socket = await openSocket(server.url, boards.here, { token })
  assert.ok(typeof socket !== 'string')
  for (const event of ['show', 'presence', 'roster'])
    socket.on(event, (text: string) => {
      told += text
    })
  using held = await server.boards.hold(boards.here)
  await socket.timeout(PATIENCE_MS).emitWithAck('follow', { cursor: held.board.cursor })
  return socket
}

interface Sent {
  readonly json?: object
  readonly body?: Uint8Array<ArrayBuffer>
  readonly headers?: Record<string, string>
}

async function ask(asker: Asker, method: string, path: string, sent: Sent = {}): Promise<Outcome> {
  const { json, headers } = sent
  const body = json ? JSON.stringify(json) : sent.body
  const response = await fetch(server.url + path, {
    method,
    redirect: 'manual',
    headers: {
      ...asker.headers,
      ...(json && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body }),
  })
  const text = await response.text()
  if (response.status < 400) return response.status
  if (method === 'HEAD')
    return [401, 403].includes(response.status) ? 'not-allowed' : response.status
  const { error } = JSON.parse(text) as { error?: { code?: string } }
  return error?.code ?? response.status
}

/** Makes a door that is an address. */
function address(
  method: string,
  path: (attempt: Try) => string,
  sent: Sent = {},
  also: readonly string[] = [],
): Door {
  return { also, pass: (attempt) => ask(attempt.asker, method, path(attempt), sent) }
}

/** Makes a door that is a picture's address. */
function pictureAddress(
  method: string,
  path: (attempt: Try, id: string) => string,
  sent: (attempt: Try, id: string) => Sent = () => ({}),
  also: readonly string[] = [],
): Door {
  return {
    also,
    async pass(attempt) {
      const id = await attempt.makePicture()
      return ask(attempt.asker, method, path(attempt, id), sent(attempt, id))
    },
  }
}

/** Makes a door that is a command: by HTTP, and by the socket if there is one. */
function command(make: (attempt: Try) => Promise<Command>): Door {
  return {
    async pass(attempt) {
      const { asker, board } = attempt
      const response = await fetch(`${server.url}/b/${board}/commands`, {
        method: 'POST',
        headers: { ...asker.headers, 'content-type': 'application/json' },
        body: JSON.stringify(asker.message(await make(attempt))),
      })
      const byHttp = outcomeOf(await response.json())
      const socket = await asker.socketTo(board)
      const bySocket =
        typeof socket === 'string'
          ? socket
          : outcomeOf(
              await socket
                .timeout(PATIENCE_MS)
                .emitWithAck('commands', asker.message(await make(attempt))),
            )
      assert.equal(byHttp, bySocket, `${asker.name}: HTTP and the socket are of one mind`)
      return byHttp
    },
  }
}

function outcomeOf(answer: unknown): Outcome {
  const { error, refused } = answer as Partial<CommandAnswer> & { error?: { code: string } }
  return error?.code ?? refused?.[0]?.error.code ?? 200
}

/** Makes a door that is an event of the socket. */
function event(emit: (socket: Socket, attempt: Try) => Promise<unknown>): Door {
  return {
    async pass(attempt) {
      const socket = await attempt.asker.socketTo(attempt.board)
      if (typeof socket === 'string') return socket
      const answer = await emit(socket, attempt)
      assert.ok(socket.connected)
      return answer === undefined ? 200 : outcomeOf(answer)
    },
  }
}

/** The texts that the watcher must have been told in the end. */
const markers: { readonly text: string; readonly what: string }[] = []

async function followed(socket: Socket): Promise<unknown> {
  using held = await server.boards.hold(boards.here)
  return socket.timeout(PATIENCE_MS).emitWithAck('follow', { cursor: held.board.cursor })
}

/** Begins the upload of a picture. */
const beginUpload = (asker: Asker, board: string, id: string): Promise<Outcome> =>
  ask(asker, 'POST', `/api/boards/${board}/uploads`, {
    headers: { ...TUS, 'upload-length': '43', 'upload-metadata': `id ${btoa(id)}` },
  })

const upload = (method: string): Door => ({
  async pass({ asker, board, makePicture, isMine }) {
    const id = await makePicture()
    if (isMine) await beginUpload(asker, board, id)
    const headers = { ...TUS, 'upload-offset': '0', 'content-type': OCTETS }
    return ask(asker, method, `/api/boards/${board}/uploads/${id}`, { headers })
  },
})

const picture = ({ board }: Try): ImageRecord => stored.get(board)!
const api = ({ board }: Try): string => `/api/boards/${board}`
const page = ({ board }: Try): string => `/b/${board}`

const linkDoor = (method: string, rest: string, sent: Sent = {}): Door => ({
  async pass({ asker, board }) {
    const { id } = await server.access.links.make(board, { role: 'view' })
    return ask(asker, method, `/api/boards/${board}/links/${id}${rest}`, sent)
  },
})

const blob = (side: string): Door =>
  address('GET', (at) => `${page(at)}/blob/${picture(at).blob}/${side}`, {}, ['not-found'])

const put = (path: (attempt: Try) => string): Door => address('PUT', path, { body: GIF })

/** Makes a live slot. Resolves to its name. */
async function makeSlot(board: string, headers: Record<string, string>): Promise<string> {
  const slot = `s${randomBytes(6).toString('hex')}`
  const address = `${server.url}/b/${board}/live/${slot}`
  assert.equal((await fetch(address, { method: 'PUT', body: PNG, headers })).status, 202)
  return slot
}

/** The live slots that are only read, by board. */
const readSlots = new Map<string, Promise<string>>()

/** Makes a door that reads a live slot. */
const slotRead = (rest: string, also: readonly string[] = []): Door => ({
  also,
  async pass({ asker, board }) {
    const owner = { authorization: `Bearer ${secretOf(board, 'own')}` }
    const slot = await (readSlots.get(board) ?? makeSlot(board, owner))
    readSlots.set(board, Promise.resolve(slot))
    return ask(asker, 'GET', `/api/boards/${board}/slots/${slot}${rest}`)
  },
})

const decision = (name: 'approve' | 'refuse'): Door =>
  address('POST', (at) => `${api(at)}/held/${name}`, { json: { ids: [ANY_PICTURE] } })

/** Makes a picture for a command that its author has put in the trash, and that the server has perhaps marked. */
const trashed = async ({ board, makePicture }: Try, isMarked = false): Promise<string> => {
  const id = await makePicture()
  const { author } = (await server.record(id, board))!
  await server.act([{ kind: 'image.remove', id }], { visitor: author, role: 'edit' }, board)
  if (isMarked) await server.act([{ kind: 'image.purge', id }], undefined, board)
  return id
}

const DOORS: Readonly<Record<string, Door>> = {
  'GET /api/boards/:board': address('GET', api),
  'GET /api/boards/:board/snapshot': address('GET', (at) => `${api(at)}/snapshot`),
  'GET /api/boards/:board/overview': address('GET', (at) => `${api(at)}/overview`),
  'GET /b/:board/changes': {
    async pass({ asker, board }) {
      using held = await server.boards.hold(board)
      return ask(asker, 'GET', `/b/${board}/changes?wait=0&after=${held.board.cursor}`)
    },
  },
  'GET /api/boards/:board/images/:id': pictureAddress('GET', (at, id) => `${api(at)}/images/${id}`),
  'GET /api/boards/:board/images/:id/file': address(
    'GET',
    (at) => `${api(at)}/images/${picture(at).id}/file`,
  ),
  'GET /b/:board/blob/:sha256/original': blob('original'),
  'GET /b/:board/blob/:sha256/64': blob('64'),
  'GET /b/:board/blob/:sha256/320': blob('320'),
  'GET /b/:board/blob/:sha256/1280': blob('1280'),
  'GET /b/:board/blob/:sha256/4096': blob('4096'),
  'GET /b/:board/arrivals/:id': address('GET', (at) => `${page(at)}/arrivals/${newId()}`, {}, [
    'not-found',
    'unknown-picture',
  ]),
  'GET /b/:board/arrivals/:id/preview': pictureAddress(
    'GET',
    (at, id) => `${page(at)}/arrivals/${id}/preview`,
    () => ({}),
    ['not-found'],
  ),
  'PUT /b/:board/arrivals/:id/preview/large': pictureAddress(
    'PUT',
    (at, id) => `${page(at)}/arrivals/${id}/preview/large`,
    () => ({ body: PNG }),
  ),
  'GET /b/:board/arrivals/:id/preview/large': pictureAddress(
    'GET',
    (at, id) => `${page(at)}/arrivals/${id}/preview/large`,
    () => ({}),
    ['not-found'],
  ),
  'GET /api/boards/:board/session': address('GET', (at) => `${api(at)}/session`),
  'POST /b/:board/commands': pictureAddress(
    'POST',
    (at) => `${page(at)}/commands`,
    ({ asker }, id) => ({
      json: asker.message({ kind: 'image.patch', id, set: { x: 1 } }),
    }),
  ),
  'POST /api/boards/:board/images': address('POST', (at) => `${api(at)}/images?name=p.gif`, {
    body: GIF,
  }),
  'POST /api/boards/:board/images/from-url': address(
    'POST',
    (at) => `${api(at)}/images/from-url`,
    { json: { url: 'ftp://nowhere.test' } },
    ['bad-request'],
  ),
  'PUT /b/:board': put(page),
  'PUT /b/:board/': put((at) => `${page(at)}/`),
  'PUT /b/:board/:name': put((at) => `${page(at)}/p.gif`),
  'PUT /': put(() => '/'),
  'PUT /:name': put(() => '/p.gif'),
  'PUT /api/boards/:board/images/:id': put((at) => `${api(at)}/images/${newId()}`),
  'PUT /api/boards/:board/slots/:slot': address('PUT', (at) => `${api(at)}/slots/${newId()}`, {
    body: PNG,
  }),
  'GET /api/boards/:board/slots': address('GET', (at) => `${api(at)}/slots`),
  'GET /api/boards/:board/slots/:slot': slotRead(''),
  'GET /api/boards/:board/slots/:slot/frames': slotRead('/frames'),
  'GET /api/boards/:board/slots/:slot/frames/:sha256': slotRead(`/frames/${'0'.repeat(64)}`, [
    'not-found',
  ]),
  'DELETE /api/boards/:board/slots/:slot': {
    async pass({ asker, board, isMine }) {
      const owner = { authorization: `Bearer ${secretOf(board, 'own')}` }
      const isSender = isMine && (await ask(asker, 'GET', `/api/boards/${board}/slots`)) === 200
      const slot = await makeSlot(board, isSender ? asker.headers : owner)
      return ask(asker, 'DELETE', `/api/boards/${board}/slots/${slot}`)
    },
  },
  'POST /b/:board/show': address('POST', (at) => `${page(at)}/show`, { body: PNG }),
  'DELETE /b/:board/show': address('DELETE', (at) => `${page(at)}/show`),
  'PUT /b/:board/live/:slot': address('PUT', (at) => `${page(at)}/live/${newId()}`, { body: PNG }),
  'PATCH /api/boards/:board/images/:id': pictureAddress(
    'PATCH',
    (at, id) => `${api(at)}/images/${id}`,
    () => ({
      json: { x: 1 },
    }),
  ),
  'DELETE /api/boards/:board/images/:id': pictureAddress(
    'DELETE',
    (at, id) => `${api(at)}/images/${id}`,
  ),
  'POST /api/boards/:board/uploads': {
    pass: async ({ asker, board, makePicture }) => beginUpload(asker, board, await makePicture()),
  },
  'HEAD /api/boards/:board/uploads/:id': upload('HEAD'),
  'PATCH /api/boards/:board/uploads/:id': upload('PATCH'),
  'DELETE /api/boards/:board/uploads/:id': upload('DELETE'),
  'GET /api/boards/:board/links': address('GET', (at) => `${api(at)}/links`),
  'POST /api/boards/:board/links': address('POST', (at) => `${api(at)}/links`, {
    json: { role: 'own' },
  }),
  'PATCH /api/boards/:board/links/:id': linkDoor('PATCH', '', { json: { role: 'own' } }),
  'DELETE /api/boards/:board/links/:id': linkDoor('DELETE', ''),
  'POST /api/boards/:board/links/:id/renew': linkDoor('POST', '/renew'),
  'GET /api/boards/:board/access': address('GET', (at) => `${api(at)}/access`),
  'PATCH /api/boards/:board/access': address('PATCH', (at) => `${api(at)}/access`, {
    json: { wallLink: null },
  }),
  'GET /api/boards/:board/join-code': address('GET', (at) => `${api(at)}/join-code`, {}, [
    'no-wall-link',
  ]),
  'POST /api/join': address('POST', () => '/api/join', { json: { code: 'BCDFGH' } }, WRONG_CODES),
  'GET /j/:code': address('GET', () => '/j/BCDFGH', {}, WRONG_CODES),
  'GET /api/boards/:board/webhooks': address('GET', (at) => `${api(at)}/webhooks`),
  'POST /api/boards/:board/webhooks': address(
    'POST',
    (at) => `${api(at)}/webhooks`,
    { json: { url: 'http://127.0.0.1/' } },
    ['foreign-address'],
  ),
  'DELETE /api/boards/:board/webhooks/:id': address(
    'DELETE',
    (at) => `${api(at)}/webhooks/none`,
    {},
    ['not-found'],
  ),
  'GET /api/boards/:board/audit': address('GET', (at) => `${api(at)}/audit`),
  'GET /api/boards/:board/held': address('GET', (at) => `${api(at)}/held`),
  'POST /api/boards/:board/held/approve': decision('approve'),
  'POST /api/boards/:board/held/refuse': decision('refuse'),
  'POST /api/boards/:board/held/:image/approve': address(
    'POST',
    (at) => `${api(at)}/held/${newId()}/approve`,
    {},
    ['unknown-picture'],
  ),
  'POST /api/boards/:board/held/:image/refuse': address(
    'POST',
    (at) => `${api(at)}/held/${newId()}/refuse`,
    {},
    ['unknown-picture'],
  ),
  // The front board can't be deleted, so the same right is given on a board of its own.
  'DELETE /api/boards/:board': {
    async pass({ asker, board }) {
      const made = await server.boards.create()
      const links = await server.access.close(made, {
        token: newToken(),
        source: 'cookie',
        isProxied: false,
      })
      const link = board === boards.here && links.find(({ role }) => role === asker.role)
      if (link && asker.way === 'cookie')
        await server.access.grants.giveBy(asker.token, made, link, { passphrase: null })
      const isBearer = link && asker.way === 'bearer'
      const who = isBearer ? new Asker(link.role, link.secret, 'bearer') : asker
      return ask(who, 'DELETE', `/api/boards/${made}`)
    },
  },
  'command image.add': command(async () => ({
    kind: 'image.add',
    id: newId(),
    name: 'p.gif',
    width: 1,
    height: 1,
  })),
  'command image.copy': command(async (at) => ({
    kind: 'image.copy',
    id: newId(),
    sourceId: picture(at).id,
    x: 0,
    y: 0,
  })),
  'command image.patch': command(async ({ makePicture }) => ({
    kind: 'image.patch',
    id: await makePicture(),
    set: { caption: 'Mine now' },
  })),
  'command image.remove': command(async ({ makePicture }) => ({
    kind: 'image.remove',
    id: await makePicture(),
  })),
  'command image.restore': command(async (at) => ({
    kind: 'image.restore',
    id: await trashed(at),
  })),
  'command image.revert': {
    ...command(async ({ makePicture }) => ({
      kind: 'image.revert',
      id: await makePicture(),
      blob: '0'.repeat(64),
    })),
    also: ['wrong-etag'],
  },
  'command image.keep': command(async (at) => ({
    kind: 'image.keep',
    id: await trashed(at, true),
  })),
  'command image.purge': command(async (at) => ({ kind: 'image.purge', id: await trashed(at) })),
  'command board.patch': command(async () => ({ kind: 'board.patch', set: { title: 'Mine' } })),
  'socket connect': event(async () => {}),
  'socket follow': event(followed),
  'socket seen': event((socket, at) => {
    socket.emit('seen', { ids: [picture(at).id] })
    return followed(socket)
  }),
  'socket sending': event(async (socket, { makePicture }) => {
    socket.emit('sending', { [await makePicture()]: { state: 'failed' } })
    return followed(socket)
  }),
  'socket presence': event((socket, { asker }) => {
    markers.push({ text: asker.name, what: 'presence' })
    const state = { name: asker.name, cursor: null, selection: [], drag: null }
    socket.emit('presence', state)
    return followed(socket)
  }),
  'socket previews': event(async (socket, { makePicture }) =>
    socket.timeout(PATIENCE_MS).emitWithAck('previews', { [await makePicture()]: GIF }),
  ),
  'socket show': event(async (socket, { asker, board }) => {
    const id = await server.announce('p.gif', 'somebody', board)
    socket.emit('show', { id })
    await followed(socket)
    const mayShow = asker === serverOwner || asker.role === 'edit' || asker.role === 'own'
    if (mayShow && board === boards.here) markers.push({ text: id, what: 'show' })
    if (!mayShow) unshown.push(id)
    return mayShow ? {} : { error: { code: 'not-allowed' } }
  }),
  'OPTIONS /api/boards/:board/uploads': address('OPTIONS', (at) => `${api(at)}/uploads`),
  'OPTIONS /api/boards/:board/uploads/:id': address('OPTIONS', (at) => `${api(at)}/uploads/1`),
  'GET /api/boards/:board/archive.zip': address('GET', (at) => `${api(at)}/archive.zip`),
  'POST /api/boards/:board/archives': address('POST', (at) => `${api(at)}/archives`),
  'GET /b/:board': address('GET', page),
  'GET /b/:board/': address('GET', (at) => `${page(at)}/`),
  'GET /b/:board/show': address('GET', (at) => `${page(at)}/show`),
  'GET /b/:board/show/': address('GET', (at) => `${page(at)}/show/`),
  'GET /b/:board/add': address('GET', (at) => `${page(at)}/add`),
  'GET /b/:board/add/': address('GET', (at) => `${page(at)}/add/`),
  'GET /': address('GET', () => '/'),
  'GET /*': address('GET', () => '/theme.js'),
  'GET /api': address('GET', () => '/api'),
  'GET /api/openapi.json': address('GET', () => '/api/openapi.json'),
  'GET /healthz': address('GET', () => '/healthz'),
  'GET /readyz': address('GET', () => '/readyz'),
  'GET /metrics': address('GET', () => '/metrics'),
  'GET /api/addresses': address('GET', () => '/api/addresses'),
  'POST /api/boards': address('POST', () => '/api/boards'),
  'GET /api/boards': address('GET', () => '/api/boards'),
  'POST /api/boards/:board/close': {
    pass: async ({ asker }) =>
      ask(asker, 'POST', `/api/boards/${await server.boards.create()}/close`),
  },
  'POST /api/owner': {
    also: WRONG_CODES,
    async pass({ asker }) {
      const outcome = await ask(asker, 'POST', '/api/owner', { json: { code: 'BCDFGH' } })
      if (asker.way === 'cookie') return outcome
      assert.equal(outcome, 'not-allowed', 'no bearer owns the server')
      return 'wrong-code'
    },
  },
  'GET /api/owner': address('GET', () => '/api/owner'),
  'DELETE /api/owner': {
    // Its own session would end, and it comes again.
    pass: ({ asker }) =>
      ask(asker, 'DELETE', '/api/owner', {
        headers: asker.way === 'cookie' ? { cookie: `${cookieName}=${asker.token}` } : {},
      }),
  },
  'GET /api/owner/sign-in': address('GET', () => '/api/owner/sign-in', {}, ['not-found']),
  'GET /api/owner/callback': address('GET', () => '/api/owner/callback', {}, ['not-found']),
  'GET /api/owners': address('GET', () => '/api/owners'),
  'DELETE /api/owners/:id': {
    async pass({ asker }) {
      const { token } = await server.access.ownerSessions.begin(deviceOf())
      const hash = hashOf.serverOwner(token)
      const { id } = (await server.access.ownerSessions.list()).find((each) => each.hash === hash)!
      return ask(asker, 'DELETE', `/api/owners/${id}`)
    },
  },
  'GET /api/boards/:board/owners': address('GET', (at) => `${api(at)}/owners`),
  'DELETE /api/boards/:board/owners/:id': {
    async pass({ asker, board }) {
      const token = newToken()
      await server.access.grants.give(token, board, 'own')
      const hash = hashOf.grant(token, board)
      const { id } = (await server.access.grants.owners(board)).find((each) => each.hash === hash)!
      return ask(asker, 'DELETE', `/api/boards/${board}/owners/${id}`)
    },
  },
  'POST /image': address('POST', () => '/image', { json: {} }, ['bad-request']),
  'POST /image/': address('POST', () => '/image/', { json: {} }, ['bad-request']),
  'POST /image/:id': address('POST', () => `/image/${newId()}`, {}, ['unknown-picture']),
  'PUT /image/:id': address('PUT', () => `/image/${newId()}`, {}, ['unknown-picture']),
  'GET /image/download/:id': address('GET', (at) => `/image/download/${picture(at).id}`, {}, [
    'unknown-picture',
  ]),
  'GET /config.js': address('GET', () => '/config.js', {}, ['not-found']),
  'socket.io connect': address('GET', () => '/socket.io/?EIO=4&transport=polling'),
  'POST /api/boards/:board/session': {
    pass: ({ asker, board }) =>
      ask(asker, 'POST', `/api/boards/${board}/session`, {
        json: { secret: secretOf(board, 'view') },
      }),
  },
  'DELETE /api/boards/:board/session': address('DELETE', (at) => `${api(at)}/session`),
}
/** Pictures that nobody must be shown. */
const unshown: string[] = []
/** Doors that change what the asker may do, so they come last. */
const LAST = new Set([
  'PATCH /api/boards/:board/access',
  'POST /api/boards/:board/session',
  'DELETE /api/boards/:board/session',
])

async function readTable(): Promise<Row[]> {
  const text = await readFile(SPEC, 'utf8')
  const [, section = ''] = text.split('### Role by verb by door')
  const lines = section.split('\n## ')[0]!.matchAll(/^\| `([^`]+)` \|[^|]+\|(.+)\|$/gm)
  return [...lines].map(([, door, marks]) => {
    const cells = marks!.split('|').map((each) => each.trim())
    assert.equal(cells.length, COLUMNS.length, door)
    for (const cell of cells) assert.match(cell, /^[✓–]$/, door)
    const byColumn = COLUMNS.map((column, i) => [column, cells[i] === '✓'] as const)
    return { door: door!, cells: Object.fromEntries(byColumn) as Record<Column, boolean> }
  })
}

/** Returns those who ask in a column, on the board or on another. */
function askersIn(column: Column): readonly Asker[] {
  if (column === 'server') return [serverOwner]
  if (column !== 'none') return askers.get(column === 'mine' ? 'add' : column)!
  return [
    new Asker('a stranger', newToken(), 'cookie'),
    new Asker('a stranger', newToken(), 'bearer'),
  ]
}

/** Passes a door. Resolves to whether it let the asker in. */
async function isLetIn(door: string, attempt: Try): Promise<boolean> {
  const { pass, also = [] } = DOORS[door]!
  const outcome = await pass(attempt)
  if (typeof outcome === 'string' && REFUSALS.has(outcome)) return false
  const isExpected =
    typeof outcome === 'number' ? outcome < 400 || also.length > 0 : also.includes(outcome)
  assert.ok(isExpected, `${door} answers ${attempt.asker.name} with ${outcome}`)
  return true
}

test('B70, B71, B73, B74, F11: every cell of the table, by cookie and by bearer, on one and two boards', async () => {
  const rows = (await readTable()).sort((a, b) => +LAST.has(a.door) - +LAST.has(b.door))
  assert.deepEqual(rows.map(({ door }) => door).toSorted(), Object.keys(DOORS).toSorted())
  const wrong: string[] = []
  const foreign = new Map<string, string>()
  const others = new Map<string, Asker>()
  for (const board of [boards.here, boards.elsewhere]) {
    const { secret } = await server.access.links.make(board, { role: 'add' })
    const other = new Asker('somebody', secret, 'bearer')
    const id = await server.announce('p.gif', other.visitor, board)
    assert.equal(await beginUpload(other, board, id), 201)
    foreign.set(board, id)
    others.set(board, other)
  }
  for (const { door, cells } of rows) {
    const isFront = door === 'PUT /' || door === 'PUT /:name'
    for (const column of COLUMNS)
      for (const asker of askersIn(column))
        for (const board of [boards.here, boards.elsewhere]) {
          if (isFront && board !== DEFAULT_BOARD_ID) continue
          const isMine = column === 'mine'
          const author = isMine ? asker.visitor : others.get(board)!.visitor
          const isElsewhere = board === boards.elsewhere && column !== 'server'
          const expected = isElsewhere ? cells.none : cells[column]
          // One that somebody may change is made for them alone.
          const makePicture = async () =>
            expected || isMine ? server.announce('p.gif', author, board) : foreign.get(board)!
          const letIn = await isLetIn(door, { board, asker, isMine, makePicture })
          if (letIn !== expected)
            wrong.push(
              `${door}: ${asker.name} in column ${column} is wrongly ${letIn ? 'allowed' : 'refused'}${board === boards.here ? '' : ' on another board'}`,
            )
        }
  }
  assert.deepEqual(wrong, [])
  const untold = () => markers.filter(({ text }) => !told.includes(text))
  for (const deadline = Date.now() + PATIENCE_MS; untold().length > 0 && Date.now() < deadline; )
    await setTimeout(50)
  assert.deepEqual(untold(), [])
  for (const id of unshown) assert.ok(!told.includes(id), 'shown without the right')
})

test('B72: every address of the server has its row', async () => {
  const known = new Set((await readTable()).map(({ door }) => door))
  const owner = askers.get('own')![1]!
  const open: string[] = []
  for (const { method, url } of routesOf(server.routes)) {
    const isHeadOfGet = method === 'HEAD' && known.has(`GET ${url}`)
    if (known.has(`${method} ${url}`) || isHeadOfGet) continue
    const path = url
      .replace(':board', boards.here)
      .replace(':sha256', stored.get(boards.here)!.blob!)
      .replace(/:\w+/, newId())
    const headers = { ...owner.headers, ...TUS }
    const { status } = await fetch(server.url + path, { method, headers })
    if (status !== 405) open.push(`${method} ${url}: ${status}`)
  }
  assert.deepEqual(open, [], 'doors without a row in SPEC.md')
})

/** Reads the tree that Fastify prints. */
function routesOf(tree: string): { method: string; url: string }[] {
  const path: string[] = []
  return tree.split('\n').flatMap((line) => {
    const [, indent = '', segment = '', methods = ''] =
      /^((?:│ {3}| {4})*)[├└]── (\S+)(?: \(([A-Z, ]+)\))?/.exec(line) ?? []
    if (segment === '') return []
    path.splice(indent.length / 4, Number.POSITIVE_INFINITY, segment)
    const url = path.join('')
    return methods
      .split(', ')
      .filter(Boolean)
      .map((method) => ({ method, url }))
  })
}
