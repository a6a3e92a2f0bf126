import assert from 'node:assert/strict'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { crc32 } from 'node:zlib'
import { type MediaType, WireError } from '@wirephoto/board'
import sharp from 'sharp'
import { thumbHashToApproximateAspectRatio } from 'thumbhash'
import { pngChunk } from '../../../../../test/support/png.ts'
import { openDecoder } from '../../../support/open-decoder.ts'
import { blankPng, decodeProcessIds } from '../../../support/sample-images.ts'
import { Decoder, type ValidationResult } from './decoder.ts'
import { sniff } from './sniff.ts'

const CORPORA = fileURLToPath(new URL('../../../../../../shared/corpora/', import.meta.url))

const { decoder, folder } = await openDecoder()

async function validate(bytes: Buffer, name = 'p'): Promise<ValidationResult> {
  const type = sniff(bytes, name)
  const path = join(folder, crypto.randomUUID())
  await writeFile(path, bytes)
  return decoder.validate({ path, type, name })
}

const draw = (width = 300, height = 200) =>
  sharp({ create: { width, height, channels: 3, background: '#284', noise: { type: 'gaussian' } } })

test('every type that a board takes is validated by its pixels', async () => {
  const pictures: [MediaType, Buffer][] = [
    ['image/jpeg', await draw().jpeg().toBuffer()],
    ['image/png', await draw().png().toBuffer()],
    ['image/gif', await draw().gif().toBuffer()],
    ['image/webp', await draw().webp().toBuffer()],
    ['image/avif', await draw().avif({ effort: 0 }).toBuffer()],
    ['image/jpeg', await draw().toColourspace('cmyk').jpeg().toBuffer()],
    ['image/png', await draw().toColourspace('rgb16').png().toBuffer()],
    ['image/png', await draw().greyscale().png().toBuffer()],
  ]
  for (const [expected, bytes] of pictures) {
    const { type, width, height, thumbhash } = await validate(bytes)
    assert.deepEqual([type, width, height], [expected, 300, 200])
    const ratio = thumbHashToApproximateAspectRatio(Buffer.from(thumbhash, 'base64'))
    assert.ok(Math.abs(ratio - 1.5) < 0.4, `${expected} ${ratio}`)
  }
})

test('R11: the size is the one that is seen, after orientation', async () => {
  for (const orientation of [1, 3, 6, 8]) {
    const { width, height } = await validate(
      await draw().withMetadata({ orientation }).jpeg().toBuffer(),
    )
    assert.deepEqual([width, height], orientation < 5 ? [300, 200] : [200, 300])
  }
})

test('a moving picture is measured by its frame, and known to move', async () => {
  const frames = [await draw(64, 48).png().toBuffer(), await draw(64, 48).png().toBuffer()]
  for (const format of ['gif', 'webp'] as const) {
    const bytes = await sharp(frames, { join: { animated: true } })
      .toFormat(format)
      .toBuffer()
    const { width, height, animated } = await validate(bytes)
    assert.deepEqual([width, height, animated], [64, 48, true])
    assert.equal((await validate(await draw().toFormat(format).toBuffer())).animated, false)
  }
  const still = await draw(64, 48).png().toBuffer()
  // Behind IHDR: an APNG of two frames.
  const control = pngChunk('acTL', Buffer.from([0, 0, 0, 2, 0, 0, 0, 0]))
  const apng = Buffer.concat([still.subarray(0, 33), ...control, still.subarray(33)])
  assert.deepEqual(
    [(await validate(still)).animated, (await validate(apng)).animated],
    [false, true],
  )
  const avif = await draw(64, 48).avif({ effort: 0 }).toBuffer()
  assert.equal((await validate(avif)).animated, false)
  // One that says it is a sequence, by a brand.
  avif.write('avis', avif.indexOf('miaf'), 'latin1')
  assert.equal((await validate(avif)).animated, true)
})

test('D3, D4, D6: what is cut off, a lie or too large is refused', async () => {
  const png = await draw().png().toBuffer()
  const jpeg = await draw().jpeg().toBuffer()
  const sized = (width: number, height: number) => {
    const bytes = Buffer.from(png)
    bytes.writeUInt32BE(width, 16)
    bytes.writeUInt32BE(height, 20)
    bytes.writeUInt32BE(crc32(bytes.subarray(12, 29)), 29)
    return bytes
  }
  const cases: [Buffer, string][] = [
    [jpeg.subarray(0, jpeg.length / 2), 'damaged'],
    [png.subarray(0, png.length / 2), 'damaged'],
    [(await draw().webp().toBuffer()).subarray(0, 300), 'damaged'],
    [(await draw().gif().toBuffer()).subarray(0, 900), 'damaged'],
    [(await draw().avif({ effort: 0 }).toBuffer()).subarray(0, 500), 'damaged'],
    [sized(10_001, 10_000), 'too-many-pixels'],
    [sized(70_000, 1), 'too-many-pixels'],
    [Buffer.concat([jpeg.subarray(0, 4), Buffer.alloc(9_000, 7)]), 'damaged'],
  ]
  for (const [bytes, code] of cases) await assert.rejects(validate(bytes), { code })
  await assert.rejects(validate(sized(70_000, 1), 'long.png'), {
    message: 'long.png is 70000 pixels long. The limit here is 65535.',
  })
})

test('D3: a picture that is decoded as a whole may have 40 megapixels', async () => {
  const jpeg = await draw().jpeg({ progressive: true }).toBuffer()
  const frame = jpeg.indexOf(Buffer.from([0xff, 0xc2]))
  const gif = await draw().gif().toBuffer()
  const sized = (width: number, height: number): Buffer[] => {
    const [large, screen] = [Buffer.from(jpeg), Buffer.from(gif)]
    large.writeUInt16BE(height, frame + 5)
    large.writeUInt16BE(width, frame + 7)
    for (const at of [6, screen.indexOf(0x2c, 13 + 3 * 256) + 5]) {
      screen.writeUInt16LE(width, at)
      screen.writeUInt16LE(height, at + 2)
    }
    return [large, screen]
  }
  for (const bytes of sized(8_001, 5_000))
    await assert.rejects(validate(bytes), { code: 'too-many-pixels' })
  for (const bytes of sized(8_000, 5_000)) {
    const outcome = await validate(bytes).then(
      () => 'taken',
      ({ code }) => code,
    )
    assert.notEqual(outcome, 'too-many-pixels')
  }
})

test('F8: whatever comes, the server outlives it', async (t) => {
  const folders = ['hostile', 'metadata', 'formats'].map((name) => join(CORPORA, name))
  const files = await Promise.all(
    folders.map(async (path) => (await readdir(path)).map((file) => join(path, file))),
  ).catch(() => null)
  if (files === null) return t.skip('the corpora are absent')
  const outcomes: Record<string, number> = {}
  await Promise.all(
    files.flat().map(async (path) => {
      const outcome = await validate(await readFile(path), path).then(
        () => 'taken',
        (error: unknown) => (error instanceof WireError ? error.code : `crash: ${String(error)}`),
      )
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
      // Browsers show pictures whose metadata are broken, or that only lack their last byte.
      if (/formats|orientation-|exif|truncated_jpeg/.test(path))
        assert.equal(outcome, 'taken', path)
      if (/truncated[._](?:jpg|gif|image)|broken_data_stream/.test(path))
        assert.equal(outcome, 'damaged', path)
    }),
  )
  t.diagnostic(JSON.stringify(outcomes))
  assert.deepEqual(
    Object.keys(outcomes).filter((outcome) => outcome.startsWith('crash')),
    [],
  )
})

test('D2: a process that is killed costs no picture', async () => {
  const bytes = blankPng(3_000, 3_000)
  const validations = [validate(bytes), validate(bytes), validate(bytes), validate(bytes)]
  let killed = 0
  const timer = setInterval(() => {
    if (killed > 0) return
    for (const pid of decodeProcessIds()) {
      process.kill(pid, 'SIGKILL')
      killed++
    }
  }, 5)
  for (const { width } of await Promise.all(validations)) assert.equal(width, 3_000)
  clearInterval(timer)
  assert.ok(killed > 0)
})

test('D1: a picture that takes too long is given up, and the next is validated', async () => {
  const slow = new Decoder({ budget: { cpuSeconds: 0.1, memoryBytes: 1e9 } })
  try {
    const path = join(folder, 'slow.png')
    await writeFile(path, blankPng(10_000, 10_000))
    await assert.rejects(slow.validate({ path, type: 'image/png', name: 'slow.png' }), {
      code: 'too-heavy',
    })
    const small = join(folder, 'small.png')
    await writeFile(small, await draw(2, 2).png().toBuffer())
    assert.equal((await slow.validate({ path: small, type: 'image/png', name: '' })).width, 2)
  } finally {
    await slow.close()
  }
})
