import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { type CommandAnswer, type ImageRecord, uuidv7, WIRE_VERSION } from '@wirephoto/board'
import { io } from 'socket.io-client'
import { Harness } from '../../support/http-harness.ts'
import { blankPng } from '../../support/sample-images.ts'
import type { Bounds } from '../bounds.ts'
import { Fetcher } from '../images/remote-fetch.ts'

/* How many pictures a board, a link and a stranger may have, and how fast they come, by every door. */

interface Made {
  readonly id: string
  readonly links: readonly { readonly id: string; readonly role: string; readonly url: string }[]
}
interface Outcome {
  readonly status: number
  readonly code?: string | undefined
  readonly message?: string | undefined
  readonly waitS?: number
}
interface Used {
  readonly pictures: number
  readonly bytes: number
}
type Door = (token: string) => Promise<Outcome>

const TAKEN: Outcome = { status: 201 }
const png = blankPng(40, 30)
const newId = () => uuidv7(Date.now(), randomBytes(10))
const addOf = (id: string) =>
  ({ kind: 'image.add', id, width: 40, height: 30, name: 'a.png' }) as const

/** Another site with a picture. */
const site = createServer((_request, response) => response.end(png))
let elsewhere: string
before(async () => {
  await once(site.listen(0, '127.0.0.1'), 'listening')
  elsewhere = `http://127.0.0.1:${(site.address() as AddressInfo).port}/p.png`
})
after(() => {
  site.close()
})

/** Opens a server with a closed board, and returns its doors for the bearer of a link. */
async function open(t: TestContext, bounds: Partial<Bounds>) {
  const fetcher = new Fetcher({ maxUpload: 1e6, mayReach: () => true })
  const server = await Harness.open({ bounds, fetcher, create: 'anyone' })
  t.after(() => server.close())
  const made = (await (await fetch(`${server.url}/api/boards`, { method: 'POST' })).json()) as Made
  const board = made.id
  const linkFor = (role: string) => made.links.find((link) => link.role === role)!
  const tokenFor = (role: string) => linkFor(role).url.split('#')[1]!
  // A server that starts again has another port.
  const api = () => `${server.url}/api/boards/${board}`
  const ask = async (url: string, token: string, init: RequestInit = {}) => {
    const headers = { authorization: `Bearer ${token}`, ...(init.headers as object) }
    const answer = await fetch(url, { ...init, headers, duplex: 'half' } as RequestInit)
    return outcomeOf(answer)
  }
  const announce = async (token: string, command: object): Promise<Outcome> => {
    const body = JSON.stringify({ client: newId(), n: 1, commands: [command] })
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
    const answer = await fetch(`${server.url}/b/${board}/commands`, {
      method: 'POST',
      headers,
      body,
    })
    if (!answer.ok) return outcomeOf(answer)
    const { refused } = (await answer.json()) as CommandAnswer
    return refused[0] ? { status: 200, ...refused[0].error } : TAKEN
  }
  const upload = (token: string, id: string) =>
    ask(`${api()}/uploads`, token, {
      method: 'POST',
      headers: {
        'tus-resumable': '1.0.0',
        'upload-length': String(png.length),
        'upload-metadata': `id ${btoa(id)}`,
        'content-type': 'application/offset+octet-stream',
      },
      body: new Uint8Array(png),
    })
  const doors = {
    put: (token) =>
      ask(`${server.url}/b/${board}/p.png`, token, { method: 'PUT', body: new Uint8Array(png) }),
    putOfUnknownLength: (token) => {
      const body = new Blob([new Uint8Array(png)]).stream()
      return ask(`${server.url}/b/${board}/p.png`, token, { method: 'PUT', body })
    },
    post: (token) => ask(`${api()}/images`, token, { method: 'POST', body: new Uint8Array(png) }),
    form: (token) => {
      const body = new FormData()
      body.set('file', new Blob([new Uint8Array(png)]), 'p.png')
      return ask(`${api()}/images`, token, { method: 'POST', body })
    },
    fromUrl: (token) =>
      ask(`${api()}/images/from-url`, token, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ url: elsewhere }),
      }),
    tus: async (token) => {
      const id = newId()
      const announced = await announce(token, addOf(id))
      return announced === TAKEN ? upload(token, id) : announced
    },
    socket: async (token) => {
      const id = newId()
      const socket = io(server.url, {
        path: '/live',
        transports: ['websocket'],
        auth: { board, wire: WIRE_VERSION, token },
        forceNew: true,
      })
      try {
        const message = { client: newId(), n: 1, commands: [addOf(id)] }
        const answer = (await socket.timeout(20_000).emitWithAck('commands', message)) as
          | CommandAnswer
          | { error: Outcome }
        if ('error' in answer) return { ...answer.error, status: 429 }
        if (answer.refused[0]) return { status: 200, ...answer.refused[0].error }
      } finally {
        socket.close()
      }
      return upload(token, id)
    },
  } satisfies Record<string, Door>
  const race = (count: number, token: string, ways: readonly Door[] = Object.values(doors)) =>
    Promise.all(Array.from({ length: count }, (_, i) => ways[i % ways.length]!(token)))
  const link = async (role: string) => {
    const headers = { authorization: `Bearer ${tokenFor('own')}` }
    const { links } = (await (await fetch(`${api()}/links`, { headers })).json()) as {
      links: { id: string; used: Used; pictures: number | null; bytes: number | null }[]
    }
    return links.find(({ id }) => id === linkFor(role).id)!
  }
  const patchLink = (role: string, patch: object) =>
    fetch(`${api()}/links/${linkFor(role).id}`, {
      method: 'PATCH',
      headers: {
        authorization: `Bearer ${tokenFor('own')}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify(patch),
    })
  return { server, board, api, doors, race, tokenFor, link, linkFor, patchLink, announce }
}

async function outcomeOf(answer: Response): Promise<Outcome> {
  const text = await answer.text()
  if (answer.ok) return TAKEN
  const { error } = JSON.parse(text) as { error: Outcome }
  const waitS = Number(answer.headers.get('retry-after'))
  return { ...error, status: answer.status, waitS }
}

const taken = (outcomes: readonly Outcome[]) => outcomes.filter((each) => each === TAKEN).length
const codes = (outcomes: readonly Outcome[]) =>
  new Set(outcomes.flatMap((each) => (each === TAKEN ? [] : [each.code])))

test('Y50, Y53: of fifty pictures that race through all doors, a board takes what it has room for', async (t) => {
  const { server, board, race, tokenFor } = await open(t, { 'pictures-per-board': 10 })
  const outcomes = await race(50, tokenFor('add'))
  assert.deepEqual(codes(outcomes), new Set(['pictures-full']))
  assert.equal(taken(outcomes), 10)
  const pictures = await server.pictures(board)
  assert.equal(pictures.filter(({ blob }) => blob !== null).length, 10)
  assert.equal(pictures.length, 10)
  const refused = outcomes.find(({ status }) => status === 507)!
  assert.match(refused.message!, /has the 10 pictures that it may\. Ask who runs it/)
  assert.deepEqual(await server.incomingFileNames(), [])
})

test('Y50, Y53: the same of fifty by their bytes', async (t) => {
  const room = Math.floor(png.length * 10.5)
  const { server, board, race, tokenFor } = await open(t, { 'picture-bytes-per-board': room })
  const outcomes = await race(50, tokenFor('add'))
  assert.deepEqual(codes(outcomes), new Set(['pictures-full']))
  assert.equal(taken(outcomes), 10)
  const stored = (await server.pictures(board)).filter(({ blob }) => blob !== null)
  assert.equal(stored.length, 10)
})

test('Y54: of fifty that race, a link adds as many as a minute allows, and the others hear when', async (t) => {
  const { server, board, race, tokenFor } = await open(t, { 'pictures-per-link-minute': 10 })
  const outcomes = await race(50, tokenFor('add'))
  assert.equal(taken(outcomes), 10)
  assert.deepEqual(codes(outcomes), new Set(['too-fast']))
  assert.equal((await server.pictures(board)).length, 10)
  for (const { status, waitS, message } of outcomes.filter((each) => each !== TAKEN)) {
    assert.equal(status, 429)
    assert.match(message!, /^This link may add 10 pictures a minute\. .+ in \d+ seconds\.$/)
    if (waitS !== undefined) assert.ok(waitS > 30 && waitS <= 60, `${waitS}`)
  }
  assert.equal(taken(await race(3, tokenFor('edit'))), 3, 'another link has its own minute')
})

test('Y54: the same by their bytes, of which the last may go beyond', async (t) => {
  const room = Math.floor(png.length * 10.5)
  const bounds = { 'picture-bytes-per-link-minute': room }
  const { server, board, race, doors, tokenFor } = await open(t, bounds)
  const { put, post, fromUrl, tus } = doors
  const outcomes = await race(50, tokenFor('add'), [put, post, fromUrl, tus])
  assert.equal(taken(outcomes), 11)
  assert.deepEqual(codes(outcomes), new Set(['too-fast']))
  const stored = (await server.pictures(board)).filter(({ blob }) => blob !== null)
  assert.equal(stored.length, 11)
})

test('Y51, Y52, Y59, Y60: a link has its pictures counted, across a restart and a renewal', async (t) => {
  const { server, board, api, doors, race, tokenFor, link, linkFor, patchLink } = await open(t, {
    'pictures-per-link': 3,
  })
  assert.equal(taken(await race(3, tokenFor('add'), [doors.put])), 3)
  const used = { pictures: 3, bytes: 3 * png.length }
  assert.deepEqual((await link('add')).used, used)
  await server.restart({})
  const refused = await doors.put(tokenFor('add'))
  assert.deepEqual([refused.status, refused.code], [507, 'link-full'])
  assert.match(refused.message!, /^This link has added the 3 pictures that it may\. Ask who gave/)
  assert.equal(await doors.put(tokenFor('edit')), TAKEN)

  const renewed = await fetch(`${api()}/links/${linkFor('add').id}/renew`, {
    method: 'POST',
    headers: { authorization: `Bearer ${tokenFor('own')}` },
  })
  const token = ((await renewed.json()) as { url: string }).url.split('#')[1]!
  assert.equal((await doors.put(token)).code, 'link-full')
  assert.deepEqual((await link('add')).used, used)

  // A picture that is gone for good makes room, and so does its mark.
  const mine = (await server.pictures(board)).filter((each) => each.link === linkFor('add').id)
  const id = mine[0]!.id
  await server.act([{ kind: 'image.remove', id }], undefined, board)
  assert.equal((await doors.put(token)).code, 'link-full')
  await server.act([{ kind: 'image.purge', id }], undefined, board)
  assert.equal(await doors.put(token), TAKEN)
  assert.equal((await doors.put(token)).code, 'link-full')

  assert.equal((await patchLink('add', { pictures: 4, bytes: 1 })).status, 200)
  assert.match((await doors.put(token)).message!, /added the 1 bytes of pictures/)
  const { pictures, bytes } = (await (await patchLink('add', { bytes: null })).json()) as Used
  assert.deepEqual({ pictures, bytes }, { pictures: 4, bytes: null })
  assert.equal(await doors.put(token), TAKEN)
  assert.equal((await doors.put(token)).code, 'link-full')
  assert.equal((await patchLink('add', { pictures: -1 })).status, 400)
})

test('Y51, R29: a copy counts, and is refused where it would be too much', async (t) => {
  const { server, board, doors, tokenFor, announce, link } = await open(t, {
    'pictures-per-link': 2,
  })
  assert.equal(await doors.put(tokenFor('edit')), TAKEN)
  const [{ id: sourceId }] = (await server.pictures(board)) as [ImageRecord]
  const copy = () => ({ kind: 'image.copy', id: newId(), sourceId, x: 0, y: 0 })
  assert.equal(await announce(tokenFor('add'), copy()), TAKEN)
  assert.equal(await announce(tokenFor('add'), copy()), TAKEN)
  assert.equal((await announce(tokenFor('add'), copy())).code, 'link-full')
  assert.deepEqual((await link('add')).used, { pictures: 2, bytes: 2 * png.length })
})

test('Y55: a form that has begun is taken whole, and one without room leaves nothing', async (t) => {
  const { server, board, api, doors, tokenFor } = await open(t, {
    'pictures-per-link-minute': 2,
    'pictures-per-board': 6,
  })
  const form = async (count: number) => {
    const body = new FormData()
    for (let i = 0; i < count; i++) body.append('file', new Blob([new Uint8Array(png)]), `${i}.png`)
    const headers = { authorization: `Bearer ${tokenFor('add')}` }
    return outcomeOf(await fetch(`${api()}/images`, { method: 'POST', headers, body }))
  }
  assert.equal((await form(7)).code, 'pictures-full')
  assert.equal((await server.pictures(board)).length, 0)
  assert.equal((await form(1)).code, 'too-fast')
  assert.equal(taken([await doors.put(tokenFor('edit'))]), 1)
})

test('Y54: strangers have a minute of their own on each address, and less in all than a link', async (t) => {
  const server = await Harness.open({
    bounds: { 'pictures-per-stranger-minute': 2, 'pictures-of-strangers': 3 },
  })
  t.after(() => server.close())
  const board = await server.boards.create()
  const put = async () =>
    outcomeOf(
      await fetch(`${server.url}/b/${board}/p.png`, { method: 'PUT', body: new Uint8Array(png) }),
    )
  const outcomes = [await put(), await put(), await put()]
  assert.equal(taken(outcomes), 2)
  assert.match(outcomes[2]!.message!, /^Without a link you may add 2 pictures a minute\. Send this/)
  const from = (address: string) => ({
    visitor: 'x',
    role: 'edit' as const,
    address,
    quota: { link: null },
  })
  await server.act([addOf(newId())], from('192.0.2.9'), board)
  await assert.rejects(server.act([addOf(newId())], from('192.0.2.10'), board), {
    code: 'link-full',
    message: /^Those without a link have added the 3 pictures/,
  })
  // Owners aren't counted.
  await server.act([addOf(newId())], { visitor: 'o', role: 'own' }, board)
})

test('Y53: an upload that has begun keeps its room, also after a restart, until it comes to nothing', async (t) => {
  const { server, board, api, doors, tokenFor, announce } = await open(t, {
    'picture-bytes-per-board': 2_000,
  })
  const token = tokenFor('add')
  const id = newId()
  assert.equal(await announce(token, addOf(id)), TAKEN)
  const headers = {
    authorization: `Bearer ${token}`,
    'tus-resumable': '1.0.0',
    'upload-length': '1990',
    'upload-metadata': `id ${btoa(id)}`,
  }
  assert.equal((await fetch(`${api()}/uploads`, { method: 'POST', headers })).status, 201)
  assert.equal((await doors.put(token)).code, 'pictures-full')
  assert.equal((await doors.putOfUnknownLength(token)).code, 'pictures-full')
  await server.restart({})
  assert.equal((await doors.put(token)).code, 'pictures-full')
  // The same upload goes on.
  assert.equal((await fetch(`${api()}/uploads`, { method: 'POST', headers })).status, 201)
  const cancelled = await fetch(`${api()}/uploads/${id}`, { method: 'DELETE', headers })
  assert.equal(cancelled.status, 204)
  assert.equal(await doors.put(token), TAKEN)
  assert.equal((await server.pictures(board)).length, 1)
})

test('Y59: a new bound of a link counts for open sockets too', async (t) => {
  const { server, board, tokenFor, patchLink } = await open(t, {})
  const socket = io(server.url, {
    path: '/live',
    transports: ['websocket'],
    auth: { board, wire: WIRE_VERSION, token: tokenFor('add') },
    forceNew: true,
  })
  t.after(() => socket.close())
  const add = async () =>
    (await socket.emitWithAck('commands', {
      client: newId(),
      n: 1,
      commands: [addOf(newId())],
    })) as CommandAnswer
  assert.deepEqual((await add()).refused, [])
  await patchLink('add', { pictures: 0 })
  let last = await add()
  // The server asks its engine twice a second.
  for (let tries = 0; last.refused.length === 0 && tries < 400; tries++) {
    await setTimeout(25)
    last = await add()
  }
  assert.equal(last.refused[0]?.error.code, 'link-full')
})

test('Y58: at a wedding of 200 behind one address, each adding five, nobody is refused', async (t) => {
  const { server, board, api, tokenFor } = await open(t, {})
  const guest = async () => {
    const post = (url: string, body: object, headers: Record<string, string> = {}) =>
      fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
      })
    const came = await post(`${api()}/session`, { secret: tokenFor('add') })
    assert.equal(came.status, 200)
    const cookie = came.headers.get('set-cookie')!.split(';')[0]!
    const ids = Array.from({ length: 5 }, newId)
    const commands = ids.map(addOf)
    const headers = { cookie, origin: server.url }
    const message = { client: newId(), n: 1, commands }
    const added = await post(`${server.url}/b/${board}/commands`, message, headers)
    assert.equal(added.status, 200)
    assert.deepEqual(((await added.json()) as CommandAnswer).refused, [])
    return { ids, visitor: cookie }
  }
  const guests = await Promise.all(Array.from({ length: 200 }, guest))
  using held = await server.boards.hold(board)
  const link = (held.board.records.get(guests[0]!.ids[0]!) as ImageRecord).link
  assert.ok(link)
  // Their photos of 8 MB each.
  for (const { ids, visitor } of guests)
    for (const _ of ids)
      held.board.quota.admit(
        { visitor, role: 'add', address: '127.0.0.1', quota: { link } },
        { pictures: 0, bytes: 8_000_000 },
      )
  assert.equal((await server.pictures(board)).length, 1_000)
})
