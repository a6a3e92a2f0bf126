import assert from 'node:assert/strict'
import { test } from 'node:test'
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
