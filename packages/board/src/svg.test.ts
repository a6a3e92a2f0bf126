import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isSvg } from './svg.ts'

const is = (text: string): boolean => isSvg(new TextEncoder().encode(text))

test('F8: an SVG is told by its first element', () => {
  for (const before of [
    '',
    '\uFEFF',
    ' \n',
    '<?xml version="1.0" encoding="UTF-8"?>\n',
    '<!-- drawn <b>by hand</b> -->\n<!---->',
    '<?xml version="1.0"?><?xml-stylesheet href="a.css"?><!-- a --> <!-- b -->\r\n',
    '<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">',
    '<!DOCTYPE svg [\n<!ENTITY ns "http://www.w3.org/2000/svg">\n]>\n',
  ])
    for (const element of ['<svg xmlns="http://www.w3.org/2000/svg">', '<svg>', '<svg:svg a="b"'])
      assert.equal(is(before + element), true, before + element)
})

test('F8: what only speaks of one is none', () => {
  for (const text of [
    '',
    '<',
    '<!--',
    'svg',
    '<svgs>',
    '<html><svg>',
    '<!DOCTYPE html><p>',
    '<!-- <svg> -->',
    'a<svg>',
  ])
    assert.equal(is(text), false, text)
})

test('F8: so is one in UTF-16, with its mark or without', () => {
  for (const [mark, swapped] of [
    ['\uFEFF', false],
    ['\uFEFF', true],
    ['', false],
    ['', true],
  ] as const) {
    const utf16 = (text: string) => {
      const bytes = Buffer.from(mark + text, 'utf16le')
      return isSvg(swapped ? bytes.swap16() : bytes)
    }
    assert.equal(utf16('<?xml version="1.0" encoding="UTF-16"?><!-- ä --><svg>'), true)
    assert.equal(utf16('<?xml version="1.0" encoding="UTF-16"?><plist>'), false)
  }
})

test('F8: brackets and quotes in a document type mislead nobody', () => {
  for (const inside of [
    '<!ENTITY a "]>">',
    "<!ENTITY a ']>'>",
    "<!-- don't ]> -->",
    '<?a ]> "?>',
    '<!ELEMENT svg ANY>',
  ])
    assert.equal(is(`<!DOCTYPE svg [${inside}]><svg>`), true, inside)
  assert.equal(is('<!DOCTYPE svg SYSTEM "a>b" [ ] ><svg>'), true)
})

test('D9: what stands behind a long comment is read later, by the server', () => {
  for (const before of ['', '<?xml version="1.0"?>', '<!DOCTYPE svg ['])
    assert.equal(is(`${before}<!-- ${'made by hand '.repeat(400)}`), true, before)
  assert.equal(is(`<!-- ${'made by hand '.repeat(400)}--><svg>`), true)
  assert.equal(is(`<!-- ${'made by hand '.repeat(400)}--><html>`), false)
  for (const other of ['<!DOCTYPE html><!-- ', ' ', 'a <!-- '])
    assert.equal(is(other + ' '.repeat(5_000)), false, other)
})

test('F8: a long beginning is read in no time', () => {
  const start = performance.now()
  for (const text of [
    '<!---->',
    '<!--',
    '<?',
    '<!DOCTYPE ',
    '<!DOCTYPE [',
    ' ',
    '<!DOCTYPE svg ["',
  ])
    is(text.repeat(1_000_000 / text.length))
  assert.ok(performance.now() - start < 2_000)
})
