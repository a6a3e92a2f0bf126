import assert from 'node:assert/strict'
import { readFile, rename } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { Harness } from '../support/http-harness.ts'
import { Metrics } from './metrics.ts'

const PAUSE_MS = 50

test('Y11: all who ask within a second get one measurement', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const metrics = new Metrics()
  metrics.viewers.set(1)
  const first = metrics.read()
  metrics.viewers.set(2)
  assert.equal(await metrics.read(), await first)
  t.mock.timers.tick(1_000)
  assert.match(await metrics.read(), /wirephoto_viewers 2/)
})

test('E100: the dashboard and the alerts of the documents read what the server measures', async (t) => {
  const server = await Harness.open()
  t.after(() => server.close())
  const text = await (await fetch(`${server.url}/metrics`)).text()
  const measured = new Set(
    Array.from(text.matchAll(/^(?:# TYPE )?([a-z]\w+)(?:\{| )/gm), ([, name]) => name).concat('up'),
  )
  const folder = resolve(import.meta.dirname, '../../../docs/monitoring')
  for (const file of ['dashboard.json', 'alerts.yml']) {
    const expressions = (await readFile(`${folder}/${file}`, 'utf8')).matchAll(/expr"?: (.+)/g)
    const names = Array.from(expressions, ([, expression]) =>
      expression!.matchAll(/\b((?:wirephoto|process|nodejs)_\w+|up(?=\{))/g),
    ).flatMap((each) => Array.from(each, ([, name]) => name!))
    assert.ok(names.length > 5)
    assert.deepEqual(
      names.filter((name) => !measured.has(name)),
      [],
      file,
    )
  }
  // An alert on a reason that no server has would never go off.
  const alerts = await readFile(`${folder}/alerts.yml`, 'utf8')
  const reasons = Array.from(alerts.matchAll(/reason[!=]~?"([\w|-]+)"/g), ([, codes]) =>
    codes!.split('|'),
  ).flat()
  const source = await readFile(resolve(import.meta.dirname, 'readiness.ts'), 'utf8')
  assert.ok(reasons.length > 5)
  assert.deepEqual(
    reasons.filter((code) => !source.includes(`code: '${code}'`)),
    [],
  )
})

test('E122: the measurements name each reason of /readyz, while it is one, and the room for data', async (t) => {
  const server = await Harness.open()
  t.after(() => server.close())
  const lines = async () => {
    const text = await (await fetch(`${server.url}/metrics`)).text()
    return text.split('\n').filter((line) => /^wirephoto_(not_ready|data_free)/.test(line))
  }
  const [free, ...others] = await lines()
  assert.deepEqual(others, [])
  assert.ok(Number(/^wirephoto_data_free_bytes (\S+)$/.exec(free!)![1]) > 1_000_000)
  const [database, aside] = ['wirephoto.db', 'aside'].map((name) => join(server.data, name))
  await rename(database!, aside!)
  const named = 'wirephoto_not_ready{reason="database-gone"} 1'
  while (!(await lines()).includes(named)) await setTimeout(PAUSE_MS)
  await rename(aside!, database!)
  while ((await lines()).includes(named)) await setTimeout(PAUSE_MS)
})
