import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import { type AuditAct, type AuditPage, type Command, uuidv7 } from '@wirephoto/board'
import { drawPicture } from '../../../../test/support/pictures.ts'
import { WireClient } from '../../../../test/support/wire-client.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { errorOf, Harness } from '../../support/http-harness.ts'
import { Audit } from '../audit/audit.ts'
import { boundsWith } from '../bounds.ts'

const TIMEOUT_MS = 60_000
const olga = { visitor: 'olga', address: '192.0.2.1', role: 'own' } as const
const ben = { visitor: 'ben', address: '192.0.2.2', role: 'edit' } as const

async function opened(t: TestContext, options: Parameters<typeof Harness.open>[0] = {}) {
  const server = await Harness.open(options)
  t.after(() => server.close())
  const read = async (query = '', headers = {}) => {
    const response = await fetch(`${server.url}/api/boards/main/audit${query}`, { headers })
    assert.equal(response.status, 200)
    return (await response.json()) as AuditPage
  }
  return { server, read }
}

const each = (kind: 'image.remove' | 'image.restore' | 'image.purge', ids: readonly string[]) =>
  ids.map((id): Command => ({ kind, id }))

const actsOf = ({ entries }: AuditPage): [AuditAct, string, number][] =>
  entries.map(({ act, name, count }) => [act, name, count])

test('B80, B89: owners read who added, removed, put back, purged, kept and set what, newest first', {
  timeout: TIMEOUT_MS,
}, async (t) => {
  const { server, read } = await opened(t, { bounds: { 'purge-grace': 1 } })
  const put = `${server.url}/harbour.png?by=Ada`
  const body = new Uint8Array(await drawPicture({ width: 40, height: 30, format: 'png' }))
  assert.equal((await fetch(put, { method: 'PUT', body })).status, 201)
  const [picture] = await server.pictures()
  const { id, author } = picture!
  const keep = { kind: 'image.keep', id } as const
  await server.act(each('image.remove', [id]), ben)
  await server.act(each('image.restore', [id]), olga)
  await server.act(each('image.remove', [id]), { ...ben, visitor: author })
  await server.act(each('image.purge', [id]), olga)
  await server.act([keep], olga)
  const set = { title: 'Harbour', trashDays: 7 }
  await server.act([{ kind: 'board.patch', set }], olga)
  const page = await read()
  assert.deepEqual(actsOf(page), [
    ['settings', '', 0],
    ['keep', '', 1],
    ['purge', '', 1],
    ['remove', 'Ada', 1],
    ['restore', '', 1],
    ['remove', '', 1],
    ['add', 'Ada', 1],
  ])
  assert.deepEqual(page.entries[0]!.settings, set)
  const at = `${server.url}/api/boards/main/images/${id}`
  const told = { id, name: 'harbour.png', url: at, fileUrl: `${at}/file` }
  assert.deepEqual(page.entries[1]!.pictures, [told])
  assert.equal(page.next, null)
  const times = page.entries.map(({ at }) => at)
  assert.deepEqual(
    times,
    times.toSorted((a, b) => b - a),
  )

  // The name of a picture that is gone for good isn't kept (J16).
  await server.act(each('image.purge', [id]), olga)
  for (const end = Date.now() + TIMEOUT_MS; (await server.record(id)) !== undefined; )
    await new Promise((resolve) => setTimeout(resolve, 50)).then(() => assert.ok(Date.now() < end))
  const { entries } = await read()
  const { act, visitor, count, pictures } = entries[0]!
  assert.deepEqual(
    { act, visitor, count, pictures },
    { act: 'erase', visitor: 'server', count: 1, pictures: [] },
  )
  assert.ok(
    !JSON.stringify(
      await server.engine.history.list('main', { kind: 'audit', limit: 99 }),
    ).includes('harbour'),
  )
})

test('B81: what somebody does at once is one entry, also in the database, and moves are none', async (t) => {
  const { server, read } = await opened(t)
  const ids = await Promise.all(Array.from({ length: 30 }, (_, i) => server.announce(`${i}.png`)))
  await server.act(
    ids.map((id) => ({ kind: 'image.patch', id, set: { x: 5 } })),
    ben,
  )
  for (const id of ids) await server.act(each('image.remove', [id]), ben)
  await read()
  const appended = t.mock.method(server.engine.history, 'append').mock
  await Promise.all(ids.map((id) => server.act(each('image.restore', [id]), ben)))
  const page = await read()
  assert.deepEqual(actsOf(page)[0], ['restore', '', 30])
  assert.equal(appended.callCount(), 1)
  const { entries } = page
  const kinds = new Set(entries.map(({ act }) => act))
  assert.deepEqual(kinds, new Set(['restore', 'remove', 'add']))
})

test('B81: an entry has at most a hundred pictures', async (t) => {
  const { server, read } = await opened(t)
  const adds = Array.from({ length: 130 }, (): Command => {
    const id = uuidv7(Date.now(), randomBytes(10))
    return { kind: 'image.add', id, name: 'a.png', width: 40, height: 30 }
  })
  await server.act(adds, ben)
  const { entries } = await read()
  const counts = entries.map(({ count }) => count)
  assert.deepEqual(
    counts.sort((a, b) => a - b),
    [30, 100],
  )
})

test('B82: a person has the name that they have on their page at the time', async (t) => {
  const { server, read } = await opened(t)
  const client = await WireClient.connect(server.url, 'main')
  t.after(() => client.close())
  const id = await server.announce()
  client.setName('Ben')
  await client.send({ kind: 'image.remove', id })
  client.setName('Benjamin')
  await client.send({ kind: 'image.restore', id })
  assert.deepEqual(actsOf(await read()).slice(0, 2), [
    ['restore', 'Benjamin', 1],
    ['remove', 'Ben', 1],
  ])
})

test('B83: the audit is read in pages, and its parameters are checked', async (t) => {
  const { server, read } = await opened(t)
  for (let i = 0; i < 5; i++) {
    await server.announce(`${i}.png`, `visitor-${i}`)
    await read()
  }
  const seen: string[] = []
  let next: number | null = null
  do {
    const page: AuditPage = await read(`?limit=2${next === null ? '' : `&before=${next}`}`)
    seen.push(...page.entries.map(({ visitor }) => visitor))
    ;({ next } = page)
  } while (next !== null && seen.length < 20)
  assert.deepEqual(
    seen,
    [4, 3, 2, 1, 0].map((n) => `visitor-${n}`),
  )
  const codeOf = async (query: string) =>
    (await errorOf(await fetch(`${server.url}/api/boards/main/audit?${query}`))).code
  for (const query of [
    'limit=0',
    'limit=201',
    'limit=x',
    'before=-1',
    'before=',
    'limit=1&limit=2',
  ])
    assert.equal(await codeOf(query), 'bad-request', query)
  assert.equal(await codeOf('after=3'), 'unknown-field')
})

test('B84: entries go by their age and their number', async (t) => {
  const { server, read } = await opened(t, { bounds: { 'audit-entries': 3 } })
  for (let i = 0; i < 5; i++) {
    await server.announce(`${i}.png`, `visitor-${i}`)
    await read()
  }
  const { audit, engine } = server
  await audit.prune('main')
  assert.equal((await read()).entries.length, 3)
  const clock = new FakeClock(Date.now() + 2_000).open({ steadyMs: 0 })
  t.after(() => clock.close())
  const bounds = boundsWith({ 'audit-age': 1 })
  const later = new Audit({ engine, clock, bounds, log: server.log })
  await later.prune('main')
  assert.equal((await read()).entries.length, 0)
})

test('B85: a server that stops writes what it has, and one whose database was away writes it later', async (t) => {
  const { server, read } = await opened(t)
  const id = await server.announce()
  await server.stop()
  await server.start()
  assert.deepEqual(actsOf(await read()), [['add', '', 1]])
  const append = t.mock.method(
    server.engine.history,
    'append',
    () => Promise.reject(new Error('away')),
    {
      times: 1,
    },
  )
  await server.act(each('image.remove', [id]), ben)
  const refused = await fetch(`${server.url}/api/boards/main/audit`)
  assert.equal(refused.status, 500)
  assert.equal(append.mock.callCount(), 1)
  assert.deepEqual(actsOf(await read())[0], ['remove', '', 1])
})

test('B86: who does very much is told in fewer entries, so that they push out nobody else', async (t) => {
  const { server } = await opened(t)
  const { engine, boards, log } = server
  const audit = new Audit({ engine, clock: boards.clock, bounds: boundsWith(), log })
  t.after(() => audit.close())
  let written = 0
  t.mock.method(engine.history, 'append', async (_board: string, entries: readonly unknown[]) => {
    written += entries.length
  })
  t.mock.timers.enable({ apis: ['setTimeout'] })
  for (let i = 0; i < 1_000; i++) {
    audit.note('main', 'access', ben)
    t.mock.timers.tick(1_000)
    await new Promise((resolve) => setImmediate(resolve))
  }
  assert.ok(written > 100 && written < 400, `${written} entries`)
})

test('B87, B88: links are noted without their secrets, and only owners read', async (t) => {
  const { server } = await opened(t)
  const made = await fetch(`${server.url}/api/boards`, { method: 'POST' })
  const { id: board, links } = (await made.json()) as {
    id: string
    links: { role: string; url: string }[]
  }
  const secretOf = (url: string) => url.split('#')[1]!
  const bearer = (role: string) => ({
    authorization: `Bearer ${secretOf(links.find((link) => link.role === role)!.url)}`,
  })
  const at = `${server.url}/api/boards/${board}`
  const json = { ...bearer('own'), 'content-type': 'application/json' }
  const post = (path: string, body: object) =>
    fetch(`${at}/${path}`, { method: 'POST', headers: json, body: JSON.stringify(body) })
  const link = (await (await post('links', { role: 'add', label: 'Card' })).json()) as {
    id: string
    url: string
  }
  const cookie = (await fetch(`${server.url}/api/boards`)).headers.get('set-cookie')
  const came = await fetch(`${at}/session`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(cookie && { cookie: cookie.split(';')[0]! }),
    },
    body: JSON.stringify({ secret: secretOf(link.url) }),
  })
  assert.equal(came.status, 200)
  const patch = { method: 'PATCH', headers: json, body: JSON.stringify({ label: 'Table card' }) }
  assert.equal((await fetch(`${at}/links/${link.id}`, patch)).status, 200)
  const renewed = (await (await post(`links/${link.id}/renew`, {})).json()) as {
    id: string
    url: string
  }
  await fetch(`${at}/links/${renewed.id}`, { method: 'DELETE', headers: bearer('own') })
  const read = await fetch(`${at}/audit`, { headers: bearer('own') })
  const text = await read.text()
  const { entries } = JSON.parse(text) as AuditPage
  assert.deepEqual(
    entries.map(({ act, link: about }) => [act, about?.role, about?.label]),
    [
      ['link-revoked', 'add', 'Table card'],
      ['link-renewed', 'add', 'Table card'],
      ['link-changed', 'add', 'Table card'],
      ['came', 'add', 'Card'],
      ['link-made', 'add', 'Card'],
    ],
  )
  for (const { url } of [...links, link, renewed]) assert.ok(!text.includes(secretOf(url)))
  for (const role of ['view', 'add', 'edit'])
    assert.equal(
      (await errorOf(await fetch(`${at}/audit`, { headers: bearer(role) }))).code,
      'not-allowed',
    )
  assert.equal((await errorOf(await fetch(`${at}/audit`))).code, 'link-needed')
})
