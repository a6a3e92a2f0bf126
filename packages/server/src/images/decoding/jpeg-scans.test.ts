import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import sharp from 'sharp'
import { isProgressive, wholeScans } from './jpeg-scans.ts'

const NOISE = sharp(randomBytes(64 * 48 * 3), { raw: { width: 64, height: 48, channels: 3 } })
const [SOS, EOI] = [Buffer.from([0xff, 0xda]), Buffer.from([0xff, 0xd9])]

let folder: string
let baseline: Buffer
let progressive: Buffer

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wirephoto-scans-'))
  baseline = await NOISE.clone().jpeg().toBuffer()
  progressive = await NOISE.clone().jpeg({ progressive: true }).toBuffer()
})
after(() => rm(folder, { recursive: true }))

async function isProgressiveFile(bytes: Buffer, end = bytes.length): Promise<boolean | null> {
  const path = join(folder, 'file.jpg')
  await writeFile(path, bytes)
  return isProgressive(path, end)
}

/** Puts fill bytes, and bytes of no segment, behind the first marker. */
const withStrayBytes = (jpeg: Buffer): Buffer =>
  Buffer.concat([jpeg.subarray(0, 2), Buffer.from('stray\xff\xff\xff', 'latin1'), jpeg.subarray(2)])

test('a JPEG is known to be progressive from its frame header on', async () => {
  assert.equal(await isProgressiveFile(baseline), false)
  const header = progressive.indexOf(Buffer.from([0xff, 0xc2]))
  assert.equal(await isProgressiveFile(progressive, header), null)
  assert.equal(await isProgressiveFile(progressive, header + 4), true)
  assert.equal(await isProgressiveFile(withStrayBytes(progressive)), true)
  assert.equal(await isProgressiveFile(Buffer.alloc(0)), null)
  assert.equal(await isProgressiveFile(randomBytes(2_000).fill(0, 0, 2)), false)
})

test('the complete scans of a part are a picture; an incomplete one is left out', async () => {
  const starts: number[] = []
  for (let at = progressive.indexOf(SOS); at >= 0; at = progressive.indexOf(SOS, at + 2))
    starts.push(at)
  assert.ok(starts.length > 3)
  const ofPart = (end: number) => wholeScans(Buffer.from(progressive.subarray(0, end)))
  assert.equal(ofPart(starts[0]! + 30), null, 'the first scan is incomplete')
  const first = ofPart(starts[1]!)!
  assert.ok(first.subarray(-2).equals(EOI))
  assert.ok(first.length <= starts[1]! + 2)
  const { width, height } = await sharp(first, { failOn: 'error' }).metadata()
  assert.deepEqual([width, height], [64, 48])
  await sharp(first, { failOn: 'error' }).raw().toBuffer()
  assert.ok(ofPart(starts[2]!)!.length > first.length)
  assert.ok(wholeScans(Buffer.from(progressive))!.equals(progressive))
  assert.equal(wholeScans(Buffer.from(baseline)), null)
  assert.ok(wholeScans(withStrayBytes(progressive)))
})
