import assert from 'node:assert/strict'
import { test } from 'node:test'
import { siteOriginOf } from './site-origin.ts'

test('P73: the address of a site is its origin, and that of a page is none', () => {
  for (const [text, origin] of [
    ['https://site.example', 'https://site.example'],
    ['https://site.example/', 'https://site.example'],
    ['HTTPS://Site.Example:443', 'https://site.example'],
    ['http://localhost:3000', 'http://localhost:3000'],
    ['https://site.example/page', null],
    ['https://site.example/?a', null],
    ['https://anna@site.example', null],
    ['ftp://site.example', null],
  ] as const)
    assert.equal(siteOriginOf(new URL(text)), origin, text)
})
