import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ServerProcess } from '../support/server-process.ts'

const DRIVERS = { pg: 'postgres://anna@127.0.0.1:1/x', 'rethinkdb-ts': 'rethinkdb://127.0.0.1:1/x' }

/** Makes Node behave as if no driver were installed: it looks for them in an empty place. */
const BARE = `
  import { registerHooks } from 'node:module'
  const drivers = ${JSON.stringify(Object.keys(DRIVERS))}
  registerHooks({
    resolve: (name, context, next) =>
      next(name, drivers.includes(name) ? { ...context, parentURL: 'file:///none/none.js' } : context),
  })`
const execArgv = ['--import', `data:text/javascript,${encodeURIComponent(BARE)}`]

test('SQLite needs and loads no driver', async (t) => {
  const server = await ServerProcess.open({ execArgv })
  t.after(() => server.close())
  const response = await fetch(`${server.url}/api/boards`, { method: 'POST' })
  assert.equal(response.status, 201)
})

for (const [driver, engine] of Object.entries(DRIVERS))
  test(`without ${driver} one sentence says what to install`, async () => {
    const opening = ServerProcess.open({ execArgv, args: ['--engine', engine] })
    await assert.rejects(opening, (error: Error) => {
      const [first, ...lines] = error.message.trimEnd().split('\n')
      assert.match(first!, /code 2/)
      assert.deepEqual(lines, [
        `This engine needs the package ${driver}; install it with "npm install ${driver}".`,
      ])
      return true
    })
  })
