import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits } from '@wirephoto/board'
import { addCommand } from './commands.ts'

test('U28: the command that adds a picture can be kept in a database, whatever comes with the picture', () => {
  const command = addCommand(
    {
      file: new Blob(['x']),
      name: 'a/b.jpg',
      width: 4,
      height: 3,
      x: 1,
      caption: 'c'.repeat(limits.captionLength + 1),
      by: '',
      preview: Promise.resolve(null),
      thumbnail: Promise.resolve(null),
    },
    1,
  )
  const { id, caption, ...rest } = structuredClone(command)
  assert.ok(id)
  assert.equal(caption?.length, limits.captionLength)
  assert.deepEqual(rest, { kind: 'image.add', name: 'b.jpg', width: 4, height: 3, x: 1 })
})
