import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { describe, test } from 'node:test'
import { type AnyRecord, applyChanges, type ImageRecord, type Snapshot } from '@wirephoto/board'
import { openEngine } from '@wirephoto/engine'
import { InProcessServer } from '../support/in-process-server.ts'
import { drawPicture } from '../support/pictures.ts'
import { findPostgres, NO_POSTGRES, Postgres } from '../support/postgres.ts'
import { NO_RETHINKDB, Rethinkdb } from '../support/rethinkdb.ts'
import { WireClient } from '../support/wire-client.ts'
import { type Expected, loadPostgres, loadRethinkdb, loadSqlite, readExpected } from './recorded.ts'

const [postgresPrograms] = await findPostgres()

/** The engines, and how each loads the data that a build has recorded. */
const engines: Record<
  string,
  { skip: string | false; load(stack: AsyncDisposableStack, build: string): Promise<string> }
> = {
  sqlite: {
    skip: false,
    async load(stack, build) {
      const folder = await mkdtemp(join(tmpdir(), 'wirephoto-format-'))
      stack.defer(() => rm(folder, { recursive: true, force: true }))
      await loadSqlite(build, folder)
      return `sqlite:${folder}`
    },
  },
  postgres: {
    skip: postgresPrograms ? false : NO_POSTGRES,
    async load(stack, build) {
      const postgres = await Postgres.open(postgresPrograms!)
      stack.defer(() => postgres.close())
      return loadPostgres(build, postgres)
    },
  },
  rethinkdb: {
    skip: NO_RETHINKDB ?? false,
    async load(stack, build) {
      const server = new Rethinkdb()
      stack.defer(() => server.close())
      return loadRethinkdb(build, server)
    },
  },
}

const folders = await readdir(import.meta.dirname, { withFileTypes: true })
for (const { name: build } of folders.filter((entry) => entry.isDirectory()))
  describe(`data of ${build}`, () => {
    for (const [engine, { skip, load }] of Object.entries(engines))
      test(`F13, R22, C25: ${engine}`, { skip }, async () => {
        await using stack = new AsyncDisposableStack()
        const url = await load(stack, build)
        const expected = await readExpected(build, engine)
        await checkLeftAlone(url)
        await checkEngine(url, expected)
        const server = await InProcessServer.open({ engine: url })
        stack.defer(() => server.close())
        await checkServer(stack, server, expected)
      })
  })

/** Looks at data of an older layout twice: the first look has changed nothing. */
async function checkLeftAlone(url: string): Promise<void> {
  for (let look = 0; look < 2; look++)
    await assert.rejects(openEngine(url, { inspects: true }), {
      name: 'EngineError',
      code: 'too-old',
    })
}

/** Reads everything through the port. */
async function checkEngine(url: string, expected: Expected): Promise<void> {
  const engine = await openEngine(url)
  try {
    const loaded = await engine.log.load('main')
    assert.equal(loaded.cursor, expected.snapshot.cursor)
    assert.deepEqual(byId(loaded.records), byId(expected.snapshot.records.map(completed)))

    const newer = await engine.log.read('main', expected.before)
    const resumed = new Map<string, AnyRecord>()
    for (const { changes } of newer!.batches) applyChanges(resumed, changes)
    const changed = loaded.records.filter(({ id }) => resumed.has(id))
    assert.deepEqual(byId([...resumed.values()]), byId(changed))
    assert.ok(changed.length > 3)

    for (const record of pictures(loaded.records)) {
      const sha256 = expected.files[record.id]
      if (sha256 === undefined) continue
      const bytes = await buffer(await engine.blobs.get(record.blob!))
      assert.equal(createHash('sha256').update(bytes).digest('hex'), record.blob)
      assert.equal(bytes.length, record.bytes)
    }
  } finally {
    await engine.close()
  }
}

/** Goes on with the board, as its visitors would after an upgrade. */
async function checkServer(
  stack: AsyncDisposableStack,
  server: InProcessServer,
  expected: Expected,
): Promise<void> {
  const at = `${server.url}/api/boards/main`
  const client = await WireClient.connect(server.url, 'main')
  stack.defer(() => client.close())
  const stored = () => client.snapshot().then(({ records }) => pictures(records).filter(isStored))
  for (const { id, variants } of await stored())
    if (variants === null)
      await client.waitForBatch(({ changes }) =>
        changes.some((change) => 'put' in change && change.put.id === id),
      )
  for (const { id, blob, variants, width } of await stored()) {
    assert.deepEqual(variants, width > 320 ? [64, 320] : [])
    for (const side of variants!)
      assert.equal((await fetch(`${server.url}/b/main/blob/${blob}/${side}`)).status, 200)
    assert.equal((await fetch(`${at}/images/${id}/file`)).status, 200)
  }

  const commands = [{ kind: 'image.remove', id: expected.snapshot.records[0]!.id }] as const
  const resent = { client: expected.client, n: expected.last.n, commands }
  assert.deepEqual(await client.sendMessage(resent), expected.last, 'F3: its answer is remembered')

  const [old] = await stored()
  const patched = await fetch(`${at}/images/${old!.id}`, {
    method: 'PATCH',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ caption: 'After the upgrade' }),
  })
  assert.equal(patched.status, 200)
  const added = await fetch(`${server.url}/new.jpg`, {
    method: 'PUT',
    body: new Uint8Array(await drawPicture({ width: 90, height: 60 })),
  })
  assert.equal(added.status, 201)
  const { records } = (await (await fetch(`${at}/snapshot`)).json()) as Snapshot
  assert.equal(records.length, expected.snapshot.records.length + 1)
  const now = pictures(records).find(({ id }) => id === old!.id)
  assert.equal(now?.caption, 'After the upgrade')
}

/** Returns a record of an older build with every field of today. */
function completed(record: AnyRecord): AnyRecord {
  if (record.kind === 'board')
    return Object.assign({ trashDays: 30, keepMetadata: false, adding: 'open' }, record)
  const storedAt = record.blob === null ? null : record.createdAt
  return Object.assign(
    {
      animated: false,
      variants: null,
      source: null,
      original: null,
      by: '',
      deletedBy: null,
      replacedAt: null,
      slot: null,
      purgeAt: null,
      purgeBy: null,
      link: null,
      storedAt,
    },
    record,
  )
}

const isStored = ({ blob }: ImageRecord): boolean => blob !== null

const pictures = (records: readonly AnyRecord[]): ImageRecord[] =>
  records.filter((record) => record.kind === 'image')

const byId = (records: readonly AnyRecord[]): AnyRecord[] =>
  records.toSorted((a, b) => (a.id < b.id ? -1 : 1))
