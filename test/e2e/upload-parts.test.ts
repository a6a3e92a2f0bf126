import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, describe, type TestContext, test } from 'node:test'
import { type Board, memoryStore, type Obstacle, openBoard } from '@wirephoto/client'
import sharp from 'sharp'
import { cleanupAfter } from '../support/cleanup.ts'
import { Gateway } from '../support/gateway.ts'
import { InProcessServer } from '../support/in-process-server.ts'
import { Proxy } from '../support/proxy.ts'

const FIRST_PART_BYTES = 1_000_000
const LINE_BYTES_PER_S = 1_000_000
/** The limit of an nginx that nobody has set another. */
const NGINX_LIMIT_BYTES = 1_048_576
const TIMEOUT = { timeout: 60_000 }
const [WIDTH_PX, HEIGHT_PX] = [1_100, 970]
/** The height of a picture of 19 MB. */
const LONG_HEIGHT_PX = 5_800

let server: InProcessServer
/** A picture of 3.2 MB. */
let photo: Blob

before(async () => {
  server = await InProcessServer.open()
  photo = await drawNoise()
})
after(() => server.close())

async function drawNoise(height = HEIGHT_PX): Promise<Blob> {
  const noise = randomBytes(WIDTH_PX * height * 3)
  const raw = { width: WIDTH_PX, height, channels: 3 } as const
  const bytes = await sharp(noise, { raw }).png({ compressionLevel: 0 }).toBuffer()
  return new Blob([new Uint8Array(bytes)])
}

/** A body on its way to the server. */
interface Part {
  readonly at: number
  readonly bytes: number
  isAnswered: boolean
}

/** A page whose connection is a proxy, and behind it a gateway, which notes the parts that it passes on. */
class Line {
  readonly proxy: Proxy
  readonly gateway: Gateway
  readonly board: Board
  readonly parts: Part[] = []
  refusedCount = 0
  /** The largest body that the gateway takes. */
  limitBytes = Number.POSITIVE_INFINITY

  private constructor(proxy: Proxy, gateway: Gateway, board: Board) {
    this.proxy = proxy
    this.gateway = gateway
    this.board = board
  }

  static async open(t: TestContext): Promise<Line> {
    const stack = cleanupAfter(t)
    const gateway = stack.adopt(await Gateway.open(server.port), (each) => each.close())
    const proxy = stack.adopt(await Proxy.open(gateway.port), (each) => each.close())
    const board = stack.adopt(
      openBoard({
        url: `http://127.0.0.1:${proxy.port}`,
        board: await server.newBoard(),
        store: memoryStore(),
      }),
      (each) => each.close(),
    )
    const line = new Line(proxy, gateway, board)
    gateway.answer = (request) => {
      const { method, headers } = request
      const bytes = Number(headers['content-length'] ?? 0)
      if (!request.url!.includes('/uploads') || bytes === 0) return null
      if (bytes > line.limitBytes) {
        line.refusedCount++
        return { status: 413, body: '<h1>413 Request Entity Too Large</h1>' }
      }
      const at = method === 'PATCH' ? Number(headers['upload-offset']) : 0
      const part = { at, bytes, isAnswered: false }
      line.parts.push(part)
      request.once('close', () => {
        part.isAnswered = true
      })
      return null
    }
    return line
  }

  add(file = photo): string {
    const [id] = this.board.addPictures([
      { file, name: 'a.png', width: WIDTH_PX, height: HEIGHT_PX },
    ])
    return id!
  }

  get sizes(): number[] {
    return this.parts.map(({ bytes }) => bytes)
  }
}

describe('the parts of an upload', { concurrency: true }, () => {
  test('U51: after the first part was taken, the rest goes in one', TIMEOUT, async (t) => {
    const line = await Line.open(t)
    line.proxy.up.bytesPerSecond = LINE_BYTES_PER_S
    await line.board.stored(line.add())
    assert.deepEqual(line.sizes, [FIRST_PART_BYTES, photo.size - FIRST_PART_BYTES])
  })

  test('U52: behind a proxy that keeps bodies back, parts stay small', TIMEOUT, async (t) => {
    const line = await Line.open(t)
    line.gateway.isBuffering = true
    line.proxy.up.bytesPerSecond = LINE_BYTES_PER_S
    await line.board.stored(line.add())
    assert.ok(line.parts.length > 2, line.sizes.join())
    assert.ok(Math.max(...line.sizes) <= 2.1 * LINE_BYTES_PER_S, line.sizes.join())
  })

  test('U26: a 413 from between costs one part, and parts stay small', TIMEOUT, async (t) => {
    const line = await Line.open(t)
    line.limitBytes = NGINX_LIMIT_BYTES
    const obstacles: Obstacle[] = []
    line.board.on('obstacle', (obstacle) => obstacles.push(obstacle))
    assert.equal((await line.board.stored(line.add())).bytes, photo.size)
    assert.equal((await line.board.stored(line.add(await drawNoise()))).bytes, photo.size)
    assert.equal(line.refusedCount, 1)
    assert.ok(Math.max(...line.sizes) <= FIRST_PART_BYTES, line.sizes.join())
    assert.deepEqual(obstacles, ['small-requests'])
  })

  test('U53: a large part that breaks goes on where the server is', TIMEOUT, async (t) => {
    const line = await Line.open(t)
    line.proxy.up.bytesPerSecond = 4 * LINE_BYTES_PER_S
    const id = line.add()
    await line.proxy.up.waitForBytes(photo.size * 0.8)
    line.proxy.resetConnections()
    assert.equal((await line.board.stored(id)).bytes, photo.size)
    const [, broken, resumed] = line.parts
    assert.equal(broken!.at, FIRST_PART_BYTES)
    assert.ok(resumed!.at > photo.size * 0.6, `it goes on at ${resumed!.at}`)
  })

  test('U54: a command goes through while a large part is under way', TIMEOUT, async (t) => {
    const line = await Line.open(t)
    line.proxy.up.bytesPerSecond = 2 * LINE_BYTES_PER_S
    const id = line.add()
    await line.proxy.up.waitForBytes(1.2 * FIRST_PART_BYTES)
    line.board.patch(id, { caption: 'first' })
    await line.board.settled()
    assert.equal(line.parts.length, 2)
    assert.ok(!line.parts[1]!.isAnswered, 'the part is still under way')
    await line.board.stored(id)
  })

  test('U56: a long upload lets shorter ones go first', TIMEOUT, async (t) => {
    const line = await Line.open(t)
    const long = { file: await drawNoise(LONG_HEIGHT_PX), name: 'long.png' }
    const short = { file: photo, name: 'short.png' }
    const pictures = [long, long, short].map((each) => ({
      ...each,
      width: WIDTH_PX,
      height: HEIGHT_PX,
    }))
    await Promise.all(line.board.addPictures(pictures).map((id) => line.board.stored(id)))
    const begins = line.parts.flatMap(({ at }, i) => (at === 0 ? [i] : []))
    // Without giving way, it begins after all three parts of one and two of the other.
    assert.ok(begins[2]! < 4, `the short one begins after ${begins[2]} parts`)
    const bytes = line.sizes.reduce((sum, each) => sum + each)
    assert.equal(bytes, 2 * long.file.size + photo.size, 'nothing is sent twice')
  })
})
