import assert from 'node:assert/strict'
import { test } from 'node:test'
import { paceBeside, quietViewFrom, searchFor, viewAfter, wallUrl } from './quiet-view.ts'

test('W62: the address asks for it; what makes no sense there gives way to the usual', () => {
  assert.deepEqual(quietViewFrom(''), { slides: null, paceS: 8 })
  assert.deepEqual(quietViewFrom('?slides=oldest&pace=30'), { slides: 'oldest', paceS: 30 })
  assert.deepEqual(quietViewFrom('?slides=sideways&pace=0.001'), { slides: null, paceS: 8 })
  assert.equal(searchFor({ slides: 'shuffled', paceS: 15 }, ''), '?slides=shuffled&pace=15')
  assert.equal(searchFor({ slides: null, paceS: 15 }, '?slides=newest&pace=15&x=1'), '?x=1')
})

test('W62: keys go through the views and the paces', () => {
  let view = quietViewFrom('')
  const seen = Array.from({ length: 4 }, () => (view = viewAfter(view)).slides)
  assert.deepEqual(seen, ['newest', 'oldest', 'shuffled', null])
  assert.equal(paceBeside(8, 1), 15)
  assert.equal(paceBeside(5, -1), 5)
  assert.equal(paceBeside(60, 1), 60)
})

test('W72: the address of a wall has its view, and the secret by which another screen may open it', () => {
  const base = 'https://pictures.test'
  const usual = { slides: null, paceS: 8 } as const
  assert.equal(wallUrl('main', { base, view: usual, secret: null }), `${base}/b/main/show`)
  const shuffled = { slides: 'shuffled', paceS: 15 } as const
  assert.equal(
    wallUrl('x', { base, view: shuffled, secret: 'abc' }),
    `${base}/b/x/show?slides=shuffled&pace=15#abc`,
  )
})
