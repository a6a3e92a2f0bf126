import assert from 'node:assert/strict'
import { test } from 'node:test'
import arabic from '../words/ar/index.ts'
import german from '../words/de/index.ts'
import { words } from '../words/page.ts'
import { paletteWords } from '../words/palette.ts'
import { found, notYet } from './palette-search.ts'

const actionsOf = (names: Partial<typeof words>, synonyms: Partial<Record<string, string>> = {}) =>
  (['delete', 'fit', 'undo', 'share', 'selectAll'] as const).map((id) => ({
    id,
    label: names[id] ?? '',
    synonyms: synonyms[id],
  }))

test('I51: the palette knows other words for an action, in each language', () => {
  const english = actionsOf(words, paletteWords.synonyms)
  for (const text of ['remove', 'Erase', 'bin']) assert.equal(found(english, text)[0]?.id, 'delete')
  for (const text of ['whole', 'zoom out']) assert.equal(found(english, text)[0]?.id, 'fit')
  const inGerman = actionsOf(german.page as typeof words, german.palette.synonyms)
  for (const text of ['entfernen', 'wegwerfen'])
    assert.equal(found(inGerman, text)[0]?.id, 'delete', text)
  const inArabic = actionsOf(arabic.page as typeof words, arabic.palette.synonyms)
  for (const text of ['إزالة', 'مسح']) assert.equal(found(inArabic, text)[0]?.id, 'delete', text)
})

test('I51: an action is found by its name before others are by other words', () => {
  const all = [
    { label: 'Trash', synonyms: 'delete' },
    { label: 'Delete', synonyms: undefined },
  ]
  assert.deepEqual(
    found(all, 'dele').map(({ label }) => label),
    ['Delete', 'Trash'],
  )
})

test('I52: the words of names and captions are found without case, accents and signs', () => {
  const pictures = [{ label: 'IMG_2041.jpg', synonyms: 'Café in Orléans' }, { label: 'b.png' }]
  for (const text of ['2041', 'img 2041', 'cafe', 'orle caf'])
    assert.equal(found(pictures, text).length, 1, text)
  assert.deepEqual(found(pictures, 'afe'), [])
})

test("I53: what can't be done yet is answered by a sentence, in each language", () => {
  const sentence = (text: string) => notYet(Object.values(paletteWords.notYet), text)
  assert.equal(sentence('crop'), "Pictures can't be cropped here yet.")
  for (const text of ['rotate', 'Video', 'draw', 'comm']) assert.match(sentence(text)!, / yet\./)
  assert.match(sentence('how to crop')!, /cropped/)
  for (const text of ['', 'co', 'tidy', 'nothing like it']) assert.equal(sentence(text), null)
  for (const [{ palette }, text] of [
    [german, 'zuschneiden'],
    [arabic, 'قص'],
    [arabic, 'فيديو'],
  ] as const)
    assert.ok(notYet(Object.values(palette.notYet ?? {}), text), text)
  // GIFs are taken, so the palette leads to Add.
  for (const { synonyms, notYet: answers } of [paletteWords, german.palette, arabic.palette]) {
    assert.equal(notYet(Object.values(answers ?? {}), 'gif'), null)
    assert.equal(found([{ label: '', synonyms: synonyms?.choose }], 'GIF').length, 1)
  }
})
