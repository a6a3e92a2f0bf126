import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readPages } from '../docs/reference.ts'

test('I78: the reference has every export of the packages, each with its comment', () => {
  const pages = readPages()
  assert.deepEqual(
    pages.flatMap(({ undocumented }) => undocumented),
    [],
  )
  const [client, elements, server] = pages.map(({ markdown }) => markdown)
  assert.match(client!, /^## connect\n\nOpens a board by its address/m)
  assert.match(client!, /^ {2}patch\(|^patch\(id: string/m)
  assert.doesNotMatch(client!, /#do\(/)
  assert.match(elements!, /^## defineElements$/m)
  assert.match(server!, /^## createWirephoto$/m)
})
