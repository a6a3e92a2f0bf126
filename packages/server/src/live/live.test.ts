import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import type { IncomingMessage, Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import {
  type AnyRecord,
  applyChanges,
  type Batch,
  type Command,
  type Cursor,
  type FollowAnswer,
  limits,
  type PresenceUpdate,
  uuidv7,
  WIRE_VERSION,
} from '@wirephoto/board'
import { pino } from 'pino'
import { WebSocket } from 'ws'
import { serverConfig } from '../../support/server-config.ts'
import { DEFAULT_BOARD_ID, type HeldBoard } from '../boards/boards.ts'
import type { LiveBoard } from '../boards/live-board.ts'
import { compose } from '../compose.ts'
import { Cookies } from '../http/cookies.ts'
import { listen } from '../http/listen.ts'

const anna = { visitor: 'anna', role: 'edit' } as const
/** A visitor without a name is Anna. */
const visitorOf = ({ url }: IncomingMessage) =>
  ({ visitor: /[?&]as=(\w+)/.exec(url ?? '')?.[1] ?? 'anna', role: 'edit' }) as const
const uuid = () => uuidv7(Date.now(), randomBytes(10))

setFlagsFromString('--expose-gc')
const gc = runInNewContext('gc') as () => void

type Done = (error?: Error | null) => void

/** A viewer that speaks the wire itself, so that it can misbehave. */
class Viewer {
  readonly records = new Map<string, AnyRecord>()
  readonly events: unknown[][] = []
  cursor: Cursor | null = null
  received = 0
  batches = 0
  readonly #ws: WebSocket
  readonly #answers = new Map<number, (value: never) => void>()
  #next = 0

  private constructor(ws: WebSocket) {
    this.#ws = ws
  }

  static async connect(
    port: number,
    auth: unknown = { board: DEFAULT_BOARD_ID, wire: WIRE_VERSION },
    visitor = 'anna',
  ): Promise<Viewer> {
    const query = `EIO=4&transport=websocket&as=${visitor}`
    const ws = new WebSocket(`ws://127.0.0.1:${port}/live/?${query}`)
    const viewer = new Viewer(ws)
    const connected = new Promise<void>((resolve, reject) => {
      ws.on('error', reject)
      ws.on('close', () => reject(new Error('closed')))
      ws.on('message', (data: Buffer) => {
        const text = data.toString()
        viewer.received += text.length
        if (text[0] === '0') ws.send(`40${JSON.stringify(auth)}`)
        else if (text === '2') ws.send('3')
        else if (text.startsWith('40')) resolve()
        else if (text.startsWith('44')) reject(JSON.parse(text.slice(2)).data)
        else if (text.startsWith('43')) {
          const [, id, body] = /^43(\d+)(.*)$/s.exec(text)!
          viewer.#answers.get(Number(id))?.(JSON.parse(body!)[0] as never)
        } else if (text.startsWith('42')) {
          const [, id, body] = /^42(\d*)(.*)$/s.exec(text)!
          if (id) ws.send(`43${id}[]`)
          viewer.#hear(JSON.parse(body!))
        }
      })
    })
    await connected
    return viewer
  }

  #hear([event, body]: [string, string]): void {
    if (event !== 'changes') return void this.events.push([event, body])
    const batch: Batch = JSON.parse(body)
    assert.equal(batch.from, this.cursor, 'L3: batches are consecutive')
    applyChanges(this.records, batch.changes)
    this.cursor = batch.to
    this.batches++
  }

  ask<T>(event: string, body: unknown): Promise<T> {
    const id = this.#next++
    const answer = new Promise<T>((resolve) => this.#answers.set(id, resolve))
    this.#ws.send(`42${id}${JSON.stringify([event, body])}`)
    return answer
  }

  send(frame: string | Buffer): void {
    this.#ws.send(frame)
  }

  follow(cursor: Cursor): Promise<FollowAnswer> {
    this.cursor = cursor
    return this.ask('follow', { cursor })
  }

  /** Rejects when the connection closes before. */
  async until(done: () => boolean): Promise<void> {
    while (!done()) {
      if (this.#ws.readyState === WebSocket.CLOSED) throw new Error('closed')
      const { promise, resolve } = Promise.withResolvers<void>()
      for (const event of ['message', 'close']) this.#ws.once(event, resolve)
      await promise
      for (const event of ['message', 'close']) this.#ws.off(event, resolve)
    }
    // The listener above may come before the one that hears: let it.
    await Promise.resolve()
  }

  closed(): Promise<unknown> {
    return this.#ws.readyState === WebSocket.CLOSED ? Promise.resolve() : once(this.#ws, 'close')
  }

  stall(): void {
    this.#ws.pause()
  }

  /** Sends without reading. Whether it is cut off before so many frames. */
  async flood(send: (ws: WebSocket, done: Done) => void, most: number): Promise<boolean> {
    this.stall()
    // Frames in the socket's buffer are still delivered when the connection breaks.
    this.#ws.removeAllListeners('message')
    for (let sent = 0; sent < most; sent += 1_000) {
      for (let i = 1; i < 1_000; i++) send(this.#ws, () => {})
      if (await new Promise((resolve) => send(this.#ws, resolve))) return true
    }
    return false
  }

  resume(): void {
    this.#ws.resume()
  }

  close(): void {
    this.#ws.terminate()
  }
}

describe('live', () => {
  let folder: string
  let stack: AsyncDisposableStack
  let port: number
  let server: Server
  let board: LiveBoard
  let held: HeldBoard

  const act = (commands: Command[]) => board.act(commands, anna)
  const add = (id = uuid()): Command => ({
    kind: 'image.add',
    id,
    width: 40,
    height: 30,
    name: 'a.jpg',
  })

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'wirephoto-live-'))
    stack = new AsyncDisposableStack()
    const config = serverConfig(folder, { grace: 0 })
    const cookies = new Cookies({
      basePath: '',
      isSecure: () => false,
      isForeign: () => false,
      installation: { id: '00000000', madeAt: 0 },
    })
    const guard = {
      cookies,
      check: () => {},
      allowedOriginOf: () => null,
      isTrustworthy: () => true,
      isSecure: () => false,
      visitor: (request: IncomingMessage) => ({ ...visitorOf(request), address: '127.0.0.1' }),
      asker: () => ({ token: '', source: 'new', isProxied: false }) as const,
      sender: async (request: IncomingMessage) => visitorOf(request),
      watch: () => ({ [Symbol.dispose]() {} }),
      urlFor: () => '',
      visitorCookie: () => null,
    }
    const { app, boards } = await compose(config, pino({ level: 'silent' }), stack, { guard })
    server = app.server
    port = await listen(server, config, stack)
    held = await boards.hold(DEFAULT_BOARD_ID)
    board = held.board
  })
  after(async () => {
    held[Symbol.dispose]()
    await stack.disposeAsync()
    await rm(folder, { recursive: true })
  })

  test('W2, W3: a viewer follows from its cursor on, and hears every batch once', async () => {
    const { cursor } = board
    await act([add()])
    const viewer = await Viewer.connect(port)
    assert.equal((await viewer.follow(cursor)).resumed, true)
    await viewer.until(() => viewer.cursor === board.cursor)
    await Promise.all([act([add()]), act([add()])])
    await viewer.until(() => viewer.cursor === board.cursor)
    assert.equal(viewer.records.size, 3)
    assert.equal((await viewer.follow('x.1.y' as Cursor)).resumed, false)
    viewer.close()
  })

  test('P27: an open page keeps no headers of the request that it connected by', async () => {
    const kept: WeakRef<object>[] = []
    const note = ({ headers, rawHeaders }: IncomingMessage) =>
      void kept.push(new WeakRef(headers), new WeakRef(rawHeaders))
    server.on('upgrade', note)
    const viewer = await Viewer.connect(port)
    server.off('upgrade', note)
    await viewer.follow(board.cursor)
    // A reference that was looked at in this turn of the loop keeps its object until the next.
    for (let i = 0; i < 20 && kept.some((headers) => headers.deref()); i++) {
      await setImmediate()
      gc()
    }
    assert.deepEqual(
      kept.map((headers) => headers.deref()),
      [undefined, undefined],
    )
    assert.equal((await viewer.follow(board.cursor)).resumed, true, 'and goes on')
    viewer.close()
  })

  test('W1, W7: another wire version, a missing board and nonsense are told, each with its code', async () => {
    const refused = (auth: unknown) =>
      Viewer.connect(port, auth).then(
        () => null,
        ({ code }) => code,
      )
    assert.equal(await refused({ board: DEFAULT_BOARD_ID, wire: WIRE_VERSION + 1 }), 'old-page')
    assert.equal(await refused({ board: 'nowhere', wire: WIRE_VERSION }), 'unknown-board')
    assert.equal(await refused({ board: '../etc', wire: WIRE_VERSION }), 'bad-request')
    assert.equal(await refused({}), 'bad-request')
  })

  test('W1: a socket that polls is refused', async () => {
    const { status } = await fetch(`http://127.0.0.1:${port}/live/?EIO=4&transport=polling`)
    assert.equal(status, 400)
  })

  test('W6, F8: malformed events and frames do nothing and hurt nobody else', async () => {
    const good = await Viewer.connect(port)
    await good.follow(board.cursor)
    const { size } = board.records
    const bad = await Viewer.connect(port)
    for (const body of [
      null,
      {},
      { client: uuid(), n: 1, commands: [] },
      { client: uuid(), n: 1.5, commands: [add()] },
      { client: uuid(), n: 1, commands: [{ kind: 'image.settle', id: uuid() }] },
      { client: uuid(), n: 1, commands: [{ ...add(), x: 1e300 }] },
      {
        client: uuid(),
        n: 1,
        commands: Array.from({ length: limits.commandsPerMessage + 1 }, () => add()),
      },
    ]) {
      const answer = await bad.ask<{ error: { code: string } }>('commands', body)
      assert.equal(answer.error.code, 'bad-request', JSON.stringify(body))
    }
    const set = {
      client: uuid(),
      n: 1,
      commands: [{ kind: 'image.patch', id: uuid(), set: { blob: 'x' } }],
    }
    const unknown = await bad.ask<{ error: { code: string } }>('commands', set)
    assert.equal(unknown.error.code, 'unknown-field')
    assert.equal(
      (await bad.ask<{ error: { code: string } }>('follow', 7)).error.code,
      'bad-request',
    )
    bad.send('42["presence",{"drag":7}]')
    bad.send('42["nothing we know"]')
    for (const frame of [
      '42[',
      '4',
      '9',
      '451-["commands",{"_placeholder":true,"num":9}]',
      Buffer.alloc(300, 255),
    ]) {
      const rude = await Viewer.connect(port)
      rude.send(frame)
      rude.send('42["commands"]')
      await rude.closed()
    }
    const huge = await Viewer.connect(port)
    huge.send(`42["presence","${'x'.repeat(1_000_000)}"]`)
    await huge.closed()
    await act([add()])
    await good.until(() => good.cursor === board.cursor)
    assert.equal(board.records.size, size + 1)
    bad.close()
    good.close()
  })

  test('F7: too many messages are answered too-many', async () => {
    const viewer = await Viewer.connect(port)
    const answers = await Promise.all(
      Array.from({ length: 900 }, () => viewer.ask<{ error: { code: string } }>('follow', 7)),
    )
    const codes = new Set(answers.map(({ error }) => error.code))
    assert.deepEqual([...codes].sort(), ['bad-request', 'too-many'])
    viewer.close()
  })

  test('F6: who has a connection answered and reads nothing is cut off', async () => {
    const good = await Viewer.connect(port)
    const nowhere = `40/${'n'.repeat(1000)},`
    const ping = Buffer.alloc(125)
    for (const flood of [
      (ws: WebSocket, done: Done) => ws.send(nowhere, done),
      (ws: WebSocket, done: Done) => ws.ping(ping, true, done),
    ]) {
      const rude = await Viewer.connect(port)
      assert.ok(await rude.flood(flood, 500_000), `${flood}`)
      rude.close()
    }
    assert.equal((await good.follow(board.cursor)).resumed, true)
    good.close()
  })

  test('W5, W11, F12: presence of many moves is few messages, latest wins, and ends with its session', async () => {
    const watcher = await Viewer.connect(port)
    await watcher.follow(board.cursor)
    const mover = await Viewer.connect(port)
    const id = uuid()
    await act([add(id)])
    const picture = board.records.get(id)
    for (let x = 0; x <= 100; x++)
      mover.send(
        `42["presence",{"name":"","cursor":null,"selection":[],"drag":{"${id}":{"x":${x},"y":0}}}]`,
      )
    const heard = () =>
      watcher.events
        .filter(([event]) => event === 'presence')
        .map(([, text]) => Object.values(JSON.parse(text as string)) as ({ drag: never } | null)[])
    await watcher.until(() => JSON.stringify(heard()).includes('"x":100,'))
    assert.ok(heard().length < 20, `${heard().length} messages for 101 moves`)
    mover.close()
    await watcher.until(() => heard().at(-1)?.[0] === null)
    assert.equal(board.records.get(id), picture, 'presence changes nothing')
    watcher.close()
  })

  test('Y6, Y7: presence and show of a picture that is not on the board reach nobody', async () => {
    const [watcher, other] = [await Viewer.connect(port), await Viewer.connect(port)]
    await watcher.follow(board.cursor)
    const [id, unknown] = [uuid(), uuid()]
    await act([add(id)])
    const drag = { [id]: { x: 1, y: 2 }, [unknown]: { x: 1, y: 2 } }
    const state = { name: '', cursor: null, selection: [unknown], drag }
    other.send(`42${JSON.stringify(['presence', state])}`)
    other.send(`42${JSON.stringify(['show', { id: unknown }])}`)
    for (let i = 0; i < 200; i++) other.send(`42${JSON.stringify(['show', { id }])}`)
    const heard = (event: string) => watcher.events.filter(([name]) => name === event)
    await watcher.until(() => heard('show').length > 0 && heard('presence').length > 0)
    assert.ok(!JSON.stringify(watcher.events).includes(unknown))
    other.close()
    await watcher.until(() => JSON.stringify(heard('presence').at(-1)).includes('null}'))
    assert.ok(heard('show').length <= 2, `${heard('show').length} shown of 200`)
    watcher.close()
  })

  test('W13, F12: whose line is full hears of everybody the latest, once there is room', async () => {
    const ids = Array.from({ length: 100 }, () => uuid())
    await act(ids.map((id) => add(id)))
    const viewers = await Promise.all(Array.from({ length: 3 }, () => Viewer.connect(port)))
    for (const viewer of viewers) await viewer.follow(board.cursor)
    const [slow, mover, leaver] = viewers as [Viewer, Viewer, Viewer]
    const news = ({ events }: Viewer) =>
      events.flatMap(([event, text]) => (event === 'presence' ? [JSON.parse(String(text))] : []))
    const GONE = Number.POSITIVE_INFINITY
    const pointers = (viewer: Viewer): number[] =>
      Object.values<PresenceUpdate[string]>(Object.assign({}, ...news(viewer)))
        .map((person) => person?.cursor?.x ?? GONE)
        .sort((a, b) => a - b)
    const point = (viewer: Viewer, x: number) =>
      viewer.send(`42["presence",{"name":"","cursor":{"x":${x},"y":0},"selection":[],"drag":null}]`)
    for (const viewer of [mover, leaver]) point(viewer, 0)
    await slow.until(() => isDeepStrictEqual(pointers(slow), [0, 0]))
    const heard = news(slow).length
    slow.stall()
    for (let round = 1; round <= 60; round++) {
      const caption = String(round).padEnd(2000, '.')
      await act(ids.map((id) => ({ kind: 'image.patch', id, set: { caption } })))
      if (round < 30) continue
      point(mover, round)
      await mover.until(() => pointers(mover).includes(round))
    }
    leaver.close()
    await mover.until(() => isDeepStrictEqual(pointers(mover), [60, GONE]))
    slow.resume()
    await slow.until(() => isDeepStrictEqual(pointers(slow), [60, GONE]))
    assert.ok(news(slow).length - heard < 30, `${news(slow).length - heard} messages for 32 news`)
    for (const viewer of [slow, mover]) viewer.close()
  })

  test('W8: changes in a stream share broadcasts, 30 a second at the most', async () => {
    const viewer = await Viewer.connect(port)
    await viewer.follow(board.cursor)
    const start = performance.now()
    for (let i = 0; i < 100; i++) await act([add()])
    await viewer.until(() => viewer.cursor === board.cursor)
    const seconds = (performance.now() - start) / 1000
    assert.ok(viewer.batches <= seconds * 31 + 2, `${viewer.batches} in ${seconds} s`)
    viewer.close()
  })

  test('W10: a viewer that stays behind for 30 s is cut off', async (t) => {
    const ids = Array.from({ length: 100 }, () => uuid())
    await act(ids.map((id) => add(id)))
    const viewer = await Viewer.connect(port)
    await viewer.follow(board.cursor)
    t.mock.timers.enable({ apis: ['setTimeout'] })
    viewer.stall()
    for (let round = 0; round < 60; round++) {
      const caption = String(round).padEnd(2000, '.')
      await act(ids.map((id) => ({ kind: 'image.patch', id, set: { caption } })))
      t.mock.timers.tick(40)
    }
    t.mock.timers.tick(30_000)
    t.mock.timers.reset()
    viewer.resume()
    await viewer.closed()
  })

  test('W16: how many visitors are here is told once a second at the most', async () => {
    const watcher = await Viewer.connect(port)
    await watcher.follow(board.cursor)
    const counts = () =>
      watcher.events.flatMap(([event, text]) =>
        event === 'people' ? [JSON.parse(text as string).count as number] : [],
      )
    const start = performance.now()
    const auth = { board: DEFAULT_BOARD_ID, wire: WIRE_VERSION }
    for (let i = 0; i < 20; i++) (await Viewer.connect(port, auth, `v${i}`)).close()
    const ben = await Viewer.connect(port, auth, 'ben')
    // A wall counts as nobody; its visitor's other pages still do.
    const walls = await Promise.all(
      ['screen', 'ben'].map((name) => Viewer.connect(port, { ...auth, isWall: true }, name)),
    )
    await watcher.until(() => counts().at(-1) === 2)
    const seconds = (performance.now() - start) / 1000
    assert.ok(counts().length <= seconds + 1, `${counts().length} in ${seconds} s`)
    ben.close()
    await watcher.until(() => counts().at(-1) === 1)
    for (const viewer of [watcher, ...walls]) viewer.close()
  })

  test('W16: who follows long after it came is told how many visitors are here', {
    timeout: 20_000,
  }, async () => {
    const auth = { board: DEFAULT_BOARD_ID, wire: WIRE_VERSION }
    const watcher = await Viewer.connect(port)
    await watcher.follow(board.cursor)
    const countOf = ({ events }: Viewer) => events.findLast(([event]) => event === 'people')?.[1]
    const late = await Viewer.connect(port, auth, 'late')
    await watcher.until(() => countOf(watcher) === '{"count":2}')
    assert.equal(countOf(late), undefined)
    await late.follow(board.cursor)
    await late.until(() => countOf(late) === '{"count":2}')
    for (const viewer of [watcher, late]) viewer.close()
  })

  test('F6, W4, W9: stalled viewers cost under 1 MiB each, are caught up, and nobody else notices', async () => {
    const ids = Array.from({ length: 100 }, () => uuid())
    await act(ids.map((id) => add(id)))
    const viewers = await Promise.all(Array.from({ length: 12 }, () => Viewer.connect(port)))
    for (const viewer of viewers) await viewer.follow(board.cursor)
    const stalled = viewers.slice(0, 8)
    const lively = viewers.slice(8)
    for (const viewer of stalled) viewer.stall()
    const caughtUp = (some: readonly Viewer[]) =>
      Promise.all(some.map((viewer) => viewer.until(() => viewer.cursor === board.cursor)))
    const before = memory()
    let most = 0
    for (let round = 0; round < 60; round++) {
      const caption = String(round).padEnd(2000, '.')
      await act(ids.map((id) => ({ kind: 'image.patch', id, set: { caption } })))
      // A busy machine could change the board faster than these viewers read.
      if (round % 3 === 2) await caughtUp(lively)
      if (round % 10 === 9) most = Math.max(most, memory() - before)
    }
    // 60 batches of 240 kB are 14 MB a viewer. The board's own recent batches are counted too.
    assert.ok(most < stalled.length * 2 ** 20 + 12e6, `${most} bytes more`)
    await caughtUp(lively)
    for (const viewer of stalled) viewer.resume()
    for (const viewer of stalled) {
      const reload = () => viewer.events.some(([event]) => event === 'reload')
      await viewer.until(() => viewer.cursor === board.cursor || reload())
      assert.ok(viewer.received < 8e6, `${viewer.received} bytes for a viewer that was away`)
    }
    for (const viewer of viewers) viewer.close()
  })
})

/** Bytes in use that would grow with what waits for viewers. */
function memory(): number {
  gc()
  // The first one may leave buffers to a thread, which a busy machine lets wait; the next one finishes them.
  gc()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
