import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { test } from 'node:test'
import { Harness } from '../support/http-harness.ts'
import { Metrics } from './metrics.ts'

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
})
