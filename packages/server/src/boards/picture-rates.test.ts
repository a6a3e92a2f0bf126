import assert from 'node:assert/strict'
import { test } from 'node:test'
import { boundsWith } from '../bounds.ts'
import { PictureRates } from './picture-rates.ts'
import { type Sender, STRANGER } from './sender.ts'

const BOARD = 'somewhere'
const BOUNDS = boundsWith({ 'pictures-per-link-minute': 3, 'pictures-per-stranger-minute': 2 })
const TOO_FAST = { code: 'too-fast' }
const one = () => ({ pictures: 1, bytes: 10 })
const anna: Sender = { visitor: 'anna', address: '192.0.2.1', role: 'add', quota: { link: 'l' } }
const ben: Sender = { ...anna, visitor: 'ben', address: '192.0.2.2' }

/** Opens the rates of two servers, each of which tells the other. */
function openPair(): { here: PictureRates; there: PictureRates } {
  const [here, there] = [new PictureRates(BOUNDS), new PictureRates(BOUNDS)]
  here.onSpent = (spent) => there.receive(spent)
  there.onSpent = (spent) => here.receive(spent)
  return { here, there }
}

const charge = (rates: PictureRates, sender: Sender, board = BOARD) =>
  rates.charge(board, sender, one(), true)

test('E125: what a link adds at two servers counts together, and on other boards it does not', () => {
  const { here, there } = openPair()
  charge(here, anna)
  charge(there, ben)
  here.add(BOARD, anna, one())
  assert.throws(() => charge(there, anna), TOO_FAST)
  assert.throws(() => charge(here, ben), TOO_FAST)
  assert.ok(charge(there, anna, 'other'))
  assert.ok(charge(there, { ...anna, quota: { link: 'm' } }))
})

test('E125: strangers count together by their address', () => {
  const { here, there } = openPair()
  const stranger = { ...anna, quota: STRANGER }
  charge(here, stranger)
  charge(here, { ...stranger, visitor: 'carl' })
  assert.throws(() => charge(there, stranger), TOO_FAST)
  assert.ok(charge(there, { ...stranger, address: '192.0.2.3' }))
})

test('E125: an amount that is given back at one server makes room at the other, once', () => {
  const { here, there } = openPair()
  const giveBack = charge(here, anna)!
  charge(here, anna)
  charge(here, anna)
  assert.throws(() => charge(there, ben), TOO_FAST)
  giveBack()
  giveBack()
  assert.ok(charge(there, ben))
  assert.throws(() => charge(there, ben), TOO_FAST)
})

test('E125: owners without a link are not told of', () => {
  const rates = new PictureRates(BOUNDS)
  rates.onSpent = () => assert.fail('told')
  const { quota: _, ...owner } = anna
  assert.equal(charge(rates, owner), null)
  rates.add(BOARD, owner, one())
})
