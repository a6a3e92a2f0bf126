import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { SEED } from '../../../../test/support/effort.ts'
import { EntryNames } from './entry-names.ts'

const jpeg = (name: string, by = '') => ({ name, by, type: 'image/jpeg' }) as const

test('H25: a file has its author and the name that it came with', () => {
  const names = new EntryNames()
  assert.equal(names.of(jpeg('IMG_2201.jpg', 'Ada')), 'Ada - IMG_2201.jpg')
  assert.equal(names.of(jpeg('IMG_2201.jpg', 'Ada')), 'Ada - IMG_2201 (2).jpg')
  assert.equal(names.of(jpeg('IMG_2201.jpg')), 'IMG_2201.jpg')
  assert.equal(names.of(jpeg('Büro & Ćevapi 👩‍👩‍👧.JPEG')), 'Büro & Ćevapi 👩‍👩‍👧.JPEG')
  assert.equal(names.of(jpeg('')), 'picture.jpg')
})

test('H25: names that differ by case or by Unicode forms alone are told apart', () => {
  const names = new EntryNames()
  assert.equal(names.of(jpeg('é.jpg')), 'é.jpg')
  assert.equal(names.of(jpeg('e\u0301.jpg')), 'é (2).jpg')
  assert.equal(names.of(jpeg('É.JPG')), 'É (3).JPG')
  assert.equal(names.of(jpeg('é (2).jpg')), 'é (2) (2).jpg')
  assert.equal(names.of(jpeg('straße.jpg')), 'straße.jpg')
  assert.equal(names.of(jpeg('STRASSE.jpg')), 'STRASSE (2).jpg')
})

test('H25, F9: no name leads elsewhere, names a device, or hides what it is', () => {
  const cases: [string, string][] = [
    ['../../etc/passwd', 'passwd.jpg'],
    ['..\\..\\boot.ini', 'boot.ini.jpg'],
    ['..', 'picture.jpg'],
    ['...jpg', 'jpg.jpg'],
    ['.htaccess', 'htaccess.jpg'],
    ['CON', '_CON.jpg'],
    ['con.jpg', '_con.jpg'],
    ['nul.tar.jpg', '_nul.tar.jpg'],
    ['COM¹.jpg', '_COM¹.jpg'],
    ['lpt9 .jpg', '_lpt9.jpg'],
    ['aux', '_aux.jpg'],
    ['a:b?c*d|e<f>g".jpg', 'a_b_c_d_e_f_g_.jpg'],
    ['dots. . .', 'dots.jpg'],
    ['space .jpg ', 'space.jpg'],
    ['gpj.\u202eexe.jpg', 'gpj.exe.jpg'],
    ['a\u0000b\u0007.jpg', 'ab.jpg'],
    ['zero\u200bwidth\ufeff.jpg', 'zerowidth.jpg'],
    ['page.html', 'page.html.jpg'],
    ['setup.exe', 'setup.exe.jpg'],
    ['wrong.png', 'wrong.png.jpg'],
    ['lone\ud800.jpg', 'lone\ufffd.jpg'],
  ]
  for (const [sent, expected] of cases)
    assert.equal(new EntryNames().of(jpeg(sent)), expected, JSON.stringify(sent))
  const names = new EntryNames()
  assert.equal(names.of(jpeg('con.jpg', 'Ada')), 'Ada - con.jpg')
  assert.equal(names.of(jpeg('a.jpg', '../..\\x')), '_.._x - a.jpg')
  assert.equal(names.of(jpeg('a.jpg', 'CON')), 'CON - a.jpg')
})

test('H25: a long name keeps its ending, within the bytes that every file system takes', () => {
  const names = new EntryNames()
  const [long, emoji] = [`${'ä'.repeat(240)}.jpeg`, `${'👩‍👩‍👧'.repeat(30)}.jpg`]
  for (const name of [long, long, long, emoji, emoji]) {
    const given = names.of(jpeg(name, 'Ä'.repeat(40)))
    assert.ok(Buffer.byteLength(given) <= 255, given)
    assert.match(given, /\.jpe?g$/)
    assert.ok(given.isWellFormed())
  }
})

test(`H25: whatever the names, those of one archive are safe and differ (SEED=${SEED})`, () => {
  const name = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc.constantFrom('a.jpg', 'A.jpg', 'a (2).jpg', 'con', 'CON.jpg', '.', '..', ' ', 'a/b'),
  )
  const picture = fc.record({ name, by: fc.oneof(fc.constant(''), name) })
  const all = fc.array(picture, { minLength: 1, maxLength: 40 })
  const check = (pictures: { name: string; by: string }[]) => {
    const names = new EntryNames()
    const given = pictures.map((each) => names.of({ ...each, type: 'image/png' }))
    const again = new EntryNames()
    assert.deepEqual(
      pictures.map((each) => again.of({ ...each, type: 'image/png' })),
      given,
    )
    const keys = given.map((each) => each.normalize('NFC').toUpperCase().toLowerCase())
    assert.equal(new Set(keys).size, given.length)
    for (const each of given) {
      assert.ok(Buffer.byteLength(each) <= 255)
      assert.doesNotMatch(each, /[<>:"/\\|?*\p{Cc}\u202a-\u202e\u2066-\u2069]|^[.\s]|[.\s]$/u)
      assert.doesNotMatch(each, /^(?:con|prn|aux|nul|com\d|lpt\d) *(?:\.|$)/i)
      assert.match(each, /\.(?:png|apng)$/i)
    }
  }
  fc.assert(fc.property(all, check), { seed: SEED, numRuns: 200 })
})
