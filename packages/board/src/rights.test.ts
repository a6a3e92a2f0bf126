import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ImageRecord } from './records.ts'
import { type Actor, may } from './rights.ts'
import { ROLES } from './roles.ts'

const mine = { author: 'me' } as ImageRecord
const theirs = { author: 'other' } as ImageRecord
const roles = [...ROLES, 'server'] as const

/** Who may, per verb, of: view, add, edit, own, server. */
const table: [Parameters<typeof may>[1], any: string, own: string][] = [
  ['read', 'yes yes yes yes yes', 'yes yes yes yes yes'],
  ['presence', 'yes yes yes yes yes', 'yes yes yes yes yes'],
  ['image.add', 'no yes yes yes yes', 'no yes yes yes yes'],
  ['image.copy', 'no yes yes yes yes', 'no yes yes yes yes'],
  ['image.patch', 'no no yes yes yes', 'no yes yes yes yes'],
  ['image.sign', 'no no no no yes', 'no yes yes yes yes'],
  ['image.remove', 'no no yes yes yes', 'no yes yes yes yes'],
  ['image.restore', 'no no yes yes yes', 'no yes yes yes yes'],
  ['image.purge', 'no no no yes yes', 'no no no yes yes'],
  ['board.show', 'no no yes yes yes', 'no no yes yes yes'],
  ['board.patch', 'no no no yes yes', 'no no no yes yes'],
  ['board.govern', 'no no no yes yes', 'no no no yes yes'],
  ['image.settle', 'no no no no yes', 'no no no no yes'],
  ['image.vary', 'no no no no yes', 'no no no no yes'],
  ['image.fail', 'no no no no yes', 'no no no no yes'],
  ['image.erase', 'no no no no yes', 'no no no no yes'],
  ['image.admit', 'no no no no yes', 'no no no no yes'],
  ['image.release', 'no no no no yes', 'no no no no yes'],
  ['image.endSlot', 'no no no no yes', 'no no no no yes'],
  ['image.keep', 'no no no yes yes', 'no no no yes yes'],
]

test('F11: each role may what the table says, of any picture and of its own', () => {
  for (const [verb, any, own] of table)
    for (const [picture, expected] of [
      [theirs, any],
      [mine, own],
    ] as const) {
      const told = roles.map((role): string => {
        const who: Actor = { visitor: 'me', role, now: 0 }
        return may(who, verb, picture) ? 'yes' : 'no'
      })
      assert.equal(told.join(' '), expected, `${verb} of ${picture.author}`)
    }
})

test('B115: the role add puts back what it trashed itself, and nothing that others did', () => {
  const guest = { visitor: 'me', role: 'add' } as const
  const trashedBy = (deletedBy: string | null) => ({ author: 'me', deletedBy })
  assert.equal(may(guest, 'image.restore', trashedBy('me')), true)
  assert.equal(may(guest, 'image.restore', trashedBy(null)), true, 'by somebody unknown')
  assert.equal(may(guest, 'image.restore', trashedBy('host')), false)
  assert.equal(may({ visitor: 'me', role: 'edit' }, 'image.restore', trashedBy('host')), true)
  assert.equal(may(guest, 'image.patch', trashedBy('host')), true, 'other rights stay')
})

test("F11: a picture that nobody knows is nobody's", () => {
  assert.equal(may({ visitor: 'me', role: 'add' }, 'image.patch'), false)
})
