import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { WireError } from '@wirephoto/board'
import { secretOf, Visitor } from '../../../../test/support/visitor.ts'
import { Harness } from '../../support/http-harness.ts'
import { WrongTries } from './wrong-tries.ts'

interface Told {
  readonly code: string
  readonly url: string
  readonly until: number
  readonly renewsAt: number
}

let server: Harness
before(async () => {
  server = await Harness.open()
})
after(() => server.close())

/** Makes a board whose walls invite by its link for adding. */
async function newWall() {
  const maker = new Visitor(server.url)
  const made = await maker.makeBoard()
  const link = made.links.find(({ role }) => role === 'add')!
  const rule = `/api/boards/${made.id}/access`
  const path = `/api/boards/${made.id}/join-code`
  assert.equal(await maker.refusal(path), 'no-wall-link')
  assert.equal(await maker.refusal(rule, 'PATCH', { wallLink: link.id }), null)
  const told = (await (await maker.ask(path)).json()) as Told
  return { maker, made, link, rule, path, told }
}

describe('join codes', () => {
  test('B28: a wall’s code gives the right of the link that its owner chose', async () => {
    const { maker, made, told, path } = await newWall()
    const { code, url, until, renewsAt } = told
    assert.match(code, /^[BCDFGHJKMNPRSTVWXZ]{6}$/)
    assert.ok(url.endsWith(`/j/${code}`))
    assert.equal(until - renewsAt, 50 * 60_000)
    assert.ok(renewsAt > Date.now() && renewsAt <= Date.now() + 10 * 60_000)
    // One who only looks, as a wall does, is told the same.
    const wall = new Visitor(server.url)
    await wall.exchange(made.id, secretOf(made, 'view'))
    assert.deepEqual(await (await wall.ask(path)).json(), told)
    assert.equal(await new Visitor(server.url).refusal(path), 'link-needed')

    const guest = new Visitor(server.url)
    const typed = ` ${code.slice(0, 3).toLowerCase()} - ${code.slice(3)}\n`
    const joined = await guest.ask('/api/join', 'POST', { code: typed })
    assert.deepEqual(await joined.json(), { board: made.id, role: 'add' })
    assert.equal(await guest.role(made.id), 'add')
    assert.equal((await maker.refusal(`/api/boards/${made.id}/links`)) ?? 'own', 'own')
    const stored = await server.engine.secrets.list(made.id)
    assert.ok(stored.every((secret) => !JSON.stringify(secret).includes(code)))
  })

  test('B29: the short address leads to the board, without the code', async () => {
    const { made, told } = await newWall()
    const guest = new Visitor(server.url)
    const led = await guest.ask(`/j/${told.code.toLowerCase()}`)
    assert.equal(led.status, 303)
    assert.equal(led.headers.get('location'), `/b/${made.id}`)
    assert.equal(led.headers.get('cache-control'), 'no-store')
    assert.equal(await guest.role(made.id), 'add')
    assert.equal(await guest.refusal('/j/BCDFGH'), 'wrong-code')
  })

  test('B30: a code ends with its link, and with the owner’s choice', async () => {
    const { maker, made, link, rule, path, told } = await newWall()
    assert.equal(await maker.refusal(rule, 'PATCH', { wallLink: null }), null)
    const join = () => new Visitor(server.url).refusal('/api/join', 'POST', { code: told.code })
    assert.equal(await join(), 'wrong-code')
    assert.equal(await maker.refusal(rule, 'PATCH', { wallLink: link.id }), null)
    assert.equal(await join(), null)
    assert.equal(await maker.refusal(`/api/boards/${made.id}/links/${link.id}/renew`, 'POST'), null)
    assert.equal(await join(), 'wrong-code')
    const renewed = (await (await maker.ask(path)).json()) as Told
    assert.notEqual(renewed.code, told.code)
    assert.equal(await maker.refusal(rule, 'PATCH', { wallLink: 'of-no-link' }), 'bad-request')
  })

  test('B145: a code never gives the role own', async () => {
    const { maker, made, link, rule, path, told } = await newWall()
    const own = made.links.find(({ role }) => role === 'own')!
    assert.equal(await maker.refusal(rule, 'PATCH', { wallLink: own.id }), 'bad-request')
    // The link that walls invite by gets the role later.
    const patched = { role: 'own' }
    assert.equal(
      await maker.refusal(`/api/boards/${made.id}/links/${link.id}`, 'PATCH', patched),
      null,
    )
    const guest = new Visitor(server.url)
    assert.equal(await guest.refusal('/api/join', 'POST', { code: told.code }), 'wrong-code')
    assert.equal(await guest.role(made.id), 'link-needed')
    assert.equal(await maker.refusal(path), 'no-wall-link')
  })

  test('B30: a code joins no board whose passphrase isn’t given', async () => {
    const { maker, made, rule, told } = await newWall()
    assert.equal(await maker.refusal(rule, 'PATCH', { passphrase: 'tulip' }), null)
    const guest = new Visitor(server.url)
    assert.equal(await guest.refusal('/api/join', 'POST', { code: told.code }), 'passphrase-needed')
    assert.equal(await guest.refusal(`/j/${told.code}`), 'passphrase-needed')
    const body = { code: told.code, passphrase: 'tulip' }
    assert.equal(await guest.refusal('/api/join', 'POST', body), null)
    assert.equal(await guest.role(made.id), 'add')
  })
})

test('B31: an address has ten wrong tries a minute, and a server sixty', async () => {
  const tries = new WrongTries()
  const guess = (address: string, isRight = false) =>
    tries
      .attempt(address, ['wrong-code'], async () => {
        if (!isRight) throw new WireError('wrong-code')
      })
      .then(
        () => 'right',
        (error: WireError) => error.code,
      )
  const count = (outcomes: readonly string[], code: string) =>
    outcomes.filter((each) => each === code).length
  for (let i = 0; i < 30; i++) assert.equal(await guess('1', true), 'right')
  // Many at once get no further than one after another.
  const own = await Promise.all(Array.from({ length: 30 }, () => guess('1')))
  assert.deepEqual([count(own, 'wrong-code'), count(own, 'too-many')], [10, 20])
  assert.equal(await guess('1', true), 'too-many')
  assert.equal(await guess('2', true), 'right')
  const others = await Promise.all(Array.from({ length: 90 }, (_, i) => guess(`o${i % 30}`)))
  assert.deepEqual([count(others, 'wrong-code'), count(others, 'too-many')], [50, 40])
  assert.equal(await guess('3', true), 'too-many')
  // A failure of the server's own counts for nobody.
  const failing = new WrongTries()
  for (let i = 0; i < 70; i++)
    await assert.rejects(
      failing.attempt('1', ['wrong-code'], () => Promise.reject(new WireError('away'))),
      { code: 'away' },
    )
})

test('E126: wrong tries that another server tells of count, and are told to no other', async () => {
  const told: string[] = []
  const [here, there] = [new WrongTries(), new WrongTries()]
  here.onWrong = (address) => {
    told.push(address)
    there.receive(address)
  }
  there.onWrong = () => assert.fail('told again')
  const guess = (address: string, isRight = false) =>
    here.attempt(address, ['wrong-code'], async () => {
      if (!isRight) throw new WireError('wrong-code')
    })
  await guess('1', true)
  for (let i = 0; i < 10; i++) await assert.rejects(guess('1'), { code: 'wrong-code' })
  await assert.rejects(guess('1'), { code: 'too-many' })
  assert.deepEqual(told, Array(10).fill('1'))
  const attempt = (address: string) => there.attempt(address, ['wrong-code'], async () => 'right')
  await assert.rejects(attempt('1'), { code: 'too-many' })
  assert.equal(await attempt('2'), 'right')
  // However many are told, a minute ends them.
  for (let i = 0; i < 90; i++) there.receive(`o${i}`)
  await assert.rejects(attempt('2'), { code: 'too-many' })
})

test('B31: the wrong tries of codes are refused with the time to wait', async (t) => {
  const strict = await Harness.open()
  t.after(() => strict.close())
  const visitor = new Visitor(strict.url)
  const guess = () => visitor.ask('/api/join', 'POST', { code: 'BCDFGH' })
  for (let i = 0; i < 10; i++) assert.equal((await guess()).status, 403)
  const refused = await guess()
  assert.equal(refused.status, 429)
  assert.ok(Number(refused.headers.get('retry-after')) > 30)
  assert.equal((await visitor.ask('/j/BCDFGH')).status, 429)
})
