import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { errors } from './error-codes.ts'
import { refusedKinds, takenKinds, textKind } from './kinds.ts'
import { isShown, MEDIA_TYPES } from './media-types.ts'
import { kindRefusal, optionalKinds, recognise, refusalOf, takenKind } from './recognise.ts'

const bytes = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0))
const told = (head: string, name: string): string => {
  const kind = recognise(bytes(head), name)
  return kind && 'type' in kind ? kind.type : refusalOf(kind, name).message
}
const ftyp = (major: string, ...others: string[]): string =>
  `\0\0\0${String.fromCharCode(16 + 4 * others.length)}ftyp${major}\0\0\0\0${others.join('')}`

describe('the table of kinds', () => {
  test('U14: each media type is one kind, and an ending is of one kind', () => {
    assert.deepEqual(takenKinds.map(({ type }) => type).sort(), [...MEDIA_TYPES].sort())
    for (const type of MEDIA_TYPES) assert.equal(takenKind(type).type, type)
    const endings = [...takenKinds, ...refusedKinds, textKind].flatMap((kind) => kind.extensions)
    assert.deepEqual(endings, [...new Set(endings)])
    assert.deepEqual(
      endings.filter((ending) => !/^[a-z0-9]+$/.test(ending)),
      [],
    )
  })

  test('U14: every signature of a kind is told as that kind, whatever the name says', () => {
    for (const kind of [...takenKinds, ...refusedKinds])
      for (const signature of kind.signatures) {
        const [at, text] = typeof signature === 'string' ? ([0, signature] as const) : signature
        const head = '\x02'.repeat(at) + text.replaceAll('?', '\x03')
        assert.equal(recognise(bytes(head), 'a.unknown'), kind, JSON.stringify(head))
      }
  })

  test('U15: a kind that is refused has a code of 415, and sentences that name it and the way on', () => {
    for (const kind of [...refusedKinds, textKind]) {
      const error = refusalOf(kind, 'a.bin')
      assert.equal(errors[kind.code], 415)
      assert.match(error.message, /^a\.bin is [a-z].+[^.]\. [A-Z].+\.$/, kind.name)
    }
  })

  test('U15: camera files, films, documents and the rest are told apart', () => {
    const CAMERA = 'is a camera file. Export it as JPEG and add that.'
    for (const [head, name] of [
      [ftyp('crx ', 'crx ', 'isom'), 'IMG_0001.CR3'],
      ['II*\0\x10\0\0\0CR\x02\0', 'IMG_0001.CR2'],
      ['FUJIFILMCCD-RAW 0201', 'DSCF0001.RAF'],
    ] as const)
      assert.equal(told(head, name), `${name} ${CAMERA}`)
    for (const [head, name, sentence] of [
      [ftyp('qt  ', 'qt  '), 'a.mov', 'a video'],
      [ftyp('isom', 'isom', 'mp41'), 'a.jpg', 'a video'],
      ['\x1aE\xdf\xa3\x01', 'a.mkv', 'a video'],
      ['RIFF\x10\0\0\0AVI LIST', 'a.avi', 'a video'],
      [ftyp('M4A ', 'M4A ', 'isom'), 'a.m4a', 'a sound'],
      ['RIFF\x10\0\0\0WAVE', 'a.wav', 'a sound'],
      ['%PDF-1.4\n%\xe2', 'a.pdf', 'a PDF'],
      ['%PDF-1.4\n%\xe2', 'logo.ai', 'an Illustrator drawing'],
      ['PK\x03\x04\x14\0\x06\0', 'letter.docx', 'an office document'],
      ['PK\x03\x04\x14\0\x06\0', 'plan.sketch', 'a Sketch file'],
      ['PK\x03\x04\x14\0\x06\0', 'holiday.zip', 'an archive'],
      ['PK\x03\x04\x14\0\x06\0', 'holiday.jpg', 'an archive'],
      ['\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1', 'a.ppt', 'an office document'],
      ['\0\0\x01\0\x01\0\x20\x20', 'favicon.ico', 'an icon'],
      ['\0\0\x02\0\x01\0\x20\x20', 'a.cur', 'a pointer'],
      ['\0\0\x02\0\0\0\0\0\0\0\0\0\x40\0', 'a.tga', 'a TGA picture'],
      ['\xff\xd8\xff\xf7\0\x0b', 'a.jls', 'a JPEG-LS picture'],
      ['P6\n8 8\n255\n', 'a.ppm', 'a PNM picture'],
      ['\0\0\0\x0cjP  \r\n\x87\n', 'a.jp2', 'a JPEG 2000 picture'],
      ['<!DOCTYPE html><title>', 'a.jpg', 'a web page'],
      ['hello, this is not a picture', 'a.jpg', 'a text'],
      ['hello', '', 'a text'],
      ['[InternetShortcut]\r\nURL=', 'a.url', 'a link, not the picture'],
      ['<?xml version="1.0"?><plist>', 'IMG_0001.AAE', 'a list of edits, not the picture'],
      ['bplist00\0\x01', 'IMG_0001.HEIC.icloud', 'still in iCloud'],
      ['\0\x01\0\0\0\x0f', 'a.ttf', 'a font'],
    ] as const)
      assert.match(told(head, name), new RegExp(`^${name || 'This file'} is ${sentence}\\. `))
  })

  test('U15: what nobody knows is told every kind that is taken', () => {
    const message = told('\x01\x02\x03\x04\0\0', 'photo.jpg')
    assert.equal(
      message,
      "photo.jpg isn't a picture that can be added. Save it as JPEG, PNG, GIF, WebP, AVIF, HEIC, JPEG XL, TIFF, BMP, SVG or PSD.",
    )
    for (const { name } of takenKinds) assert.ok(message.includes(name), name)
  })

  test('E18: a kind that the operator refuses has a sentence with the kind and the way on', () => {
    const refused = new Set(optionalKinds.map(({ type }) => type))
    for (const kind of takenKinds) {
      const error = kindRefusal(kind, 'a.bin', refused)
      if (!kind.isOptional) assert.equal(error, null)
      else
        assert.equal(
          `${error?.code}: ${error?.message}`,
          `other-format: a.bin is ${kind.name}, which this server doesn't take for now. Save it as JPEG or PNG and add that.`,
        )
    }
    // An unknown file is told of no kind that is refused.
    assert.match(kindRefusal(null, 'a', refused)!.message, / JPEG, PNG, GIF or WebP\.$/)
  })

  test('U14: the brands of a file decide between AVIF, HEIC and films', () => {
    assert.equal(told(ftyp('avis', 'avis', 'msf1', 'iso8'), 'a'), 'image/avif')
    assert.equal(told(ftyp('mif1', 'mif1', 'avif', 'miaf'), 'a'), 'image/avif')
    assert.equal(told(ftyp('mif1', 'mif1', 'heic'), 'a'), 'image/heic')
    assert.equal(told(ftyp('heic', 'mif1', 'avif', 'heic'), 'a'), 'image/heic')
    assert.equal(told(ftyp('hevc', 'msf1', 'hevc'), 'a'), 'image/heic')
    assert.match(told(ftyp('mp42', 'isom'), 'a'), /is a video/)
  })

  test('F8: any head has an answer', () => {
    for (let length = 0; length < 64; length++)
      for (const start of ['', 'RIFF', '\0\0\0\x18ftyp', '\xff\xff\xff\xffftyp', '<svg', 'II*\0'])
        recognise(bytes(start.padEnd(length, '\xff')), '..')
    assert.equal(isShown('image/heic'), false)
  })
})
