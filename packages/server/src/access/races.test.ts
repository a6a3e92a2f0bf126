import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { type Engine, openEngine, type Secrets } from '@wirephoto/engine'
import { AccessRules } from './access-rules.ts'
import { Links } from './links.ts'
import { SecretCache } from './secret-cache.ts'

/* Two servers of one engine that change the same link, or the same rule, at the same moment. */

let data: string
let engine: Engine
let boardCount = 0
before(async () => {
  data = await mkdtemp(join(tmpdir(), 'wirephoto-races-'))
  engine = await openEngine(`sqlite:${data}`)
})
after(async () => {
  await engine.close()
  await rm(data, { recursive: true })
})

/** One server's links and rules. Something else may happen between what it has read and what it writes. */
class Server {
  /** Runs once, right after the next read. */
  meanwhile: (() => Promise<unknown>) | null = null
  readonly links: Links
  readonly rules: AccessRules

  constructor() {
    const { secrets } = engine
    const afterRead = async <T>(read: Promise<T>): Promise<T> => {
      const found = await read
      const run = this.meanwhile
      this.meanwhile = null
      await run?.()
      return found
    }
    const read: Secrets = {
      ...secrets,
      get: (hash) => afterRead(secrets.get(hash)),
      list: (board) => afterRead(secrets.list(board)),
    }
    const cache = new SecretCache(read)
    this.links = new Links(cache)
    this.rules = new AccessRules(cache)
  }
}

/** Makes a board with a link for editing, on two servers. */
async function openPair() {
  const board = `board-${boardCount++}`
  await engine.boards.create(board)
  const [a, b] = [new Server(), new Server()]
  const link = await a.links.make(board, { role: 'edit', label: 'Ben' })
  /** Returns the roles and secrets of its links as a third server finds them. */
  const found = async (...secrets: string[]) => {
    const { links } = new Server()
    const all = await Promise.all(secrets.map((secret) => links.find(board, secret)))
    return all.map((each) => each?.role ?? null)
  }
  const count = async () => (await new Server().links.list(board)).length
  return { board, a, b, link, found, count }
}

describe('links of two servers', () => {
  test('B142: a link that is revoked while another server changes it stays revoked', async () => {
    const { board, a, b, link, found, count } = await openPair()
    a.meanwhile = () => b.links.revoke(board, link.id)
    await assert.rejects(a.links.change(board, link.id, { label: 'x' }), { code: 'not-found' })
    assert.deepEqual(await found(link.secret), [null])
    assert.equal(await count(), 0)
  })

  test('B142: a link that is revoked while another server renews it stays revoked', async () => {
    const { board, a, b, link, found, count } = await openPair()
    a.meanwhile = () => b.links.revoke(board, link.id)
    await assert.rejects(a.links.renew(board, link.id), { code: 'not-found' })
    assert.deepEqual(await found(link.secret), [null])
    assert.equal(await count(), 0)
  })

  test('B142: a link that is renewed while another server revokes it is revoked', async () => {
    const { board, a, b, link, found, count } = await openPair()
    let renewed = ''
    a.meanwhile = async () => {
      const { secret } = await b.links.renew(board, link.id)
      renewed = secret
    }
    await a.links.revoke(board, link.id)
    assert.deepEqual(await found(link.secret, renewed), [null, null])
    assert.equal(await count(), 0)
  })

  test('B142: a link that is renewed on two servers at once has one secret', async () => {
    const { board, a, b, link, found, count } = await openPair()
    let first = ''
    a.meanwhile = async () => {
      const { secret } = await b.links.renew(board, link.id)
      first = secret
    }
    // The asker's right goes along with each try.
    let hash = link.hash
    const second = await a.links.renew(board, link.id, async (old, made) => {
      if (old.hash === hash) hash = made.hash
    })
    assert.equal(hash, second.hash)
    assert.deepEqual(await found(link.secret, first, second.secret), [null, null, 'edit'])
    assert.equal(await count(), 1)
  })

  test('B142: a role that is taken while another server renews the link is the new one’s', async () => {
    const { board, a, b, link, found, count } = await openPair()
    a.meanwhile = () => b.links.change(board, link.id, { role: 'view' })
    const { secret } = await a.links.renew(board, link.id)
    assert.deepEqual(await found(link.secret, secret), [null, 'view'])
    assert.equal(await count(), 1)
  })

  test('B142: a role and a label that two servers set at once both hold', async () => {
    const { board, a, b, link } = await openPair()
    a.meanwhile = () => b.links.change(board, link.id, { role: 'view' })
    await a.links.change(board, link.id, { label: 'Hall' })
    const listed = await new Server().links.list(board)
    assert.deepEqual(
      listed.map(({ role, label }) => [role, label]),
      [['view', 'Hall']],
    )
  })
})

describe('rules of two servers', () => {
  test('B143: a passphrase stays that another server sets at the same moment', async () => {
    const { board, a, b } = await openPair()
    // The first of them closes the board.
    for (const wallLink of ['one', 'two']) {
      const passphrase = `for ${wallLink}`
      a.meanwhile = () => b.rules.change(board, { passphrase })
      const changed = await a.rules.change(board, { wallLink })
      assert.deepEqual([changed.passphrase, changed.wallLink], [passphrase, wallLink])
      assert.deepEqual(await new Server().rules.of(board), changed)
      // Rights rest on the one stamp that the rule names.
      const stamps = (await engine.secrets.list(board)).filter(({ kind }) => kind === 'session')
      assert.deepEqual(
        stamps.map(({ hash }) => hash),
        [changed.stamp],
      )
    }
  })
})

test('B140: an answer of the engine that is a second old lets nobody in', async () => {
  const { board, link } = await openPair()
  let isLate = true
  const late: Secrets = {
    ...engine.secrets,
    async get(hash) {
      const found = await engine.secrets.get(hash)
      if (!isLate) return found
      isLate = false
      await engine.secrets.remove(hash)
      await setTimeout(1_050)
      return found
    },
  }
  assert.equal(await new Links(new SecretCache(late)).find(board, link.secret), null)
})
