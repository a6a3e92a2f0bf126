import assert from 'node:assert/strict'
import { after, before, describe, type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Board, type BoardEvents, openBoard } from '@wirephoto/client'
import { cleanupAfter } from '../support/cleanup.ts'
import { Gateway, type UpgradeFate } from '../support/gateway.ts'
import { InProcessServer } from '../support/in-process-server.ts'
import { drawPicture } from '../support/pictures.ts'

/** After this time a condition counts as never met. */
const WAIT_TIMEOUT_MS = 60_000
const PICTURE = { name: 'a.jpg', width: 320, height: 240 }

let server: InProcessServer
let file: Blob
before(async () => {
  server = await InProcessServer.open()
  file = new Blob([new Uint8Array(await drawPicture({ width: 320, height: 240 }))])
})
after(() => server.close())

/** Opens a board's two clients: Anna's behind a gateway, and Ben's without one. */
async function openTwo(t: TestContext, upgrades: UpgradeFate, refusalStatus = 403) {
  const stack = cleanupAfter(t)
  const gateway = stack.adopt(await Gateway.open(server.port), (each) => each.close())
  Object.assign(gateway, { upgrades, refusalStatus })
  const board = await server.newBoard()
  const open = (url: string) =>
    stack.adopt(openBoard({ url, board, token: server.newOwner(board) }), (each) => each.close())
  return { gateway, anna: open(gateway.url), ben: open(server.url) }
}

function waitUntil(board: Board, isSo: () => boolean, what: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const timer = setTimeout(
    () => reject(new Error(`never: ${what}; ${JSON.stringify(board.status)}`)),
    WAIT_TIMEOUT_MS,
  )
  const look = () => isSo() && resolve()
  const events: (keyof BoardEvents)[] = ['pictures', 'settings', 'status', 'arrivals', 'people']
  const offs = events.map((event) => board.on(event, look))
  look()
  return promise.finally(() => {
    clearTimeout(timer)
    for (const off of offs) off()
  })
}

const isSlow = ({ status }: Board) => status.connection === 'live' && status.slow
const isFast = ({ status }: Board) => status.connection === 'live' && !status.slow
const recordsOf = (board: Board) =>
  [...board.pictures.values()].sort((a, b) => (a.id < b.id ? -1 : 1))

/** Resolves when both have the same pictures and settings, and nothing is unsent. */
async function assertConverged(anna: Board, ben: Board): Promise<void> {
  await Promise.all([anna.settled(), ben.settled()])
  const isSame = () =>
    JSON.stringify([recordsOf(anna), anna.settings]) ===
    JSON.stringify([recordsOf(ben), ben.settings])
  await Promise.race([
    waitUntil(anna, isSame, 'the same records'),
    waitUntil(ben, isSame, 'the same records'),
  ])
}

describe('the SDK without a websocket', () => {
  for (const [how, upgrades, status] of [
    ['refused with 400', 'refuse', 400],
    ['refused with 403', 'refuse', 403],
    ['refused with 426', 'refuse', 426],
    ['refused with 502', 'refuse', 502],
    ['never answered', 'hang', 0],
    ['opened, with nothing passing', 'swallow', 0],
  ] as const)
    test(`W25: goes on over requests where websockets are ${how}`, async (t) => {
      const { anna, ben } = await openTwo(t, upgrades, status)
      await waitUntil(anna, () => isSlow(anna), 'slow')
      await waitUntil(ben, () => isFast(ben), 'live')
      const [id] = anna.addPictures([{ ...PICTURE, file }])
      await waitUntil(ben, () => ben.pictures.get(id!)?.blob != null, 'the picture')
      ben.patch(id!, { caption: 'By Ben' })
      anna.patch(id!, { x: 77 })
      await waitUntil(anna, () => anna.pictures.get(id!)?.caption === 'By Ben', 'the caption')
      anna.remove([id!])
      await waitUntil(ben, () => ben.pictures.get(id!)?.deletedAt !== null, 'the removal')
      assert.equal(anna.undo(), true)
      await waitUntil(ben, () => ben.pictures.get(id!)?.deletedAt === null, 'the undo')
      await assertConverged(anna, ben)
      assert.equal(ben.pictures.get(id!)?.x, 77)
    })

  test('F3, W23: a message whose answer is lost is sent again and takes effect once', async (t) => {
    const { gateway, anna, ben } = await openTwo(t, 'refuse')
    await waitUntil(anna, () => isSlow(anna), 'slow')
    await waitUntil(ben, () => isFast(ben), 'live')
    let sent = 0
    gateway.answer = ({ url }) => {
      if (url!.includes('/commands')) sent++
      return null
    }
    gateway.losesAnswer = ({ url }) => url!.includes('/commands')
    const [id] = ben.addPictures([{ ...PICTURE, file }])
    await ben.stored(id!)
    await waitUntil(anna, () => anna.pictures.get(id!)?.blob != null, 'the picture')
    const copies = anna.copy([{ sourceId: id!, x: 500, y: 500 }])
    await assertConverged(anna, ben)
    assert.equal(sent, 2)
    assert.equal(ben.pictures.size, 2)
    assert.ok(ben.pictures.has(copies[0]!))
  })

  test('W25, F4: a websocket that passes later takes over without loss or doubling', async (t) => {
    const { gateway, anna, ben } = await openTwo(t, 'refuse')
    await waitUntil(anna, () => isSlow(anna), 'slow')
    await waitUntil(ben, () => isFast(ben), 'live')
    const ids = anna.addPictures(Array.from({ length: 5 }, () => ({ ...PICTURE, file })))
    const seen: string[] = []
    anna.on('settings', ({ title }) => seen.push(title))
    gateway.upgrades = 'pass'
    for (let i = 0; !isFast(anna); i++) {
      ben.rename(`Title ${i}`)
      anna.patch(ids[i % 5]!, { x: i })
      await sleep(20)
    }
    ben.setName('Ben')
    await assertConverged(anna, ben)
    assert.deepEqual(
      seen.filter((one, i) => seen.indexOf(one) !== i),
      [],
      'no title came twice',
    )
    await waitUntil(anna, () => anna.visitorCount === 2, 'people are back')
    // And back again, when the network passes none any more.
    gateway.upgrades = 'refuse'
    gateway.cutWebsockets()
    await waitUntil(anna, () => isSlow(anna), 'slow again')
    ben.rename('The last')
    await waitUntil(anna, () => anna.title === 'The last', 'the last title')
    await assertConverged(anna, ben)
  })

  test('W25: an answer that is not the server’s ends nothing', async (t) => {
    const { gateway, anna, ben } = await openTwo(t, 'refuse')
    await waitUntil(anna, () => isSlow(anna), 'slow')
    gateway.answer = ({ url }) =>
      /changes|commands/.test(url!) ? { status: 404, body: '<h1>Sign in</h1>' } : null
    anna.rename('Kept')
    await waitUntil(anna, () => anna.status.connection === 'offline', 'offline')
    assert.equal(anna.status.refused, null)
    gateway.answer = () => null
    await waitUntil(ben, () => ben.title === 'Kept', 'the title')
  })

  test('E36: an answer that can’t be read ends neither the program nor what follows', async (t) => {
    const { gateway, anna, ben } = await openTwo(t, 'refuse')
    await waitUntil(anna, () => isSlow(anna), 'slow')
    const { promise: isAnswered, resolve } = Promise.withResolvers<void>()
    gateway.answer = ({ url }) => {
      if (!url!.includes('/changes')) return null
      gateway.answer = () => null
      resolve()
      return { status: 200, body: '{"changes":{"from":"1","to":"2"}}' }
    }
    ben.rename('A first')
    await isAnswered
    ben.rename('After it')
    // An unhandled rejection fails the test.
    await waitUntil(anna, () => anna.title === 'After it', 'the title')
    await assertConverged(anna, ben)
  })

  test('W25, L8: a board that is made again is loaded again', async (t) => {
    const { anna, gateway } = await openTwo(t, 'refuse')
    await waitUntil(anna, () => isSlow(anna), 'slow')
    // A restart on the same data: the cursor is known to the log alone.
    await server.stop()
    await server.start()
    const ben = openBoard({ url: server.url, board: anna.id, token: server.newOwner(anna.id) })
    t.after(() => ben.close())
    ben.rename('After the restart')
    await waitUntil(anna, () => anna.title === 'After the restart', 'the title')
    assert.equal(gateway.upgrades, 'refuse')
    await assertConverged(anna, ben)
  })

  test('F14: what a slow connection can not do says so', async (t) => {
    const { anna } = await openTwo(t, 'refuse')
    await waitUntil(anna, () => isSlow(anna), 'slow')
    assert.equal(anna.show('anything'), false)
  })
})
