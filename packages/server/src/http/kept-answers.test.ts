import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import sharp from 'sharp'
import { errorOf, Harness } from '../../support/http-harness.ts'
import { KeptAnswers } from './kept-answers.ts'

let server: Harness
let picture: Buffer<ArrayBuffer>
let other: Buffer<ArrayBuffer>
before(async () => {
  server = await Harness.open()
  const draw = async (background: string) =>
    Buffer.from(
      await sharp({ create: { width: 40, height: 30, channels: 3, background } })
        .png()
        .toBuffer(),
    )
  picture = await draw('#336699')
  other = await draw('#993366')
})
after(() => server.close())

const anna = { authorization: `Bearer ${'a'.repeat(22)}` }
const ben = { authorization: `Bearer ${'b'.repeat(22)}` }

interface Sent {
  readonly method?: string
  readonly body?: string | FormData | Buffer<ArrayBuffer>
  readonly key?: string
  readonly who?: Record<string, string>
  readonly type?: string
}

const ask = (path: string, { method = 'POST', body, key, who = anna, type }: Sent = {}) =>
  fetch(server.url + path, {
    method,
    headers: {
      ...who,
      ...(key !== undefined && { 'idempotency-key': key }),
      ...(type && { 'content-type': type }),
    },
    ...(body !== undefined && { body }),
  })
const idOf = async (response: Response) => ((await response.json()) as { id: string }).id

test('H65: a picture that is sent again with its key is on the board once', async () => {
  const before = (await server.pictures()).length
  const form = () => {
    const made = new FormData()
    made.set('file', new Blob([picture]), 'p.png')
    made.set('caption', 'Harbour')
    return made
  }
  const ways = [
    () => ask('/api/boards/main/images?name=p.png', { body: picture, key: 'post' }),
    () => ask('/b/main/p.png', { method: 'PUT', body: picture, key: 'put' }),
  ]
  for (const way of ways) {
    const first = await way()
    const again = await way()
    assert.deepEqual([first.status, again.status], [201, 201])
    assert.equal(first.headers.get('location'), again.headers.get('location'))
    assert.deepEqual(await again.json(), await first.json())
  }
  // The boundary of a form is another one each time; its parts are the same.
  const [first, again] = [
    await ask('/api/boards/main/images', { body: form(), key: 'form' }),
    await ask('/api/boards/main/images', { body: form(), key: 'form' }),
  ]
  assert.equal(await idOf(again), await idOf(first))
  assert.equal((await server.pictures()).length, before + 3)
})

test('H65: a board and a link that are asked for again with their key are made once', async () => {
  const json = { type: 'application/json' }
  const make = () => ask('/api/boards', { ...json, body: '{"title":"Harbour"}', key: 'board' })
  const first = (await (await make()).json()) as {
    id: string
    links: { url: string; role: string }[]
  }
  assert.deepEqual(await (await make()).json(), first)
  const who = {
    authorization: `Bearer ${first.links.find(({ role }) => role === 'own')!.url.split('#')[1]}`,
  }
  const link = () =>
    ask(`/api/boards/${first.id}/links`, { ...json, who, body: '{"role":"add"}', key: 'link' })
  const made = await idOf(await link())
  assert.equal(typeof made, 'string')
  assert.equal(await idOf(await link()), made)
})

test('H66: a key that another request had is refused, and nothing is made', async () => {
  const at = '/api/boards/main/images?name=p.png'
  await (await ask(at, { body: picture, key: 'used' })).text()
  const before = (await server.pictures()).length
  for (const [path, body] of [
    [at, other],
    ['/api/boards/main/images?name=q.png', picture],
    [`${at}&caption=x`, picture],
  ] as const) {
    const response = await ask(path, { body, key: 'used' })
    assert.equal(response.status, 422, path)
    assert.equal((await errorOf(response)).code, 'key-reused')
  }
  assert.equal((await server.pictures()).length, before)
})

test("H65: a key is its sender's own, and a request that was refused may be sent again", async () => {
  const at = '/api/boards/main/images'
  const first = await idOf(await ask(at, { body: picture, key: 'mine' }))
  assert.notEqual(await idOf(await ask(at, { body: picture, key: 'mine', who: ben })), first)
  const refused = await ask(at, { body: 'no picture', key: 'tried' })
  assert.equal(refused.status, 415)
  await refused.text()
  assert.equal((await ask(at, { body: picture, key: 'tried' })).status, 201)
})

test('H67: a key has 1 to 255 letters', async () => {
  for (const key of ['', 'k'.repeat(256)]) {
    const response = await ask('/api/boards', { key })
    assert.equal((await errorOf(response)).code, 'bad-request', key)
  }
})

test('H67: over the bound the oldest answers are forgotten', async () => {
  const answers = new KeptAnswers({ maxBytes: 2_000, findElsewhere: async () => null })
  const request = (key: string) =>
    ({ method: 'POST', url: '/', headers: { 'idempotency-key': key } }) as never
  const who = { visitor: 'anna', address: '' }
  for (const key of ['1', '2', '3', '4']) {
    using keyed = await answers.begin(request(key), who)
    await assert.rejects(answers.begin(request(key), who), /too much to do/)
    keyed!.keep({ status: 201, location: undefined, body: 'x'.repeat(200) })
  }
  const isKnown = async (key: string) => {
    using keyed = await answers.begin(request(key), who)
    return keyed!.isKnown
  }
  assert.deepEqual([await isKnown('1'), await isKnown('4')], [false, true])
})
