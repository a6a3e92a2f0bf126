import assert from 'node:assert/strict'
import { execFileSync, type StdioOptions } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { after, before, describe, test } from 'node:test'
import fc from 'fast-check'
import sharp from 'sharp'
import { rounds, SEED } from '../../../../../test/support/effort.ts'
import { CANARY } from '../../../support/canary-images.ts'
import {
  type GainMapImage,
  type GainMapOptions,
  gainMapImage,
} from '../../../support/gain-map-images.ts'
import { scrubInPieces, scrubWithRestarts } from '../../../support/scrubbing.ts'
import { IncomingFiles } from '../uploads/incoming-files.ts'
import { Scrubber, scrubFile } from './scrubber.ts'
import { gainMapXmp } from './xmp.ts'

sharp.cache(false)

const KINDS: Record<string, GainMapOptions> = {
  'XMP and ISO': { isPlanted: true },
  'XMP with elements, other pictures, little-endian': {
    by: ['xmp'],
    hasElements: true,
    hasOthers: true,
    order: 'II*\0',
    isPlanted: true,
  },
  'ISO alone': { by: ['iso'], isPlanted: true },
  'index before XMP': { by: ['xmp', 'iso'], isIndexFirst: true, isPlanted: true },
  Apple: { by: ['apple'], isPlanted: true },
}

/** Warnings about what was planted tell nothing. */
const QUIETLY: StdioOptions = ['ignore', 'pipe', 'ignore']

let folder: string
let planted: (GainMapImage & { name: string })[]
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wirephoto-gain-map-'))
  planted = await Promise.all(
    Object.entries(KINDS).map(async ([name, kind]) => ({ name, ...(await gainMapImage(kind)) })),
  )
})
after(() => rm(folder, { recursive: true }))

const pixelsOf = (bytes: Buffer): Promise<Buffer> =>
  sharp(bytes, { failOn: 'error' }).raw().toBuffer()

function assertNoCanary(bytes: Buffer, name: string): void {
  for (const part of [CANARY, CANARY.slice(0, 4), CANARY.slice(-4)])
    for (const encoding of ['latin1', 'utf16le'] as const)
      assert.equal(bytes.indexOf(part, 0, encoding), -1, `${name}: ${part}`)
}

describe('M12: a JPEG keeps its gain map', () => {
  test('the gain map is decoded from its place, and no canary is left', async () => {
    for (const { name, bytes, start, end } of planted) {
      const out = scrubInPieces(bytes)
      assert.equal(out.length, bytes.length, name)
      assert.deepEqual(await pixelsOf(out), await pixelsOf(bytes), name)
      const [was, is] = [bytes.subarray(start, end), out.subarray(start, end)]
      assert.deepEqual(await pixelsOf(is), await pixelsOf(was), `${name}: gain map`)
      assertNoCanary(out, name)
    }
  })

  test('its properties are read as they were', { skip: skipWithoutExiftool() }, async () => {
    const tags = async (bytes: Buffer): Promise<string> => {
      const path = join(folder, 'tags.jpg')
      await writeFile(path, bytes)
      const groups = ['XMP-hdrgm', 'XMP-Container', 'XMP-HDRGainMap', 'XMP-apdi']
      const asked = groups.map((group) => `-${group}:all`)
      const args = ['-G1', '-a', '-s', ...asked, '-x', 'XMP-hdrgm:Note', path]
      return execFileSync('exiftool', args, { encoding: 'utf8', stdio: QUIETLY })
    }
    for (const { name, bytes, start, end } of planted) {
      const out = scrubInPieces(bytes)
      const gainMap = await tags(out.subarray(start, end))
      assert.equal(gainMap, await tags(bytes.subarray(start, end)), name)
      const [is, was] = [await tags(out), await tags(bytes)]
      // The directory ends with the gain map.
      assert.ok(was.startsWith(is), name)
      assert.equal(is.includes('GainMap'), was.includes('GainMap'), name)
    }
  })

  test('the index leads to the picture and its gain map', {
    skip: skipWithoutExiftool(),
  }, async () => {
    for (const { name, bytes, start, end } of planted) {
      const path = join(folder, 'index.jpg')
      const out = scrubInPieces(bytes)
      await writeFile(path, out)
      const found = execFileSync('exiftool', ['-b', '-MPImage2', path], { stdio: QUIETLY })
      assert.ok(found.equals(out.subarray(start, end)), name)
    }
  })

  test('M7: a file that says nothing else passes bit for bit', async () => {
    for (const options of [
      {},
      { hasElements: true },
      { by: ['iso'] },
      { by: ['apple'] },
    ] as const) {
      const { bytes } = await gainMapImage(options)
      assert.ok(scrubInPieces(bytes).equals(bytes), JSON.stringify(options))
    }
  })
})

describe('M1: AVIF and HEIC keep their gain maps', () => {
  for (const [name, coding, brand] of [
    ['AVIF', 'av01', 'avif'],
    ['HEIC', 'hvc1', 'heic'],
  ] as const)
    test(`${name}: of ISO 21496-1, and as an auxiliary picture`, async () => {
      const bytes = heifWithGainMaps(coding, brand)
      const path = join(folder, `gain-map.${brand}`)
      await writeFile(path, bytes)
      assert.ok(await scrubFile(path, `image/${brand}`))
      const out = await readFile(path)
      assertNoCanary(out, name)
      // The names of the items and the XMP go; everything that leads to the gain maps stays.
      for (const part of [
        'tmap',
        'dimg',
        'auxl',
        'altr',
        'hdrgainmap',
        'ISO numbers',
        'map 1',
        'map 2',
      ])
        assert.deepEqual([part, out.indexOf(part)], [part, bytes.indexOf(part)])
    })
})

/** Creates the boxes of a picture with a gain map that makes a `tmap`, another one as Apple has it, and XMP. */
function heifWithGainMaps(coding: string, brand: string): Buffer {
  const numbers = (bytes: 1 | 2 | 4, ...values: number[]) => {
    const buffer = Buffer.alloc(bytes * values.length)
    values.forEach((value, i) => buffer.writeUIntBE(value, i * bytes, bytes))
    return buffer
  }
  const box = (type: string, ...bodies: Buffer[]): Buffer => {
    const head = Buffer.alloc(8)
    head.writeUInt32BE(8 + Buffer.concat(bodies).length)
    head.write(type, 4)
    return Buffer.concat([head, ...bodies])
  }
  const items = [
    [1, coding, '', 'the picture'],
    [2, coding, 'GMap', 'map 1'],
    [3, 'tmap', CANARY, 'ISO numbers'],
    [4, coding, CANARY, 'map 2'],
    [5, 'mime', '', CANARY],
  ] as const
  const info = items.map(([id, type, name]) =>
    box('infe', numbers(1, 2, 0, 0, 0), numbers(2, id, 0), Buffer.from(`${type}${name}\0`)),
  )
  const reference = (type: string, from: number, ...to: number[]) =>
    box(type, numbers(2, from, to.length, ...to))
  const auxiliary = Buffer.from('urn:com:apple:photo:2020:aux:hdrgainmap\0')
  const head = (data: number): Buffer => {
    let at = data
    const places = items.map(([id, , , body]) => {
      const place = Buffer.concat([numbers(2, id, 0, 1), numbers(4, at, body.length)])
      at += body.length
      return place
    })
    return Buffer.concat([
      box('ftyp', Buffer.from(`${brand}\0\0\0\0mif1${brand}tmap`)),
      box(
        'meta',
        numbers(4, 0),
        box('hdlr', numbers(4, 0, 0), Buffer.from('pict'), numbers(4, 0, 0, 0), Buffer.from('\0')),
        box('pitm', numbers(4, 0), numbers(2, 1)),
        box('iloc', numbers(1, 0, 0, 0, 0, 0x44, 0), numbers(2, items.length), ...places),
        box('iinf', numbers(4, 0), numbers(2, items.length), ...info),
        box(
          'iref',
          numbers(4, 0),
          reference('dimg', 3, 1, 2),
          reference('auxl', 4, 1),
          reference('cdsc', 5, 4),
        ),
        box(
          'iprp',
          box('ipco', box('auxC', numbers(4, 0), auxiliary)),
          box('ipma', numbers(4, 0, 0)),
        ),
        box('grpl', box('altr', numbers(4, 0, 9, 2, 3, 1))),
      ),
    ])
  }
  const data = Buffer.from(items.map(([, , , body]) => body).join(''))
  return Buffer.concat([head(head(0).length + 8), box('mdat', data)])
}

describe('M13: every other later picture goes', () => {
  test('previews, depths and the video of a motion photo become zero', async () => {
    const { bytes, start, end } = await gainMapImage({ hasOthers: true })
    const out = scrubInPieces(bytes)
    const primary = bytes.indexOf(Buffer.from([0xff, 0xd9])) + 2
    assert.ok(
      out.subarray(primary, start).every((byte) => byte === 0),
      'before the gain map',
    )
    assert.ok(
      out.subarray(end).every((byte) => byte === 0),
      'behind it',
    )
    assert.ok(out.subarray(start, end).equals(bytes.subarray(start, end)), 'the gain map')
  })

  test('a later picture that no gain map needs is not there to decode', async () => {
    // Apple's gain map without a headroom: its strength is in the maker note, which goes.
    const { bytes, start, end } = await gainMapImage({ by: ['old-apple'], isPlanted: true })
    const out = scrubInPieces(bytes)
    await assert.rejects(pixelsOf(out.subarray(start, end)))
    assert.deepEqual(await pixelsOf(out), await pixelsOf(bytes))
    assertNoCanary(out, 'Apple without a headroom')
    const scrubber = new Scrubber()
    scrubber.scrub(Buffer.from(bytes))
    assert.deepEqual([...scrubber.losses], ['gain-map-lost'], 'F14: its sender is told')
    for (const each of planted) {
      const other = new Scrubber()
      other.scrub(Buffer.from(each.bytes))
      assert.deepEqual([...other.losses], [], each.name)
    }
  })

  test('metadata of ISO 21496-1 that says more than the standard goes', async () => {
    const { bytes } = await gainMapImage({ isIsoPlanted: true })
    const out = scrubInPieces(bytes)
    assertNoCanary(out, 'ISO 21496-1')
    assert.equal(out.includes('urn:iso'), false)
    assert.ok(out.includes('hdrgm:GainMapMax="2.5"'))
  })
})

describe(`M8, M9: a segment that is held back changes nothing (SEED=${SEED})`, () => {
  test('what a file comes to does not depend on its pieces and restarts', () => {
    const property = fc.property(
      fc.nat(planted.length - 1),
      fc.array(fc.nat(20_000), { maxLength: 12 }),
      (n, places) => {
        const { name, bytes } = planted[n]!
        const cuts = places.map((place) => place % bytes.length)
        const whole = scrubInPieces(bytes)
        assert.ok(scrubInPieces(bytes, cuts).equals(whole), `${name}, in pieces`)
        assert.ok(scrubWithRestarts(bytes, cuts).equals(whole), `${name}, with restarts`)
        assert.ok(scrubInPieces(whole).equals(whole), `${name}, again`)
      },
    )
    fc.assert(property, { numRuns: rounds(300), seed: SEED })
  })

  test('byte by byte', () => {
    for (const { name, bytes } of planted)
      assert.ok(scrubInPieces(bytes, [...bytes.keys()]).equals(scrubInPieces(bytes)), name)
  })

  test('F8, F10: of truncated and lying files nothing is left either', () => {
    const damage = fc.array(fc.tuple(fc.nat(20_000), fc.nat(255)), { maxLength: 8 })
    const property = fc.property(
      fc.nat(planted.length - 1),
      damage,
      fc.nat(20_000),
      fc.nat(20_000),
      (n, edits, length, cut) => {
        const bytes = Buffer.from(planted[n]!.bytes)
        for (const [at, value] of edits) bytes[3 + (at % (bytes.length - 3))] = value
        const file = length % 2 ? bytes.subarray(0, 4 + (length % (bytes.length - 4))) : bytes
        const out = scrubInPieces(file)
        assert.equal(out.length, file.length)
        assert.ok(scrubInPieces(out).equals(out), 'again')
        assert.ok(scrubWithRestarts(file, [cut % file.length]).equals(out), 'with a restart')
      },
    )
    fc.assert(property, { numRuns: rounds(1_500), seed: SEED })
  })

  test('X16: a header whose length is a lie covers no more than it describes', async () => {
    const { bytes } = await gainMapImage({ by: ['iso'], hasOthers: true, isPlanted: true })
    const frame = bytes.lastIndexOf(Buffer.from([0xff, 0xc0, 0x00]))
    const scan = bytes.lastIndexOf(Buffer.from([0xff, 0xda, 0x00]))
    for (const header of [frame, scan]) {
      const lie = Buffer.from(bytes)
      lie.writeUInt16BE(lie.length - header - 2, header + 2)
      assert.equal(scrubInPieces(lie).includes(CANARY), false, `${header}`)
    }
    // A damaged scan may seem to have a table; that covers nothing of what follows.
    for (const marker of [0xc4, 0xc6, 0xdb]) {
      const damaged = Buffer.from(bytes)
      damaged.set([0xff, marker, 0x08, 0x00, 0x77, 0x77, 0x77, 0x77, 0x77, 0xff], scan + 14)
      const out = scrubInPieces(damaged)
      assert.equal(out.includes(CANARY), false, `${marker}`)
      assert.ok(scrubInPieces(out).equals(out))
    }
  })

  test('F8: names that JavaScript knows are no names of the standard', () => {
    for (const name of ['constructor', 'toString', '__proto__', 'xmlns:constructor'])
      for (const body of [`<${name}>a</${name}>`, `<rdf:RDF ${name}="a"/>`])
        assert.equal(gainMapXmp(Buffer.from(`<x:xmpmeta>${body}</x:xmpmeta>`)), null)
  })

  test('F10: XMP keeps no word that is not of its standard, however it is written', () => {
    const { bytes } = planted[0]!
    const start = bytes.indexOf('<x:xmpmeta')
    const packet = bytes.subarray(start, bytes.indexOf('</x:xmpmeta>', start) + 12)
    const bits = ['<', '>', '/>', '"', "'", '<!--', '-->', '<?', '?>', '&', '<![CDATA[', ' ', 'x:']
    const edits = fc.array(fc.tuple(fc.nat(packet.length - 1), fc.constantFrom(...bits)), {
      maxLength: 5,
    })
    const property = fc.property(edits, fc.nat(packet.length - 1), (all, place) => {
      const text = Buffer.from(packet)
      for (const [at, bit] of all) text.write(bit, at)
      text.write(CANARY, place)
      const out = gainMapXmp(text)
      if (out) assertNoCanary(out.bytes, text.toString())
      if (out) assert.ok(gainMapXmp(out.bytes)?.bytes.equals(out.bytes))
    })
    fc.assert(property, { numRuns: rounds(3_000), seed: SEED })
  })
})

describe('U1: an upload goes on within a segment that is held back', () => {
  test('after each restart the offset is what was acknowledged, and the file comes out alike', async () => {
    const { bytes } = planted[0]!
    const whole = scrubInPieces(bytes)
    const packet = bytes.indexOf('<x:xmpmeta')
    const second = bytes.indexOf('<x:xmpmeta', packet + 1)
    const cuts = [packet - 3, packet + 40, packet + 41, packet + 600, second + 9, second + 99]
    const announced = {
      board: 'main',
      id: '01890000-0000-7000-8000-000000000000',
      name: 'p.jpg',
      length: bytes.length,
    }
    let files = await IncomingFiles.open(folder)
    let at = 0
    await files.create(announced)
    for (const cut of [...cuts, bytes.length]) {
      const file = files.get('main', announced.id)!
      assert.equal(file.offset, at)
      await file.receive(Readable.from([bytes.subarray(at, cut)]), { at, limit: 1e6 })
      assert.equal(await file.sync(), cut)
      const there = await readFile(file.path)
      assert.equal(there.length, file.readableOffset)
      assertNoCanary(there, `at ${cut}`)
      await files.close()
      at = cut
      if (cut < bytes.length) files = await IncomingFiles.open(folder)
    }
    const file = files.get('main', announced.id)!
    assert.ok((await readFile(file.path)).equals(whole))
    const once = await files.spool('p.jpg', null)
    await once.receive(Readable.from([bytes]), { at: 0, limit: 1e6 })
    assert.equal(await file.digest(), await once.digest())
    await files.remove(file)
    await files.remove(once)
    await assert.rejects(readFile(`${file.path}.held`))
  })

  test('a write that fails costs nothing of what was held back', async () => {
    const { bytes } = planted[0]!
    const cut = bytes.indexOf('<x:xmpmeta') + 40
    const files = await IncomingFiles.open(folder)
    const file = await files.create({
      board: 'main',
      id: '01890000-0000-7000-8000-000000000001',
      name: 'p.jpg',
      length: bytes.length,
    })
    const options = { at: 0, limit: 1e6 }
    await file.receive(Readable.from([bytes.subarray(0, cut)]), options)
    // More than was announced breaks the body off.
    const tooLong = Readable.from([bytes.subarray(cut), bytes])
    await assert.rejects(file.receive(tooLong, { at: cut, limit: 1e6 }))
    assert.ok((await readFile(file.path)).equals(scrubInPieces(bytes)))
    await files.remove(file)
  })
})

function skipWithoutExiftool(): string | false {
  try {
    execFileSync('exiftool', ['-ver'])
    return false
  } catch {
    return 'needs libimage-exiftool-perl'
  }
}
