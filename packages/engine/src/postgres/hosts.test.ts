import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { WireError } from '@wirephoto/board'
import { findPostgres, NO_POSTGRES, Postgres } from '../../../../test/support/postgres.ts'
import { append, newId, put } from '../contract/samples.ts'
import { openEngine } from '../open.ts'
import { Hosts } from './hosts.ts'

const PAUSE_MS = 50
const [programs] = await findPostgres()

test('E95: a URL may name several PostgreSQL servers, which share the rest of it', () => {
  const hosts = new Hosts('postgres://anna:s3cret@a,b:5433,[::1]/boards?sslmode=disable')
  const seen = Array.from({ length: 4 }, () => {
    const { config } = hosts
    hosts.leave(config)
    // Somebody else has seen the same.
    hosts.leave(config)
    return config.connectionString
  })
  assert.deepEqual(seen, [
    'postgres://anna:s3cret@a/boards?sslmode=disable',
    'postgres://anna:s3cret@b:5433/boards?sslmode=disable',
    'postgres://anna:s3cret@[::1]/boards?sslmode=disable',
    'postgres://anna:s3cret@a/boards?sslmode=disable',
  ])
  for (const url of ['postgres://a,/x', 'postgres://,b/x', 'postgres://u:secret@a:x,b/x'])
    assert.throws(
      () => new Hosts(url),
      ({ code, message }: { code: string; message: string }) =>
        code === 'unknown-engine' && !message.includes('secret'),
    )
})

test('E106: where none can be used, each is named with its reason, and no password', async () => {
  const opening = openEngine('postgres://anna:s3cret@127.0.0.1:1,127.0.0.1:2/boards')
  await assert.rejects(opening, {
    code: 'unreachable',
    message:
      'No PostgreSQL of the URL can be used: There is no PostgreSQL to be had at 127.0.0.1:1 (ECONNREFUSED); There is no PostgreSQL to be had at 127.0.0.1:2 (ECONNREFUSED). Start one that takes writes, or check the URL.',
  })
})

describe('several PostgreSQL servers', { skip: programs ? false : NO_POSTGRES }, () => {
  /** Opens two servers with a database of one name, and the board that both have. */
  const openTwo = async (t: TestContext) => {
    const open = async () => {
      const postgres = await Postgres.open(programs!)
      t.after(() => postgres.close())
      await postgres.query('CREATE DATABASE boards')
      return postgres
    }
    const both = [await open(), await open()] as const
    const board = newId()
    for (const one of both) {
      const engine = await openEngine(one.url('boards'))
      await engine.boards.create(board)
      await engine.close()
    }
    const [first, second] = both
    const url = first.url('boards').replace(/@[^/]*/, (host) => `${host},127.0.0.1:${second.port}`)
    return { first, second, board, url }
  }
  /** Appends to a board, and again while its database is away. */
  const write = async (engine: Awaited<ReturnType<typeof openEngine>>, board: string) => {
    for (;;)
      try {
        const { cursor } = await engine.log.load(board)
        return await append(engine, board, cursor, [put(newId())])
      } catch (error) {
        if (!(error instanceof WireError && error.code === 'away')) throw error
        await setTimeout(PAUSE_MS)
      }
  }
  const isWritten = async (postgres: Postgres) => {
    const [row] = await postgres.query(
      'SELECT max(seq)::int AS seq FROM boards',
      postgres.url('boards'),
    )
    return (row!['seq'] as number) > 0
  }

  test('E96: the next one is used when the first one dies, and while it is away at the start', async (t) => {
    const { first, second, board, url } = await openTwo(t)
    const engine = await openEngine(url)
    t.after(() => engine.close())
    await write(engine, board)
    assert.deepEqual([await isWritten(first), await isWritten(second)], [true, false])
    await first.kill()
    await write(engine, board)
    assert.ok(await isWritten(second))
    const later = await openEngine(url)
    await write(later, board)
    await later.close()
    // And the first one again, when the second one dies.
    await first.start()
    await second.kill()
    await write(engine, board)
  })

  test('E97, E106: one that takes no writes is passed over, at the start and later', async (t) => {
    const { first, second, board, url } = await openTwo(t)
    const engine = await openEngine(url)
    t.after(() => engine.close())
    await write(engine, board)
    await first.query('ALTER DATABASE boards SET default_transaction_read_only = on')
    await first.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'boards'`,
    )
    await write(engine, board)
    assert.ok(await isWritten(second))
    const later = await openEngine(url)
    await write(later, board)
    await later.close()
    // E106: a standby, and one that is away.
    await second.kill()
    const { port: standby } = first
    const each = `at 127.0.0.1:${standby} is read-only.*; .* at 127.0.0.1:${second.port} \\(`
    await assert.rejects(openEngine(url), ({ message }: Error) => {
      assert.match(message, new RegExp(each))
      return !message.includes(new URL(first.url()).password)
    })
  })
})
