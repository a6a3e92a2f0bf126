import assert from 'node:assert/strict'
import { existsSync, openAsBlob, readdirSync } from 'node:fs'
import { test } from 'node:test'
import { refusal } from './file-type.ts'

const corpora = new URL('../../../../../shared/corpora/', import.meta.url)
const away = existsSync(corpora) ? false : 'no ../shared/corpora here'

const box = (brand: string): string => `\0\0\0\x20ftyp${brand}\0\0\0\0mif1${brand}miaf`
const file = (bytes: string, name: string, type = ''): File =>
  new File([Uint8Array.from(bytes, (c) => c.charCodeAt(0))], name, { type })

test('F8: what a board takes is told by its bytes, not by its name', async () => {
  for (const bytes of [
    '\xff\xd8\xff\xe0',
    '\x89PNG\r\n\x1a\n',
    'GIF89a',
    'RIFF????WEBPVP8 ',
    box('avif'),
    box('heic'),
    'II*\0',
    'MM\0*',
    'BM\x3e\x04\0\0\0\0\0\0\x3e',
    '<?xml version="1.0"?>\n<!-- a drawing --><svg xmlns="http://www.w3.org/2000/svg">',
  ])
    assert.equal(await refusal(file(bytes, 'scan.pdf', 'application/pdf')), null, bytes)
})

test('F8: what it does not take is refused with its own code', async () => {
  assert.equal(await refusal(file('', 'a.jpg', 'image/jpeg')), 'empty-file')
  assert.equal(await refusal(file('%PDF-1.7', 'a.jpg', 'image/jpeg')), 'not-a-picture')
  assert.equal(await refusal(file('<html><svg xmlns=', 'a.svg', 'image/svg+xml')), 'not-a-picture')
  assert.equal(await refusal(file('BMW is a car', 'a.bmp', 'image/bmp')), 'not-a-picture')
  assert.equal(await refusal(file('\0\0\0\x14ftypqt  \0\0\0\0qt  ', 'IMG_2041.mov')), 'video')
  assert.equal(await refusal(file('\x1aE\xdf\xa3', 'a.webm')), 'video')
  assert.equal(await refusal(file('GIF89a-and-more', 'a.gif'), 10), 'too-large')
})

test('F8: real photographs pass', { skip: away }, async () => {
  for (const folder of ['photos/', 'formats/'])
    for (const name of readdirSync(new URL(folder, corpora))) {
      const blob = await openAsBlob(new URL(folder + name, corpora))
      assert.equal(await refusal(new File([blob], name)), null, name)
    }
})
