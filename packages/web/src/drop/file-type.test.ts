import assert from 'node:assert/strict'
import { existsSync, openAsBlob, readdirSync } from 'node:fs'
import { test } from 'node:test'
import { limits, type WireError } from '@wirephoto/board'
import sharp, { type Sharp } from 'sharp'
import { refusal, refusals, sizeRefusal } from './file-type.ts'
import { readStarts } from './header-size.ts'

// The page of a server that refuses no kind.
Object.assign(globalThis, { document: { querySelector: () => null } })

const corpora = new URL('../../../../../shared/corpora/', import.meta.url)
const away = existsSync(corpora) ? false : 'no ../shared/corpora here'

const box = (brand: string): string => `\0\0\0\x20ftyp${brand}\0\0\0\0mif1${brand}miaf`
const file = (bytes: string, name: string, type = ''): File =>
  new File([Uint8Array.from(bytes, (c) => c.charCodeAt(0))], name, { type })
const refused = (dropped: File, limit?: number): Promise<WireError | null> =>
  refusal(dropped, dropped.name, limit)

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
    assert.equal(await refused(file(bytes, 'scan.pdf', 'application/pdf')), null, bytes)
})

test('M16: a raw file is sent, since the server looks for the JPEG inside it', async () => {
  const raws = [
    ['\0\0\0\x18ftypcrx \0\0\0\x01crx isom', 'IMG_0001.CR3'],
    ['MM\0*\0\0\0\x08', 'DSC_0700.NEF'],
    ['FUJIFILMCCD-RAW 0201', 'DSCF0001.RAF'],
  ] as const
  for (const [bytes, name] of raws) assert.equal(await refused(file(bytes, name)), null, name)
})

test('F8, U15: what it does not take is refused with its own code', async () => {
  const told = async (bytes: string, name: string, limit?: number) =>
    (await refused(file(bytes, name), limit))?.code
  assert.equal(await told('', 'a.jpg'), 'empty-file')
  assert.equal(await told('%PDF-1.7', 'a.jpg'), 'document')
  assert.equal(await told('<html><svg xmlns=', 'a.svg'), 'not-a-picture')
  assert.equal(await told('BMW is a car', 'a.bmp'), 'not-a-picture')
  assert.equal(await told('\0\0\0\x14ftypqt  \0\0\0\0qt  ', 'IMG_2041.mov'), 'video')
  // The name alone makes no raw file.
  assert.equal(await told('nothing of a camera', 'IMG_0001.CR3'), 'camera-file')
  assert.equal(await told('\x1aE\xdf\xa3', 'a.webm'), 'video')
  assert.equal(await told('GIF89a-and-more', 'a.gif', 10), 'too-large')
})

test('A55: one slice of a file tells its kind and its size', async (t) => {
  const jpeg = await sharp({ create: { width: 40, height: 30, channels: 3, background: 'red' } })
    .jpeg()
    .toBuffer()
  const dropped = new File([new Uint8Array(jpeg)], 'a.jpg')
  const { mock } = t.mock.method(dropped, 'slice')
  const starts = readStarts([dropped])
  assert.equal((await refusals([dropped], jpeg.length, starts)).size, 0)
  assert.equal((await starts.get(dropped)!.measure(dropped))?.width, 40)
  assert.equal(mock.callCount(), 1)
})

test('U15: a folder or a file that is gone says so', async () => {
  const gone = file('\xff\xd8\xff', 'holiday')
  gone.slice = () => ({ arrayBuffer: () => Promise.reject(new Error('NotReadableError')) }) as never
  assert.match((await refused(gone))!.message, /^holiday can't be read\. Choose it again/)
})

test('U16: a limit in pixels is the same on the page as on the server', async () => {
  const small = sharp({ create: { width: 9, height: 9, channels: 3, background: '#369' } })
  const made = async (image: Sharp, name: string) => new File([await image.toBuffer()], name)
  const progressive = await made(small.clone().jpeg({ progressive: true }), 'a.jpg')
  const baseline = await made(small.clone().jpeg(), 'a.jpg')
  const gif = await made(small.clone().gif(), 'a.gif')
  const svg = file('<svg xmlns="http://www.w3.org/2000/svg"/>', 'plan.svg')
  const heic = file(box('heic'), 'a.heic')
  const told = async (picture: File, megapixels: number) =>
    (await sizeRefusal(picture, picture.name, { width: megapixels * 100, height: 1e4 }))?.message ??
    null
  assert.equal(await told(progressive, 45), 'a.jpg has 45 megapixels. The limit here is 40.')
  assert.equal(await told(baseline, 45), null)
  assert.match((await told(baseline, 101))!, /101 megapixels. The limit here is 100/)
  assert.match((await told(gif, 41))!, /The limit here is 40/)
  assert.match((await told(heic, 51))!, /The limit here is 50/)
  assert.equal(await told(svg, 400), null)
  const jxl = file('\0\0\0\x0cJXL \r\n\x87\n', 'a.jxl')
  assert.equal(await told(jxl, 30), null)
  assert.match((await told(jxl, 31))!, /The limit here is 30/)
  const long = Buffer.from(await (await made(small.clone().png(), 'a.png')).arrayBuffer())
  long.writeUInt32BE(70_000, 16)
  const size = { width: limits.maxSidePixels, height: 9 }
  const refusal = await sizeRefusal(new File([long], 'a.png'), 'a.png', size)
  assert.match(refusal!.message, /is 70000 pixels long/)
})

test('F8: real photographs pass', { skip: away }, async () => {
  for (const folder of ['photos/', 'formats/'])
    for (const name of readdirSync(new URL(folder, corpora))) {
      const blob = await openAsBlob(new URL(folder + name, corpora))
      assert.equal(await refused(new File([blob], name)), null, name)
    }
})
