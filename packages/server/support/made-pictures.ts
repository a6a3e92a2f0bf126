import { createHash, randomBytes } from 'node:crypto'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { uuidv7 } from '@wirephoto/board'
import { DEFAULT_BOARD_ID, SERVER } from '../src/boards/boards.ts'
import type { Harness } from './http-harness.ts'

interface MadePicture {
  readonly bytes: Buffer
  readonly name: string
  readonly by?: string
  readonly board?: string
}

/** Stores bytes as a picture's file, as an older server did: nobody decodes them, and no sum is kept. */
export async function storePicture(
  server: Harness,
  { bytes, name, by = '', board = DEFAULT_BOARD_ID }: MadePicture,
): Promise<{ id: string; blob: string }> {
  const id = uuidv7(Date.now(), randomBytes(10))
  const blob = createHash('sha256').update(bytes).digest('hex')
  const path = join(server.data, `made-${id}`)
  await writeFile(path, bytes)
  await server.engine.blobs.put(path, blob)
  await rm(path)
  const facts = {
    type: 'image/jpeg',
    width: 40,
    height: 30,
    thumbhash: 'AAAA',
    animated: false,
  } as const
  using held = await server.boards.hold(board)
  await held.board.act(
    [
      { kind: 'image.add', id, name, by, width: 40, height: 30 },
      { kind: 'image.settle', id, blob, bytes: bytes.length, ...facts },
      { kind: 'image.vary', id, blob, variants: [] },
    ],
    SERVER,
  )
  return { id, blob }
}
