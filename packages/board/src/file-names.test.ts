import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { cleanLine, cleanName, cleanText } from './file-names.ts'
import { limits } from './limits.ts'

test('H5, F9: a name is a base name that can be shown', () => {
  const cases: [string, string][] = [
    ['holiday.jpg', 'holiday.jpg'],
    ['  two words.jpg ', 'two words.jpg'],
    ['../../etc/passwd', 'passwd'],
    ['C:\\fakepath\\me.png', 'me.png'],
    ['a/b/', 'picture'],
    ['', 'picture'],
    ['..', 'picture'],
    ['\u202egnp.exe', 'gnp.exe'],
    ['a\r\nSet-Cookie: x=1.png', 'aSet-Cookie: x=1.png'],
    ['tab\tnull\0.png', 'tabnull.png'],
    ['日本語 😀.png', '日本語 😀.png'],
    ['\ud800.png', '\ufffd.png'],
  ]
  for (const [name, clean] of cases) assert.equal(cleanName(name), clean)
  // Cut in the middle of a pair of surrogates.
  const long = cleanName(`${'x'.repeat(limits.fileNameLength - 1)}😀`)
  assert.equal(long.length, limits.fileNameLength)
  assert.ok(long.isWellFormed())
})

test('H5, F9: naughty strings make sound names', async (t) => {
  const corpus = new URL('../../../../shared/corpora/names/blns.json', import.meta.url)
  const text = await readFile(corpus, 'utf8').catch(() => null)
  if (text === null) return t.skip('the list of naughty strings is absent')
  for (const naughty of JSON.parse(text) as string[]) {
    const name = cleanName(naughty)
    assert.doesNotMatch(name, /[\p{Cc}/\\\u202a-\u202e\u2066-\u2069]|^\.*$/u)
    assert.equal(cleanName(name), name)
  }
})

test('F9: no text turns the direction of what stands beside it', () => {
  assert.equal(cleanText('Anna\u202e gnp.exe\u2066\u2069'), 'Anna gnp.exe')
  assert.equal(cleanText('שלום – مرحبا\u200f'), 'שלום – مرحبا\u200f', 'marks for one letter stay')
})

test('Y20: a title is one line without control characters, and a caption keeps its lines', () => {
  assert.equal(cleanLine('Par\0ty\r\n\u0007\u009b31m of\tmay\ud800'), 'Party 31m of may\ufffd')
  assert.equal(cleanText('one\r\ntwo\0\u001b[31m\tthree'), 'one\ntwo[31m\tthree')
})
