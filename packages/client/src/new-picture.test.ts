import assert from 'node:assert/strict'
import { test } from 'node:test'
import sharp from 'sharp'
import { newPicture } from './new-picture.ts'

const jpeg = await sharp({ create: { width: 60, height: 40, channels: 3, background: '#369' } })
  .withMetadata({ orientation: 6 })
  .jpeg()
  .toBuffer()

const fileOf = (bytes: Uint8Array | string, name = 'a.jpg') =>
  new File([typeof bytes === 'string' ? bytes : new Uint8Array(bytes)], name)

test('U50: a file is described by its first bytes: name, and size as it is seen', async () => {
  const file = fileOf(jpeg)
  assert.deepEqual(await newPicture(file), { file, name: 'a.jpg', width: 40, height: 60 })
  const blob = new Blob([new Uint8Array(jpeg)])
  const fields = { name: 'harbour.jpg', caption: 'At noon', x: 5, y: 6 }
  assert.deepEqual(await newPicture(blob, fields), {
    file: blob,
    ...fields,
    width: 40,
    height: 60,
  })
})

test('U50: where the header leaves a doubt, the size is a guess, or what the caller says', async () => {
  const tiff = fileOf('II*\0\x08\0\0\0', 'scan.tif')
  const { width, height } = await newPicture(tiff)
  assert.deepEqual([width, height], [800, 600])
  assert.equal((await newPicture(tiff, { width: 10, height: 20 })).height, 20)
  const raw = fileOf('II*\0\x10\0\0\0CR', 'IMG_0001.CR2')
  assert.equal((await newPicture(raw)).name, 'IMG_0001.CR2')
})

test('U50: a file that no board takes is refused before it is announced', async () => {
  const huge = await sharp(jpeg).png().toBuffer()
  huge.writeUInt32BE(20_000, 16)
  huge.writeUInt32BE(20_000, 20)
  for (const [file, code] of [
    [fileOf(''), 'empty-file'],
    [fileOf('%PDF-1.7', 'a.pdf'), 'document'],
    [fileOf(huge, 'a.png'), 'too-many-pixels'],
  ] as const)
    await assert.rejects(newPicture(file), { code })
})
