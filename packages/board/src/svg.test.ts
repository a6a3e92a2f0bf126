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

test('F8: a long beginning is read in no time', () => {
  const start = performance.now()
  for (const text of ['<!---->', '<!--', '<?', '<!DOCTYPE ', '<!DOCTYPE [', ' '])
    assert.equal(is(text.repeat(4_100 / text.length)), false)
  assert.ok(performance.now() - start < 1_000)
})
