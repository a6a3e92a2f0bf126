import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  limits,
  PERSON_COLOUR_COUNT,
  type PresenceUpdate,
  personColour,
  serverLimits,
} from '@wirephoto/board'
import { Presence } from './presence.ts'

const open = (options: Partial<ConstructorParameters<typeof Presence>[0]> = {}) =>
  new Presence({
    send: () => {},
    hasPicture: (id) => !id.startsWith('unknown'),
    elsewhere: () => ({}),
    bytes: 100_000,
    bytesPerVisitor: 50_000,
    bytesPerAddress: 100_000,
    ...options,
  })
const IDLE = { name: '', cursor: null, selection: [], drag: null }

test('W15: on a crowded board 50 sessions are shown, and all that drag a picture', () => {
  const presence = open()
  const sessions = Array.from({ length: 60 }, (_, i) => `s${i}`)
  for (const session of sessions) presence.set(session, { visitor: session }, IDLE)
  const first = sessions.slice(0, serverLimits.shownPeopleCount)
  assert.equal(first.length, 50)
  assert.deepEqual(Object.keys(presence.all), first)
  presence.set('s55', { visitor: 's55' }, { ...IDLE, drag: { a: { x: 1, y: 2 } } })
  assert.deepEqual(Object.keys(presence.all), [...first, 's55'])
  presence.set('s55', { visitor: 's55' }, IDLE)
  presence.leave('s0')
  assert.deepEqual(Object.keys(presence.all), sessions.slice(1, 51))
  presence.close()
})

test('W15: viewers are told who is shown from now on, and who no longer is', async () => {
  let told = Promise.withResolvers<PresenceUpdate>()
  const presence = open({ send: (update) => told.resolve(update) })
  const news = async () => {
    const update = await told.promise
    told = Promise.withResolvers()
    return update
  }
  const enter = (session: string, address: string) =>
    presence.set(session, { visitor: session, address }, IDLE)
  for (let i = 0; i < 60; i++) enter(`s${i}`, '192.0.2.1')
  assert.equal(Object.keys(await news()).length, serverLimits.shownPeopleCount)
  enter('other', '192.0.2.2')
  assert.deepEqual(await news(), {
    other: { ...IDLE, visitor: 'other', colour: personColour('other') },
    s49: null,
  })
  presence.leave('s0')
  assert.deepEqual(await news(), {
    s0: null,
    s49: { ...IDLE, visitor: 's49', colour: personColour('s49') },
  })
  presence.set('s55', { visitor: 's55' }, { ...IDLE, drag: { a: { x: 1, y: 2 } } })
  assert.ok((await news())['s55']?.drag)
  presence.set('s55', { visitor: 's55' }, IDLE)
  assert.deepEqual(await news(), { s55: null })
  presence.close()
})

test('W36: no colour is given twice while one is free, and it lasts as long as the visitor is here', () => {
  const presence = open()
  const enter = (session: string, visitor: string) => presence.set(session, { visitor }, IDLE)
  const colourOf = (session: string) => presence.all[session]!.colour
  const visitors = Array.from({ length: PERSON_COLOUR_COUNT }, (_, i) => `v${i}`)
  for (const visitor of visitors) enter(visitor, visitor)
  assert.equal(new Set(visitors.map(colourOf)).size, PERSON_COLOUR_COUNT)
  const freed = colourOf('v3')
  enter('tab', 'v3')
  presence.leave('v3')
  assert.equal(colourOf('tab'), freed)
  presence.leave('tab')
  enter('new', 'new')
  assert.equal(colourOf('new'), freed)
  enter('one-more', 'one-more')
  assert.equal(colourOf('one-more'), personColour('one-more'))
  presence.close()
})

test("Y6: pictures that the board does not have are in nobody's hand", () => {
  const presence = open()
  const at = { x: 1, y: 2 }
  presence.set(
    's',
    { visitor: 'v' },
    {
      ...IDLE,
      selection: ['a', 'unknown'],
      drag: { a: at, 'unknown-too': at },
    },
  )
  assert.deepEqual(presence.all['s'], {
    ...IDLE,
    visitor: 'v',
    colour: personColour('v'),
    selection: ['a'],
    drag: { a: at },
  })
  presence.set('s', { visitor: 'v' }, { ...IDLE, drag: { unknown: at } })
  assert.equal(presence.all['s']?.drag, null)
  presence.close()
})

test('Y6: selections and drags are bounded in bytes, for one visitor and for all', () => {
  const presence = open({ bytes: 60_000, bytesPerVisitor: 25_000 })
  const ids = Array.from({ length: limits.draggedPictureCount }, () => crypto.randomUUID())
  const drag = Object.fromEntries(ids.map((id) => [id, { x: 1234.5, y: -1234.5, w: 320 }]))
  const drags = () => Object.values(presence.all).filter((state) => state?.drag).length
  for (let i = 0; i < 5; i++)
    presence.set(`a${i}`, { visitor: 'a' }, { ...IDLE, selection: ids, drag })
  assert.equal(drags(), 1)
  for (let i = 0; i < 100; i++)
    presence.set(`v${i}`, { visitor: `v${i}` }, { ...IDLE, selection: ids, drag })
  assert.equal(drags(), 3)
  assert.ok(JSON.stringify(presence.all).length < 75_000)
  presence.leave('a0')
  presence.set('v9', { visitor: 'v9' }, { ...IDLE, drag })
  assert.deepEqual(presence.all['v9']?.drag, drag)
  presence.close()
})

test('Y6: five sessions of one visitor are shown, and of others nothing is kept but the name', () => {
  const presence = open()
  for (let i = 0; i < 60; i++) presence.set(`a${i}`, { visitor: 'a' }, { ...IDLE, name: `A${i}` })
  presence.set('b', { visitor: 'b' }, IDLE)
  assert.deepEqual(Object.keys(presence.all), ['a0', 'a1', 'a2', 'a3', 'a4', 'b'])
  assert.equal(presence.nameOf('a59'), 'A59')
  presence.leave('a0')
  presence.set('a59', { visitor: 'a' }, IDLE)
  assert.ok('a59' in presence.all)
  presence.close()
})

test('Y38: one address with many visitors leaves the places and the bytes of others', () => {
  const presence = open({ bytesPerAddress: 1_000 })
  const selection = ['a', 'b']
  const enter = (session: string, address: string) =>
    presence.set(session, { visitor: session, address }, { ...IDLE, selection })
  for (let i = 0; i < 200; i++) enter(`many${i}`, '192.0.2.1')
  const ofMany = () =>
    Object.entries(presence.all).filter(([session]) => session.startsWith('many'))
  const selected = ofMany().filter(([, state]) => state!.selection.length > 0)
  assert.deepEqual([ofMany().length, selected.length], [50, 12])
  for (let i = 0; i < 3; i++) enter(`few${i}`, '192.0.2.2')
  for (const session of ['few0', 'few1', 'few2'])
    assert.deepEqual(presence.all[session]?.selection, selection)
  assert.equal(ofMany().length, 47)
  for (let i = 0; i < 200; i++) presence.leave(`many${i}`)
  enter('again', '192.0.2.1')
  assert.deepEqual(presence.all['again']?.selection, selection)
  presence.close()
})
