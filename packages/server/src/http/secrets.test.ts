import assert from 'node:assert/strict'
import { Writable } from 'node:stream'
import { after, before, test } from 'node:test'
import { ROLES, type Role } from '@wirephoto/board'
import { pino } from 'pino'
import { type MadeBoard, secretOf, Visitor } from '../../../../test/support/visitor.ts'
import { Harness } from '../../support/http-harness.ts'
import { makeOwnerCode } from '../access/owner-code.ts'

/* Secrets are sought in whatever a server writes and says: its log at its fullest, and all of its answers. */

const GIF = Buffer.from('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7', 'base64')
/** A browser that opens an address. */
const NAVIGATION = {
  accept: 'text/html',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-dest': 'document',
}

let log = ''
const stream = new Writable({
  write(chunk: Buffer, _encoding, done) {
    log += chunk.toString()
    done()
  },
})
let server: Harness
before(async () => {
  server = await Harness.open({ log: pino({ level: 'trace' }, stream) })
})
after(() => server.close())

test('B147: no secret stands in a log, or in an answer but the one that made it', async () => {
  const maker = new Visitor(server.url)
  const guest = new Visitor(server.url)
  const made: MadeBoard = await maker.makeBoard()
  const at = `/api/boards/${made.id}`
  const passphrase = 'correct horse battery'
  const wrong = { secret: 'W'.repeat(22), passphrase: 'wrong horse', code: 'WRNGCD' }
  const { code: ownerCode } = await makeOwnerCode(server.data)
  const wallLink = made.links.find(({ role }) => role === 'add')!.id
  await maker.refusal(`${at}/access`, 'PATCH', { wallLink, passphrase })
  const told = (await (await maker.ask(`${at}/join-code`)).json()) as { code: string }
  const secrets = new Map<string, string>([
    ...ROLES.map((role: Role) => [`link ${role}`, secretOf(made, role)] as const),
    ['passphrase', passphrase],
    ['wrong secret', wrong.secret],
    ['wrong passphrase', wrong.passphrase],
    ['wrong code', wrong.code],
    ['owner code', ownerCode],
    ['owner code as letters', ownerCode.replace('-', '')],
    ['join code', told.code],
  ])

  const answers: [string, string][] = []
  const ask = async (
    who: Visitor,
    method: string,
    path: string,
    init: { body?: string | Uint8Array<ArrayBuffer>; headers?: Record<string, string> } = {},
  ) => {
    const response = await fetch(server.url + path, {
      method,
      redirect: 'manual',
      ...init,
      headers: { origin: who.url, cookie: who.cookie, ...init.headers },
    })
    const cookie = response.headers.get('set-cookie')?.split(';')[0]
    who.cookie = cookie ?? who.cookie
    const headers = [...response.headers].filter(([name]) => name !== 'set-cookie')
    answers.push([`${method} ${path}`, JSON.stringify(headers) + (await response.text())])
    return response.status
  }
  const json = (who: Visitor, method: string, path: string, body: object) =>
    ask(who, method, path, {
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json' },
    })

  const view = secretOf(made, 'view')
  assert.equal(await json(guest, 'POST', `${at}/session`, { ...wrong, code: undefined }), 403)
  assert.equal(await json(guest, 'POST', `${at}/session`, { secret: view }), 401)
  const badPassphrase = { secret: view, passphrase: wrong.passphrase }
  assert.equal(await json(guest, 'POST', `${at}/session`, badPassphrase), 403)
  assert.equal(await json(guest, 'POST', `${at}/session`, { secret: view, passphrase }), 200)
  assert.equal(await json(guest, 'POST', '/api/join', { code: wrong.code }), 403)
  assert.equal(await json(guest, 'POST', '/api/join', { code: told.code, passphrase }), 200)
  assert.equal(await json(guest, 'POST', '/api/owner', { code: wrong.code }), 403)
  assert.equal(await json(maker, 'POST', '/api/owner', { code: ownerCode }), 204)
  assert.equal(await ask(guest, 'GET', `/j/${told.code}`), 303)
  secrets.set("the guest's cookie", guest.cookie.split('=')[1]!)
  secrets.set("the maker's cookie", maker.cookie.split('=')[1]!)

  // Bodies and addresses that can't be understood, with secrets in them.
  for (const init of [{}, { headers: NAVIGATION }])
    for (const [name, secret] of secrets) {
      const path = encodeURIComponent(secret)
      for (const where of [
        `/b/${path}`,
        `/j/${path}`,
        `${at}/links/${path}?secret=${path}`,
        `/b/${made.id}/changes?after=${path}`,
        `/%zz${path}`,
      ]) {
        // The join code leads where it leads.
        if (where.startsWith('/j/') && name === 'join code') continue
        await ask(guest, 'GET', where, init)
      }
    }
  const odd = { headers: { 'content-type': 'application/json' } }
  await ask(guest, 'POST', `${at}/session`, { ...odd, body: `{"secret": "${view}` })
  await ask(guest, 'GET', at, { headers: { authorization: `Bearer ${wrong.secret}` } })
  await ask(guest, 'GET', at, { headers: { authorization: `Bearer ${view}` } })

  // All that is read of a board, by its owner.
  const put = `/b/${made.id}/p.gif`
  assert.equal(await ask(maker, 'PUT', put, { body: new Uint8Array(GIF) }), 201)
  const [record] = await server.pictures(made.id)
  await json(maker, 'PATCH', `${at}/links/${wallLink}`, { label: 'Hall' })
  for (const path of [
    at,
    `${at}/snapshot`,
    `${at}/session`,
    `${at}/links`,
    `${at}/access`,
    `${at}/audit`,
    `${at}/images/${record!.id}`,
    `${at}/images/${record!.id}/file?download`,
    '/api/boards',
    '/api/addresses',
    '/metrics',
    '/readyz',
    '/healthz',
    '/config.js',
  ])
    await ask(maker, 'GET', path)
  await server.audit.close()

  for (const [name, secret] of secrets) {
    for (const [asked, text] of answers)
      assert.ok(!text.includes(secret), `${name} in the answer of ${asked}: ${text}`)
    assert.ok(!log.includes(secret), `${name} in the log`)
  }
  // No line of the log is of somebody else's making.
  for (const line of log.split('\n').filter(Boolean)) JSON.parse(line)
  const stored = JSON.stringify(await server.engine.secrets.list(made.id))
  for (const [name, secret] of secrets)
    if (name !== 'wrong code') assert.ok(!stored.includes(secret), `${name} in the database`)
})
