import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { type ImageAdd, uuidv7 } from '@wirephoto/board'
import { drawPicture } from '../../../../../test/support/pictures.ts'
import { Harness } from '../../../support/http-harness.ts'
import type { Sender } from '../../boards/sender.ts'

const ANNA: Sender = { visitor: 'anna', role: 'edit' }
const BEN: Sender = { visitor: 'ben', role: 'edit' }
const newId = () => uuidv7(Date.now(), randomBytes(10))

test('F3, J20: a picture that has failed comes back by a new command, and by no resent one', async (t) => {
  const server = await Harness.open()
  t.after(() => server.close())
  const [client, id] = [newId(), newId()]
  const picture = await drawPicture({ width: 100, height: 80, format: 'png' })
  const add: ImageAdd = { kind: 'image.add', id, name: 'a.png', width: 100, height: 80 }
  const send = async (n: number, sender: Sender, from = client) => {
    using held = await server.boards.hold('main')
    return await held.board.submit({ client: from, n, commands: [add] }, sender)
  }
  const begin = () =>
    server.images.intake.begin({ board: 'main', id, name: 'a.png', length: picture.length })
  const sendHalf = async () => {
    const half = Readable.from([picture.subarray(0, picture.length / 2)])
    await server.images.intake.receive(await begin(), half, 0)
  }
  const fail = () => server.act([{ kind: 'image.fail', id }])

  const answer = await send(1, ANNA)
  await sendHalf()
  await fail()
  assert.deepEqual(await send(1, ANNA), answer)
  assert.equal(await server.record(id), undefined)
  await server.restart({})
  assert.deepEqual(await send(1, ANNA), answer)
  assert.equal(await server.record(id), undefined)

  // As the SDK tries again: the file begins at its start.
  assert.deepEqual((await send(2, ANNA)).refused, [])
  assert.equal((await server.record(id))?.author, 'anna')
  assert.equal((await begin()).offset, 0)
  await sendHalf()
  await fail()

  // It is a picture of whoever announces it, and has nothing of the earlier one.
  assert.deepEqual((await send(1, BEN, newId())).refused, [])
  assert.equal((await server.record(id))?.author, 'ben')
  assert.equal(server.images.incomingFiles.get('main', id), undefined)
  assert.equal(server.images.incomingFiles.hasPreview('main', id), false)
  const [late] = (await send(3, ANNA)).refused
  assert.equal(late?.error.code, 'conflict')
})
