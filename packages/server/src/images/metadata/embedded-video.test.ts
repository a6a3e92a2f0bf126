import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { EmbeddedVideo } from './embedded-video.ts'

const found = (...pieces: Buffer[]): boolean => {
  const video = new EmbeddedVideo()
  for (const piece of pieces) video.look(piece)
  return video.isFound
}
const still = Buffer.concat([
  Buffer.from([0xff, 0xd8]),
  randomBytes(5_000),
  Buffer.from('\xff\xd9', 'latin1'),
])
const film = Buffer.from('\0\0\0\x18ftypmp42\0\0\0\0isommp42', 'latin1')

test('U20: a film in a picture is found, wherever its pieces are cut', () => {
  const file = Buffer.concat([still, film])
  assert.equal(found(file), true)
  for (let cut = still.length - 2; cut < file.length; cut++)
    assert.equal(found(file.subarray(0, cut), file.subarray(cut)), true, String(cut))
  assert.equal(found(...Array.from(file, (byte) => Buffer.from([byte]))), true)
})

test('U20: a picture without one has none, and neither has a HEIC', () => {
  assert.equal(found(still), false)
  assert.equal(found(Buffer.from('\0\0\0\x18ftypheic\0\0\0\0mif1heic', 'latin1'), still), false)
  assert.equal(found(film), false, 'a film that is no picture')
})
