import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { uuidv7 } from '@wirephoto/board'
import sharp from 'sharp'
import { Harness } from '../../../support/http-harness.ts'
import { DEFAULT_BOARD_ID } from '../../boards/boards.ts'

const sideOf = async (bytes: Buffer | null): Promise<number> => {
  const { width, height } = await sharp(bytes!).metadata()
  return Math.max(width, height)
}

test('A34: a larger preview follows a smaller one, and never the other way round', async (t) => {
  const server = await Harness.open()
  t.after(() => server.close())
  const { incomingFiles, previews, uploadProgress } = server.images
  using held = await server.boards.hold(DEFAULT_BOARD_ID)
  const pushed: Buffer[] = []
  const onPreview = (_: string, bytes: Buffer): void => void pushed.push(bytes)
  t.after(uploadProgress.listen(DEFAULT_BOARD_ID, { onProgress: () => {}, onPreview }))
  const source = { create: { width: 400, height: 300, channels: 3, background: '#369' } } as const
  const [small, medium, large] = (await Promise.all(
    [160, 200, 320].map((side) => sharp(source).resize(side).jpeg().toBuffer()),
  )) as [Buffer, Buffer, Buffer]
  /** Sends previews of a picture at once, and returns the sides of those that viewers get. */
  const send = async (id: string, ...each: readonly Buffer[]): Promise<number[]> => {
    await Promise.all(each.map((bytes) => previews.addFromSender(held.board, id, bytes)))
    return Promise.all(pushed.splice(0).map(sideOf))
  }
  const announce = async (): Promise<string> => {
    const id = uuidv7(Date.now(), randomBytes(10))
    await server.act([{ kind: 'image.add', id, name: 'p.jpg', width: 400, height: 300 }])
    return id
  }
  const keptSide = async (id: string) =>
    sideOf(await incomingFiles.readPreview(DEFAULT_BOARD_ID, id))

  const id = await announce()
  assert.deepEqual(await send(id, small), [160])
  assert.equal(await keptSide(id), 160)
  assert.deepEqual(await send(id, small), [], 'no larger than the one before')
  assert.deepEqual(await send(id, large), [320])
  assert.equal(await keptSide(id), 320)
  assert.deepEqual(await send(id, small), [], 'smaller than the one before')
  assert.deepEqual(await send(id, large), [], 'full size already')

  assert.deepEqual(await send(await announce(), small, medium, large), [160, 320], 'at once')
  assert.deepEqual(await send(await announce(), large, small), [320], 'in the wrong order')
  const third = await announce()
  assert.deepEqual(await send(third, small), [160])
  assert.deepEqual(await send(third, medium), [200])
  assert.deepEqual(await send(third, large), [], 'two at most')
})
