import assert from 'node:assert/strict'
import { test } from 'node:test'
import sharp from 'sharp'
import { isProgressive } from './progressive.ts'

const picture = () => sharp({ create: { width: 9, height: 9, channels: 3, background: '#369' } })

test('D3: a picture that is decoded as a whole is told by its header', async () => {
  for (const progressive of [true, false]) {
    for (const made of [
      picture().jpeg({ progressive }),
      picture().jpeg({ progressive }).withMetadata({ icc: 'p3' }),
      picture().png({ progressive }),
    ])
      assert.equal(isProgressive(await made.toBuffer()), progressive)
  }
  assert.equal(isProgressive(await picture().webp().toBuffer()), false)
})

test('F8: a header that is cut off or foreign is read to its end', async () => {
  const jpeg = await picture().jpeg({ progressive: true }).toBuffer()
  for (let length = 0; length < jpeg.length; length++) isProgressive(jpeg.subarray(0, length))
  for (const text of ['\xff\xd8\xff\xff\xff\xff', '\xff\xd8\xff\xe0\0\0\xff\xe0\0\0', '\x89PNG'])
    assert.equal(isProgressive(Buffer.from(text, 'latin1')), false)
})
