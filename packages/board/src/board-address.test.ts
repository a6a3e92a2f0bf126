import assert from 'node:assert/strict'
import { test } from 'node:test'
import { boardAddressOf } from './board-address.ts'

test('I1: an address is that of a board, of its link, or of the front board', () => {
  const secret = 'abcdefghijklmnopqrstuv'
  for (const [address, url, board, found] of [
    ['http://host:8000', 'http://host:8000', 'main', undefined],
    ['http://host:8000/', 'http://host:8000', 'main', undefined],
    ['https://host/b/kitchen', 'https://host', 'kitchen', undefined],
    ['https://host/b/kitchen/', 'https://host', 'kitchen', undefined],
    [`https://host/b/kitchen#${secret}`, 'https://host', 'kitchen', secret],
    [`https://host/#${secret}`, 'https://host', 'main', secret],
    ['https://host/b/kitchen/show?slides=newest', 'https://host', 'kitchen', undefined],
    ['https://host/b/kitchen#12,30,1', 'https://host', 'kitchen', undefined],
    ['https://host/photos', 'https://host/photos', 'main', undefined],
    ['https://host/photos/b/kitchen', 'https://host/photos', 'kitchen', undefined],
  ] as const)
    assert.deepEqual(boardAddressOf(new URL(address)), { url, board, secret: found }, address)
})
