import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { before, test } from 'node:test'
import { promisify } from 'node:util'
import type { ImageRecord } from '@wirephoto/board'
import { type Board, connect } from '@wirephoto/client'
import sharp from 'sharp'
import { cleanupAfter } from './support/cleanup.ts'
import { findPython } from './support/find-python.ts'
import { drawPicture } from './support/pictures.ts'
import { Recipes } from './support/recipes.ts'
import { ServerProcess } from './support/server-process.ts'

const hasFfmpeg = await promisify(execFile)('ffmpeg', ['-version']).then(
  () => true,
  () => false,
)
const python = await findPython('matplotlib, websocket')
/** Two seconds of a moving test picture, in place of a camera. */
const TEST_CAMERA = '-re -f lavfi -i testsrc=size=320x240:rate=5 -t 2'

const stack = cleanupAfter()
let recipes: Recipes
let server: ServerProcess
let board: Board
let camera: string
/** How many frames came to somebody who looks at the board, by the tile's id. */
const frameCounts = new Map<string, number>()

before(async () => {
  recipes = await Recipes.open(stack)
  server = stack.adopt(await ServerProcess.open(), (each) => each.close())
  board = stack.adopt(await connect(server.url), (each) => each.close())
  board.on('frame', ({ id }) => frameCounts.set(id, (frameCounts.get(id) ?? 0) + 1))
  const snapshot = await drawPicture({ width: 320, height: 240 })
  const http = createServer((_request, response) => response.end(snapshot)).listen(0, '127.0.0.1')
  stack.defer(() => void http.close())
  await once(http, 'listening')
  camera = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
})

const stands = () => ({
  'http://localhost:8000': server.url,
  '-i rtsp://camera.lan/1': TEST_CAMERA,
  'http://camera.lan': camera,
})
const start = (command: string) => recipes.start(command, stands(), { WIREPHOTO_URL: server.url })
const run = (command: string) => recipes.run(command, stands(), { WIREPHOTO_URL: server.url })

/** Resolves to the tile of a slot, once it is as wanted. */
async function tileOf(
  slot: string,
  isAsWanted: (tile: ImageRecord) => boolean = () => true,
): Promise<ImageRecord> {
  const found = Promise.withResolvers<ImageRecord>()
  const look = () => {
    for (const picture of board.pictures.values())
      if (picture.slot === slot && picture.blob && isAsWanted(picture)) found.resolve(picture)
  }
  const off = board.on('pictures', look)
  look()
  return await found.promise.finally(off)
}

test('I70: a training draws its loss onto one tile, by Python', {
  skip: !python && 'no Python with matplotlib and websocket-client: python3-matplotlib',
}, async () => {
  const [command] = recipes.blocks('Training plots', 'sh')
  await run(command!.replaceAll('python3', python!))
  const tile = await tileOf('loss')
  assert.deepEqual([tile.width, tile.height], [640, 400])
  assert.ok(frameCounts.get(tile.id)! > 2)
})

test('I70: a plot that curl sends takes the place of the one before', async () => {
  const [, command] = recipes.blocks('Training plots', 'sh')
  for (const width of [300, 310]) {
    const plot = await sharp(await drawPicture({ width, height: 200 }))
      .png()
      .toBuffer()
    await writeFile(join(recipes.folder, 'loss.png'), plot)
    await run(command!)
    await tileOf('loss', (tile) => tile.width === width)
  }
  assert.equal([...board.pictures.values()].filter(({ slot }) => slot === 'loss').length, 1)
})

test('I71: ffmpeg shows a camera on a tile, by curl and by the program', {
  skip: !hasFfmpeg && 'no ffmpeg: install it',
}, async () => {
  const [byCurl, byProgram] = recipes.blocks('Garden camera', 'sh')
  await run(byCurl!)
  const { id, blob } = await tileOf('garden')
  const shownCount = frameCounts.get(id)!
  assert.ok(shownCount > 3, `${shownCount} frames`)
  await run(byProgram!)
  await tileOf('garden', (tile) => tile.blob !== blob)
  assert.ok(frameCounts.get(id)! > shownCount + 3)
})

test('I71: a camera with an address needs no ffmpeg', async () => {
  const [, , command] = recipes.blocks('Garden camera', 'sh')
  const running = start(command!.replace('live garden', 'live gate'))
  const tile = await running.while(tileOf('gate'))
  assert.deepEqual([tile.width, tile.height], [320, 240])
  await running.end()
})
