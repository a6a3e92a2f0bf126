import assert from 'node:assert/strict'
import { buffer } from 'node:stream/consumers'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodeDataUrl, decodeDataUrlStream } from './data-url.ts'

async function* inChunks(whole: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < whole.length; at += size) yield whole.subarray(at, at + size)
}

test('K20 a data URL is decoded, in whatever chunks it comes', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 2_000 }),
      fc.integer({ min: 1, max: 700 }),
      fc.constantFrom('image/png', '', 'text/html;charset=utf-8', 'IMAGE/JPEG;name=a'),
      fc.boolean(),
      async (bytes, size, type, isBroken) => {
        const letters = Buffer.from(bytes).toString('base64')
        const lines = isBroken ? letters.replace(/.{76}/g, '$&\r\n') : letters
        const text = `data:${type};base64,${lines}`
        assert.deepEqual(
          await buffer(decodeDataUrlStream(inChunks(Buffer.from(text), size))),
          Buffer.from(bytes),
        )
        assert.deepEqual(decodeDataUrl(text), Buffer.from(bytes))
      },
    ),
  )
})

test('K20 anything else is passed on unchanged', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 2_000 }),
      fc.integer({ min: 1, max: 700 }),
      async (bytes, size) => {
        assert.deepEqual(
          await buffer(decodeDataUrlStream(inChunks(Buffer.from(bytes), size))),
          Buffer.from(bytes),
        )
      },
    ),
  )
  for (const text of [
    'data:image/png,x',
    'data:image/png;base64',
    `data:${'x'.repeat(300)};base64,eA==`,
  ]) {
    assert.equal(String(await buffer(decodeDataUrlStream(inChunks(Buffer.from(text), 7)))), text)
    assert.equal(decodeDataUrl(text), null)
  }
})
