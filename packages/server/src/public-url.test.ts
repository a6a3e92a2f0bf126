import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Harness } from '../support/http-harness.ts'
import { basePathOf, parsePublicUrl, withoutBasePath } from './public-url.ts'

test('Z1: a public URL may have a path that nobody writes in two ways', () => {
  for (const [text, url] of [
    ['https://host', 'https://host'],
    ['https://host/', 'https://host'],
    ['http://host:81/photos/', 'http://host:81/photos'],
    ['https://host/~anna/photos.2026', 'https://host/~anna/photos.2026'],
    ['https://host/boards/b', 'https://host/boards/b'],
    ['host/photos', null],
    ['ftp://host/photos', null],
    ['https://host/photos?x', null],
    ['https://host/photos#x', null],
    ['https://anna:secret@host/photos', null],
    ['https://host/über', null],
    ['https://host/a%2Fb', null],
    ['https://host/a//b', null],
    ['https://host/a"b', null],
    ['https://host/a;b', null],
    ['https://host/.well-known', null],
  ] as const)
    assert.equal(parsePublicUrl(text), url, text)
})

test("Z1: none of the server's own addresses lies under a path that it may have", async (t) => {
  const server = await Harness.open()
  t.after(() => server.close())
  const { routes } = server
  const firstSegments = [...routes.matchAll(/^ {4}[├└]── ([\w.]+)/gm)].map(([, name]) => name!)
  assert.ok(firstSegments.includes('api') && firstSegments.includes('b'), routes)
  for (const segment of [...firstSegments, 'live', 'socket.io', 'image', 'assets'])
    assert.equal(parsePublicUrl(`https://host/${segment}/photos`), null, segment)
})

test('Z2: a target has the same meaning with its base path and without', () => {
  for (const [target, rest] of [
    ['/photos', '/'],
    ['/photos/', '/'],
    ['/photos?x', '/?x'],
    ['/photos/b/main?x=/photos/', '/b/main?x=/photos/'],
    ['/b/main', '/b/main'],
    ['/photoshop', '/photoshop'],
    ['/b/photos/', '/b/photos/'],
    ['*', '*'],
  ] as const)
    assert.equal(withoutBasePath(target, basePathOf('https://host/photos')), rest)
  for (const target of ['/', '/b/main', '*', ''])
    assert.equal(withoutBasePath(target, basePathOf('https://host')), target || '/')
  assert.equal(basePathOf(null), '')
})
