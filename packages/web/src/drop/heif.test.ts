import assert from 'node:assert/strict'
import { existsSync, openAsBlob } from 'node:fs'
import { test } from 'node:test'
import { sizeOfHeif } from './heif.ts'

const photos = new URL('../../../../../shared/corpora/photos/', import.meta.url)
const away = existsSync(photos) ? false : 'no ../shared/corpora here'

const ispe = (width: number, height: number): number[] => {
  const box = Buffer.from('\0\0\0\x14ispe'.padEnd(20, '\0'), 'latin1')
  box.writeUInt32BE(width, 12)
  box.writeUInt32BE(height, 16)
  return [...box]
}
const irot = (turns: number): number[] => [0, 0, 0, 9, ...Buffer.from('irot'), turns]
const ftyp = [0, 0, 0, 16, ...Buffer.from('ftypheic'), 0, 0, 0, 0]
const sizeOf = (...bytes: number[]) => sizeOfHeif(new Blob([Uint8Array.from(bytes)]))

test('R11: a HEIC that the browser can not open has its own size, as it is seen', async () => {
  const tail = Array(40).fill(0)
  assert.deepEqual(await sizeOf(...ftyp, ...ispe(512, 512), ...ispe(4032, 3024), ...tail), {
    width: 4032,
    height: 3024,
  })
  assert.deepEqual(
    await sizeOf(...ftyp, ...ispe(4032, 3024), ...irot(3), ...ispe(320, 240), ...tail),
    {
      width: 3024,
      height: 4032,
    },
  )
  assert.equal(await sizeOf(...ftyp, ...tail), null)
  assert.equal(await sizeOf(...ispe(40, 30), ...tail), null, 'no HEIF at all')
  assert.equal(await sizeOf(), null)
})

test('R11: so do those of real telephones', { skip: away }, async () => {
  for (const [name, width, height] of [
    ['iphone.heic', 4032, 3024],
    ['iphone-13.heic', 3024, 4032],
  ] as const)
    assert.deepEqual(await sizeOfHeif(await openAsBlob(new URL(name, photos))), { width, height })
})
