import assert from 'node:assert/strict'
import { buffer } from 'node:stream/consumers'
import { test } from 'node:test'
import fc from 'fast-check'
import { bytesOf, decoded } from './data-url.ts'

async function* inPieces(whole: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < whole.length; at += size) yield whole.subarray(at, at + size)
}

test('K20 a data URL comes to its bytes, in whatever pieces it comes', async () => {
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
          await buffer(decoded(inPieces(Buffer.from(text), size))),
          Buffer.from(bytes),
        )
        assert.deepEqual(bytesOf(text), Buffer.from(bytes))
      },
    ),
  )
})

test('K20 all else is left as it is', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 2_000 }),
      fc.integer({ min: 1, max: 700 }),
      async (bytes, size) => {
        assert.deepEqual(
          await buffer(decoded(inPieces(Buffer.from(bytes), size))),
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
    assert.equal(String(await buffer(decoded(inPieces(Buffer.from(text), 7)))), text)
    assert.equal(bytesOf(text), null)
  }
})
