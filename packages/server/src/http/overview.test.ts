import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { ImageRecord } from '@wirephoto/board'
import sharp from 'sharp'
import { storedBytesOf } from '../../../../test/support/stored-bytes.ts'
import { errorOf, Harness } from '../../support/http-harness.ts'
import { OWN_PARTY } from '../fairness/party.ts'
import { Overviews } from '../images/overview/overviews.ts'
import { variantKey } from '../images/variant-key.ts'

type Rgb = readonly [number, number, number]

const RED: Rgb = [200, 30, 30]
const GREEN: Rgb = [30, 160, 60]
const BLUE: Rgb = [30, 60, 200]
/** JPEG changes colours by a little. */
const TOLERANCE_COUNT = 12

/** A board as one picture. */
interface Drawn {
  readonly status: number
  readonly headers: Headers
  readonly width: number
  readonly height: number
  readonly at: (x: number, y: number) => Rgb
}

describe('a board as one picture', () => {
  let server: Harness
  before(async () => {
    server = await Harness.open()
  })
  after(() => server.close())

  const newBoard = async (): Promise<string> => server.boards.create()

  const ask = (board: string, query = '', headers: Record<string, string> = {}) =>
    fetch(`${server.url}/api/boards/${board}/overview${query}`, { headers })

  async function draw(board: string, query = ''): Promise<Drawn> {
    const answer = await ask(board, query)
    assert.equal(answer.status, 200, await answer.clone().text())
    assert.equal(answer.headers.get('content-type'), 'image/jpeg')
    const { data, info } = await sharp(Buffer.from(await answer.arrayBuffer()))
      .raw()
      .toBuffer({ resolveWithObject: true })
    const { status, headers } = answer
    const { width, height } = info
    const at = (x: number, y: number) => [...data.subarray((y * width + x) * 3).subarray(0, 3)]
    return { status, headers, width, height, at: at as unknown as Drawn['at'] }
  }

  /** Stores a picture of two colours, left and right, and waits for its variants. */
  async function store(
    board: string,
    place: { x: number; y: number; w: number },
    [left, right]: readonly [Rgb, Rgb],
    side = 40,
  ): Promise<ImageRecord> {
    const half = (colour: Rgb) => ({
      create: {
        width: side / 2,
        height: side,
        channels: 3 as const,
        background: { r: colour[0], g: colour[1], b: colour[2] },
      },
    })
    const half2 = await sharp(half(right)).png().toBuffer()
    const png = await sharp(half(left))
      .extend({ right: side / 2, background: '#000' })
      .composite([{ input: half2, left: side / 2, top: 0 }])
      .png()
      .toBuffer()
    const query = `x=${place.x}&y=${place.y}&w=${place.w}`
    const answer = await fetch(`${server.url}/b/${board}/p.png?${query}`, {
      method: 'PUT',
      body: new Uint8Array(png),
    })
    assert.equal(answer.status, 201, await answer.clone().text())
    const { id } = (await answer.json()) as ImageRecord
    await server.images.variants.whenIdle()
    return (await server.record(id, board))!
  }

  const assertColour = (found: Rgb, wanted: Rgb, what: string): void => {
    const isNear = found.every((value, n) => Math.abs(value - wanted[n]!) <= TOLERANCE_COUNT)
    assert.ok(isNear, `${what}: ${found} is not ${wanted}`)
  }

  test('L60, L61: pictures stand at their places, the upper over the lower, and the trash is left out', async () => {
    const board = await newBoard()
    await store(board, { x: -100, y: 50, w: 200 }, [RED, GREEN])
    await store(board, { x: 0, y: 50, w: 200 }, [BLUE, RED])
    const gone = await store(board, { x: 900, y: 900, w: 200 }, [BLUE, BLUE])
    await server.act([{ kind: 'image.remove', id: gone.id }], undefined, board)
    const { width, height, at, headers } = await draw(board)
    assert.deepEqual([width, height], [300, 200])
    assert.equal(headers.get('wirephoto-area'), '-100,50,300,200')
    assertColour(at(50, 100), RED, 'the left half of the lower')
    assertColour(at(150, 100), BLUE, 'the upper covers the right half of the lower')
    assertColour(at(250, 100), RED, 'the right half of the upper')
  })

  test('L62: a picture whose file can not be read is left as its average colour', async () => {
    const board = await newBoard()
    const { blob } = await store(board, { x: 0, y: 0, w: 64 }, [RED, BLUE], 80)
    await store(board, { x: 100, y: 0, w: 100 }, [RED, BLUE], 80)
    const sharpOne = await draw(board)
    for (const x of [10, 120]) assertColour(sharpOne.at(x, 30), RED, `as it is at ${x}`)
    const stored = storedBytesOf(`sqlite:${server.data}`)
    await stored.lose(variantKey(blob!, 64))
    await stored.lose(blob!)
    await store(board, { x: 200, y: 0, w: 100 }, [GREEN, GREEN])
    const { at } = await draw(board)
    const middle: Rgb = [115, 45, 115]
    for (const x of [10, 50, 120, 180]) assertColour(at(x, 30), middle, `the average at ${x}`)
    assertColour(at(250, 50), GREEN, 'the others are drawn')
  })

  test('L63: an overview holds as long as the board is the same', async () => {
    const board = await newBoard()
    const { id } = await store(board, { x: 0, y: 0, w: 100 }, [RED, BLUE])
    const etag = (await draw(board)).headers.get('etag')!
    assert.equal((await ask(board, '', { 'if-none-match': etag })).status, 304)
    await server.act([{ kind: 'image.patch', id, set: { w: 50 } }], undefined, board)
    const again = await ask(board, '', { 'if-none-match': etag })
    assert.equal(again.status, 200)
    assert.notEqual(again.headers.get('etag'), etag)
    assert.equal((await draw(board)).width, 50)
  })

  test('L64: an area is drawn alone, and what is none is refused', async () => {
    const board = await newBoard()
    await store(board, { x: 0, y: 0, w: 100 }, [RED, BLUE])
    const { width, height, at, headers } = await draw(board, '?area=50,0,100,60')
    assert.deepEqual([width, height], [100, 60])
    assert.equal(headers.get('wirephoto-area'), '50,0,100,60')
    assertColour(at(20, 30), BLUE, 'the right half')
    assertColour(at(80, 30), [0xf2, 0xf2, 0xf2], 'nothing')
    for (const area of ['1,2,3', '0,0,0,5', 'a,b,c,d', '0,0,999999999,1']) {
      const answer = await ask(board, `?area=${area}`)
      assert.equal((await errorOf(answer)).code, 'bad-request', area)
    }
  })

  test('L60: a large board is drawn with at most a megapixel, an empty one too', async () => {
    const board = await newBoard()
    const empty = await draw(board)
    assertColour(empty.at(1, 1), [0xf2, 0xf2, 0xf2], 'an empty board')
    await store(board, { x: 0, y: 0, w: 4_000 }, [RED, BLUE])
    await store(board, { x: 90_000, y: 0, w: 4_000 }, [RED, BLUE])
    const { width, height } = await draw(board)
    assert.ok(width * height <= 1_000_000 && width <= 2_000, `${width} x ${height}`)
  })

  test('L65: a picture that waits for a moderator is on no overview', async () => {
    const board = await newBoard()
    await server.act([{ kind: 'board.patch', set: { adding: 'held' } }], undefined, board)
    await server.access.rules.change(board)
    const { secret } = await server.access.links.make(board, { role: 'add' })
    const headers = { authorization: `Bearer ${secret}` }
    const body = await sharp({ create: { width: 9, height: 9, channels: 3, background: '#c00' } })
      .png()
      .toBuffer()
    const url = `${server.url}/b/${board}/p.png`
    const put = await fetch(url, { method: 'PUT', body: new Uint8Array(body), headers })
    assert.equal(put.status, 202)
    const answer = await ask(board, '', headers)
    assert.equal(answer.headers.get('wirephoto-area'), '0,0,320,200')
  })

  test('L66: of all who ask at one cursor, one has it drawn', async () => {
    let count = 0
    const { promise, resolve } = Promise.withResolvers<void>()
    const { files, variants } = server.images
    const overviews = new Overviews({
      files,
      variants,
      decoder: {
        async drawOverview() {
          count++
          await promise
          return Buffer.from('a picture')
        },
      },
    })
    using held = await server.boards.hold(await newBoard())
    const asked = Array.from({ length: 9 }, () => overviews.get(held.board, null, OWN_PARTY))
    resolve()
    await Promise.all(asked)
    await overviews.get(held.board, null, OWN_PARTY)
    assert.equal(count, 1)
  })
})
