import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { ImageRecord } from '@wirephoto/board'
import { type Engine, openEngine } from '@wirephoto/engine'
import sharp from 'sharp'
import { Harness } from '../../support/http-harness.ts'
import { listBoards } from './board-list.ts'

async function openFolder(t: TestContext): Promise<Engine> {
  const folder = await mkdtemp(join(tmpdir(), 'wirephoto-list-'))
  const engine = await openEngine(`sqlite:${folder}`)
  t.after(async () => {
    await engine.close()
    await rm(folder, { recursive: true })
  })
  return engine
}

test('B58: all boards are listed in parts, each board once, the newest first', async (t) => {
  const engine = await openFolder(t)
  const ids = Array.from({ length: 45 }, (_, n) => `board-${n}`)
  for (const id of ids) await engine.boards.create(id)
  const listed: string[] = []
  const times: number[] = []
  let place: string | null = null
  for (let parts = 1; parts <= 3; parts++) {
    const { boards, next } = await listBoards(engine, place)
    assert.ok(boards.length <= 20)
    listed.push(...boards.map(({ id }) => id))
    times.push(...boards.map(({ createdAt }) => createdAt))
    assert.equal(next === null, parts === 3)
    // A board that ends between two parts moves none of the others.
    await engine.boards.remove(listed.at(-1)!)
    place = next
  }
  assert.deepEqual(listed.sort(), ids.sort())
  assert.deepEqual(
    times,
    times.toSorted((a, b) => b - a),
  )
})

test('B58: a board is listed with its pictures, and with the bytes of its files', async (t) => {
  const server = await Harness.open()
  t.after(() => server.close())
  const { engine, boards } = server
  const id = await boards.create()
  await server.act([{ kind: 'board.patch', set: { title: 'Wedding' } }], undefined, id)
  const put = async (width: number): Promise<ImageRecord> => {
    const body = await draw(width)
    const answer = await fetch(`${server.url}/b/${id}/a.png`, { method: 'PUT', body })
    return (await answer.json()) as ImageRecord
  }
  const kept = await put(40)
  await put(40)
  const trashed = await put(50)
  await server.act([{ kind: 'image.remove', id: trashed.id }], undefined, id)
  const { boards: listed } = await listBoards(engine, null)
  const { title, pictures, bytes } = listed.find((each) => each.id === id)!
  assert.deepEqual([title, pictures, bytes], ['Wedding', 2, kept.bytes! + trashed.bytes!])
})

async function draw(width: number): Promise<Blob> {
  const create = { width, height: 30, channels: 3, background: '#c0392b' } as const
  return new Blob([new Uint8Array(await sharp({ create }).png().toBuffer())])
}
