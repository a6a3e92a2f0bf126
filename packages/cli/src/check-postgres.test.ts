import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { InProcessServer } from '../../../test/support/in-process-server.ts'
import { findPostgres, NO_POSTGRES, Postgres } from '../../../test/support/postgres.ts'

const BIN = fileURLToPath(new URL('../bin/wirephoto.js', import.meta.url))
const [programs] = await findPostgres()

/** `wirephoto check`, to its end. */
function check(...args: string[]): Promise<{ out: string; err: string; code: number }> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [BIN, 'check', ...args], (_error, out, err) =>
      resolve({ out, err, code: child.exitCode ?? -1 }),
    )
  })
}

test('C28: a check that breaks off says why, with exit code 2 and a whole document', {
  skip: programs ? false : NO_POSTGRES,
}, async (t) => {
  const postgres = await Postgres.open(programs!)
  t.after(() => postgres.close())
  const engine = await postgres.newDatabase()
  const server = await InProcessServer.open({ engine })
  t.after(() => server.close())
  const body = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')
  assert.equal((await fetch(`${server.url}/dot.svg`, { method: 'PUT', body })).status, 201)
  await postgres.query('ALTER TABLE chunks RENAME TO lost', engine)
  const { out, err, code } = await check(engine, '--json')
  assert.equal(code, 2)
  assert.match(err, /^The check broke off: relation "chunks" does not exist\n$/)
  assert.deepEqual(JSON.parse(out), { findings: [], error: err.trimEnd() })
})
