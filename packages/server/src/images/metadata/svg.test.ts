import assert from 'node:assert/strict'
import { test } from 'node:test'
import sharp from 'sharp'
import { CANARY, exif } from '../../../support/canary-images.ts'
import { svgGaps } from '../decoding/svg-gaps.ts'
import { scrubSvg } from './svg.ts'

const XMLNS = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
const EDITORS =
  'xmlns:inkscape="http://www.inkscape.org/namespaces/inkscape" xmlns:sodipodi="http://sodipodi.sourceforge.net/DTD/sodipodi-0.dtd" xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:i="http://ns.adobe.com/AdobeIllustrator/10.0/"'

const scrubbed = (svg: string): string => {
  const sent = Buffer.from(svg)
  const out = scrubSvg(sent)
  assert.ok(out)
  assert.equal(out.length, sent.length)
  assert.deepEqual(scrubSvg(out), out, 'M9: a scrubbed one stays')
  return out.toString()
}

async function photo(): Promise<string> {
  const jpeg = await sharp({ create: { width: 9, height: 9, channels: 3, background: '#369' } })
    .withExif({ IFD0: { Artist: CANARY } })
    .jpeg()
    .toBuffer()
  assert.ok(jpeg.includes(CANARY) && exif('II*\0').length > 0)
  return jpeg.toString('base64')
}

test('V31: an SVG tells nothing of its editor, its author or their disk', async () => {
  const base64 = await photo()
  const nested = Buffer.from(`<svg ${XMLNS}><title>${CANARY}</title></svg>`).toString('base64')
  const svg = `<?xml version="1.0" encoding="UTF-8"?>
    <!-- ${CANARY} --><?editor ${CANARY}?>
    <!DOCTYPE svg [ <!ENTITY ns "http://ns.adobe.com/Flows/1.0/"> <!-- ${CANARY} --> ]>
    <svg ${XMLNS} ${EDITORS} width="40" height="30" inkscape:export-filename="/home/${CANARY}/a.png"
      sodipodi:docname='${CANARY}.svg' data-name="${CANARY}" aria-label="${CANARY}" onload="say('${CANARY}')">
      <title>${CANARY}</title><desc>by <b>${CANARY}</b></desc><metadata><rdf:RDF>${CANARY}</rdf:RDF></metadata>
      <sodipodi:namedview id="base" inkscape:window="${CANARY}"><inkscape:grid note="${CANARY}"/>${CANARY}</sodipodi:namedview>
      <i:pgf><![CDATA[${CANARY}]]></i:pgf><script>// ${CANARY}</script>
      <style>/* ${CANARY} */ .a { fill: red; background: url(file:///home/${CANARY.replaceAll(' ', '')}/x.png) }</style>
      <style><![CDATA[ /* ${CANARY} */ .b { mask: url("data:image/jpeg;base64,${base64}") } ]]></style>
      <image xlink:href="C:\\Users\\${CANARY}\\a.png" sodipodi:absref="/home/${CANARY}"/>
      <image xlink:href="data:image/jpeg;base64,${base64.replace(/(.{70})/g, '$1\n')}"/>
      <image href="data:image/svg+xml;base64,${nested}"/>
      <image href="data:image/svg+xml,%3Csvg%3E${CANARY.replaceAll(' ', '%20')}"/>
      <note xmlns="http://example.org/notes" a='b'><g>${CANARY}</g></note><g inkscape:label="Anna' ${CANARY} 'x"/>
      <text class="a" x="5" inkscape:label="${CANARY}">Drawn words</text><use href="#x"/>
      <a href="https://example.org/?a=1&amp;b">there</a>
    </svg><!-- ${CANARY} -->`
  const out = scrubbed(svg)
  for (const [, code] of out.matchAll(/base64,([^"]*)/g)) {
    const inside = Buffer.from(code!, 'base64').toString('latin1')
    assert.ok(inside.length > 20)
    assert.equal(inside.includes(CANARY.slice(0, 6)), false, 'in a picture inside')
  }
  assert.equal(out.includes(CANARY.slice(0, 6)), false, out)
  for (const kept of [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<!ENTITY ns "http://ns.adobe.com/Flows/1.0/">',
    '.a { fill: red;',
    'Drawn words',
    '<use href="#x"/>',
    'https://example.org/?a=1&amp;b',
    XMLNS,
  ])
    assert.ok(out.includes(kept), kept)
  const draw = (text: string) => sharp(Buffer.from(text)).raw().toBuffer()
  const bare =
    '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><!-- a --><title>b</title><rect width="5" height="9" fill="#f00"/></svg>'
  assert.deepEqual(await draw(scrubbed(bare)), await draw(bare))
})

test('M7: an SVG that says nothing else passes bit for bit', () => {
  for (const svg of [
    `<svg ${XMLNS}><g id="a" style="fill:#fff"><path d="M0 0L1 1"/></g></svg>`,
    `<svg:svg xmlns:svg="http://www.w3.org/2000/svg"><svg:rect width='5' /></svg:svg>`,
    `<s:svg xmlns:s="http://www.w3.org/2000/svg"><s:text>a &gt; b "c" 'd' é</s:text></s:svg>`,
  ])
    assert.equal(scrubbed(svg), svg)
})

test('X12, V31: nothing but what is drawn stays, wherever XML and CSS have a place for it', () => {
  const note = 'Anna-Canary'
  const path = `/home/${note}/a b.svg`
  for (const svg of [
    `<!DOCTYPE svg [ <!-- ]> ${note} --> ]><svg ${XMLNS}/>`,
    `<!DOCTYPE svg [ <!-- ${note} ]> --> <?note ${note}?> ]><svg ${XMLNS}/>`,
    `<!DOCTYPE svg SYSTEM "${path}>"><svg ${XMLNS}/>`,
    `<!DOCTYPE svg [<!ENTITY author "${note}"><!ENTITY a SYSTEM "${path}">]><svg ${XMLNS}/>`,
    `<!DOCTYPE svg [<!ENTITY % a "${note}"><!NOTATION n SYSTEM "${path}">]><svg ${XMLNS}/>`,
    `<!DOCTYPE svg [<!ATTLIST svg note CDATA "${note}">]><svg ${XMLNS}/>`,
    `<!DOCTYPE svg [<!ENTITY home "${path}">]><svg ${XMLNS}><g fill="url(&home;)"/></svg>`,
    `<?xml-stylesheet href="${path}" type="text/css"?><svg ${XMLNS}/>`,
    `<svg ${XMLNS}><?xml-stylesheet ${note}?></svg>`,
    `<svg ${XMLNS}><style>.a { fill: url(${path}#b) }</style></svg>`,
    `<svg ${XMLNS}><style>.a { fill: url( "file:///mnt/a (b)/${note}" ) }</style></svg>`,
    `<svg ${XMLNS}><style>@import "C:\\Users\\${note}\\a.css";</style></svg>`,
    `<svg ${XMLNS}><style>/*/ ${note} */ .a {} /* ${note} <![CDATA[ ${note} */ .b {} ]]></style></svg>`,
    `<svg ${XMLNS}><g style="fill:url(${path})" mask="url(&quot;${path}&quot;)"/></svg>`,
    `<svg ${XMLNS}><g clip-path="url('file:///home/a b/${note}')" filter="file:/${note}/a b"/></svg>`,
    `<svg ${XMLNS}><img xmlns="http://www.w3.org/1999/xhtml" src="${path}" alt="${note}"/></svg>`,
    `<svg ${XMLNS} content="&lt;mxfile host=&quot;${note}&quot;/>"><a xlink:title="${note}"/></svg>`,
    `<svg ${XMLNS}><image href="https://anna:${note}@example.org/a.png"/></svg>`,
    `<svg ${XMLNS}><image href="data:font/woff;base64,${Buffer.from(note).toString('base64')}"/></svg>`,
  ]) {
    const out = scrubbed(svg)
    assert.equal(out.includes(note), false, out)
    assert.equal(out.includes(Buffer.from(note).toString('base64').slice(0, 12)), false, out)
  }
  const drawn = `<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd" [
    <!ENTITY blue "#00f"><!ENTITY nbsp "&#160;"> ]>
    <svg ${XMLNS}><style>/* <![CDATA[ */ .a { fill: url("#b") } /* ]]> */</style>
    <g fill="&blue;" mask="url(&quot;#m&quot;)"><text>a&nbsp;/home &amp; b</text></g></svg>`
  assert.equal(
    scrubbed(drawn),
    drawn.replace(/\/\* (.*) \*\/ (.a.*) \/\* (.*) \*\//, '   $1    $2    $3   '),
  )
})

test('V31: what cannot be read as its marks say is not kept', () => {
  for (const svg of [
    Buffer.from(`<svg ${XMLNS}/>`, 'utf16le'),
    Buffer.from(`<?xml version="1.0" encoding="utf-16"?><svg ${XMLNS}/>`),
    Buffer.from(`<!DOCTYPE svg [<!ENTITY x "<title>me</title>">]><svg ${XMLNS}>&x;</svg>`),
    Buffer.from(`<!DOCTYPE svg [<!ENTITY x "&#60;title>me&#60;/title>">]><svg ${XMLNS}>&x;</svg>`),
    Buffer.from(`<!DOCTYPE svg [<!ENTITY x SYSTEM "/home/me">]><svg ${XMLNS}>&x;</svg>`),
    Buffer.from(`me <svg ${XMLNS}/>`),
    Buffer.from(`<svg ${XMLNS}><g></svg>`),
    Buffer.from(`<svg ${XMLNS}/><svg ${XMLNS}/>`),
  ])
    assert.equal(scrubSvg(svg), null)
})

test('V31, F8: hostile contents of a well-formed SVG are read in no time', () => {
  const start = performance.now()
  const long = (text: string) => text.repeat(1_000_000 / text.length)
  for (const body of [
    `<style>${long('/*a')}</style>`,
    `<style>${long('(data:')}</style>`,
    `<text><![CDATA[${long('<!--')}${long('<image ')}${long('<!ENTITY ')}]]></text>`,
    `<g style="${long('url(data:;a')}" id="${long(' ')}"/>`,
    `<image href="data:${long(';a')}"/>`,
    long('<g></g>'),
  ]) {
    const svg = Buffer.from(`<svg ${XMLNS}>${body}</svg>`)
    scrubSvg(svg)
    svgGaps(svg, 'server')
  }
  // The SVGs in data URLs aren't read by the SVG's parser before.
  for (const mark of [
    '<!--',
    '<?',
    '<![CDATA[',
    '<!DOCTYPE a [',
    '<a b="',
    '<!ENTITY ',
    '%',
    '&a',
  ]) {
    const inner = Buffer.from(`<svg ${XMLNS}>${long(mark)}`).toString('base64')
    scrubSvg(Buffer.from(`<svg ${XMLNS}><image href="data:image/svg+xml;base64,${inner}"/></svg>`))
  }
  assert.ok(performance.now() - start < 5_000, `${performance.now() - start} ms`)
})
