import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { type Arrivals, type Snapshot, WIRE_VERSION } from '@wirephoto/board'
import { io, type Socket } from 'socket.io-client'
import { FreezableBrowser } from '../test/support/freezable-browser.ts'
import { BoardPage } from '../test/support/page.ts'
import { ServerProcess } from '../test/support/server-process.ts'
import { type Figure, spread } from './support/figures.ts'
import { drawPhoto } from './support/photo.ts'
import { type Shape, Shaper } from './support/shaper.ts'
import { similarityTo } from './support/ssim.ts'

const ROUND_COUNT = 5
/** The sides of a photo of about 4 MB. */
const SIDES_PX = [4_460, 2_972] as const
const PREVIEW_PX = 320
/** The time for which the page is frozen, in the middle of its file. */
const ASLEEP_MS = 20_000
/** The time that a page is open before the drop. */
const OPEN_MS = 1_500
const POLL_INTERVAL_MS = 20
/** The similarity to the original from which a picture counts as recognised. */
const MIN_SSIM_FACTOR = 0.9
/** A round that takes longer has failed. */
const ROUND_TIMEOUT_MS = 300_000

/** 1 Mbit/s up, 100 ms there and back, a fifth of a second of queue, one packet in fifty lost. */
const shapeOf = (seed: number): Shape => ({
  uplinkBytesPerSecond: 125_000,
  roundTripMs: 100,
  queueBytes: 25_000,
  loss: { onePacketIn: 50, pauseMs: 200, seed },
})

/** `frozen`: the page alone. `asleep`: the phone, whose connections are dead when it wakes. */
type Sleep = 'frozen' | 'asleep'

interface Round {
  /** Seconds from the drop. */
  readonly seen: number
  readonly stored: number
  /** Body bytes beyond the file's length, of its length. */
  readonly twice: number
  /** Seconds from the last byte until others heard that it is stalled; null if it never was. */
  readonly stalled: number | null
  /** Seconds from waking until a further byte was there; null if none was missing. */
  readonly resumed: number | null
}

/** S16: a photo on a bad connection, from a page that is frozen in the middle. */
export async function badConnection(): Promise<Figure[]> {
  const folder = await mkdtemp(join(tmpdir(), 'wirephoto-bench-'))
  const server = await ServerProcess.open({ openBoardCount: 2 * ROUND_COUNT })
  try {
    const photo = await drawPhoto(5, SIDES_PX)
    const file = join(folder, 'photo.jpg')
    await writeFile(file, photo)
    const scene = { server, file, photo, likeness: await similarityTo(photo, PREVIEW_PX) }
    const rounds: Record<Sleep, Round[]> = { frozen: [], asleep: [] }
    const plain: number[] = []
    for (let round = 0; round < ROUND_COUNT; round++) {
      rounds.asleep.push(await measure(scene, 'asleep', round))
      plain.push(await plainPut(photo, round))
      rounds.frozen.push(await measure(scene, 'frozen', round))
    }
    return figuresOf(rounds, plain, photo.length)
  } finally {
    await server.close()
    await rm(folder, { recursive: true })
  }
}

function figuresOf(rounds: Record<Sleep, Round[]>, plain: number[], bytes: number): Figure[] {
  const size = `${(bytes / 1e6).toFixed(1)} MB on 1 Mbit/s with losses`
  const all = [...rounds.asleep, ...rounds.frozen]
  const gap = ASLEEP_MS / 1000
  const absolute = { id: 'S16', baseline: null } as const
  const stored = (sleep: Sleep, what: string): Figure => ({
    id: 'S16',
    label: `drop until stored, less the ${gap} s ${what}`,
    unit: 's',
    figure: spread(rounds[sleep].map((round) => round.stored - gap)),
    baseline: { name: 'plain PUT', value: spread(plain) },
    goal: { max: 1.15 },
  })
  const times = (key: 'stalled' | 'resumed') =>
    spread(rounds.asleep.map((round) => round[key]).filter((time) => time !== null))
  return [
    {
      ...absolute,
      label: `drop until others see 320 px, ${size}`,
      unit: 's',
      figure: spread(all.map(({ seen }) => seen)),
      goal: { max: 0.8 },
    },
    stored('asleep', 'of a phone asleep'),
    stored('frozen', 'of a frozen page'),
    {
      ...absolute,
      label: 'body bytes that came twice',
      unit: '%',
      figure: spread(all.map(({ twice }) => twice * 100)),
      goal: { max: 1 },
    },
    {
      ...absolute,
      label: 'last byte until others see it stalled',
      unit: 's',
      figure: times('stalled'),
      goal: { max: 5.5 },
    },
    {
      ...absolute,
      label: 'waking until the next byte is there',
      unit: 's',
      figure: times('resumed'),
      goal: { max: 2 },
      notes: [
        'one packet in fifty is lost: it costs its connection 200 ms and halves its window',
        'asleep: nothing passes either, and connections from before are dead; frozen: the browser goes on with the request under way',
        'the last two figures are those of a phone asleep: a frozen page’s request goes on',
      ],
    },
  ]
}

interface Scene {
  readonly server: ServerProcess
  readonly file: string
  readonly photo: Buffer
  readonly likeness: (picture: Buffer) => Promise<number>
}

async function measure(scene: Scene, sleep: Sleep, seed: number): Promise<Round> {
  const { server, file, photo, likeness } = scene
  const board = await server.newBoard()
  await using stack = new AsyncDisposableStack()
  const shaper = stack.adopt(await Shaper.open(server.port, shapeOf(seed)), (each) => each.close())
  const browser = stack.adopt(await FreezableBrowser.open(), (each) => each.close())
  const viewer = stack.adopt(await follow(server.url, board), (each) => void each.close())
  const sender = await BoardPage.open(browser.context, `http://localhost:${shaper.port}`)
  await sender.goto(`/b/${board}`)
  const recognised = firstRecognised(viewer, likeness)
  const stored = firstBlob(viewer)
  const stalls = listenForStall(viewer)
  await setTimeout(OPEN_MS)

  const dropped = now()
  await sender.drop([file], { x: 400, y: 300 })
  const seenAt = await inTime(recognised)
  await grown(shaper, photo.length / 2)
  const wake = await browser.freeze(sender.page)
  if (sleep === 'asleep') shaper.sleep()
  const lastByteAt = watchLastByte(shaper)
  await setTimeout(ASLEEP_MS)
  const silentSince = lastByteAt()
  const before = shaper.uploads.total
  const stalledAt = stalls.at()
  const stalled = stalledAt === null ? null : seconds(stalledAt - silentSince)
  shaper.wake()
  await wake()
  const woken = now()
  let resumed: number | null = null
  if (before < photo.length) {
    await grown(shaper, before + 1)
    resumed = seconds(now() - woken)
  }
  const storedAt = await inTime(stored)
  return {
    seen: seconds(seenAt - dropped),
    stored: seconds(storedAt - dropped),
    twice: (shaper.uploads.total - photo.length) / photo.length,
    stalled,
    resumed,
  }
}

/** A viewer that is told all that a page is told. */
async function follow(url: string, board: string): Promise<Socket> {
  const auth = { board, wire: WIRE_VERSION }
  const socket = io(url, { path: '/live', transports: ['websocket'], auth, forceNew: true })
  await once(socket as never, 'connect')
  const snapshot = await fetch(`${url}/api/boards/${board}/snapshot`)
  const { cursor } = (await snapshot.json()) as Snapshot
  await socket.emitWithAck('follow', { cursor })
  return socket
}

/** Resolves with the time when the viewer had a picture that it recognises. */
const firstRecognised = (viewer: Socket, likeness: Scene['likeness']) =>
  new Promise<number>((resolve, reject) => {
    viewer.on('preview', (_id: string, picture: Buffer) => {
      const at = now()
      likeness(picture).then((factor) => factor >= MIN_SSIM_FACTOR && resolve(at), reject)
    })
  })

const firstBlob = (viewer: Socket) =>
  new Promise<number>((resolve) => {
    viewer.on('changes', (text: string) => {
      if (text.includes('"blob":"')) resolve(now())
    })
  })

/** Remembers when the viewer was told first that the picture is stalled. */
function listenForStall(viewer: Socket): { at(): number | null } {
  let at: number | null = null
  viewer.on('arrivals', (text: string) => {
    const [state] = Object.values(JSON.parse(text) as Arrivals)
    if (state?.state === 'stalled') at ??= now()
  })
  return { at: () => at }
}

/** Returns a function that returns when the last byte came, up to when it is called. */
function watchLastByte(shaper: Shaper): () => number {
  let { total } = shaper.uploads
  let at = now()
  const timer = setInterval(() => {
    if (shaper.uploads.total === total) return
    total = shaper.uploads.total
    at = now()
  }, POLL_INTERVAL_MS)
  return () => {
    clearInterval(timer)
    return at
  }
}

/** Resolves when so many bytes of uploads have reached the server. */
async function grown(shaper: Shaper, bytes: number): Promise<void> {
  for (const end = now() + ROUND_TIMEOUT_MS; shaper.uploads.total < bytes; ) {
    if (now() > end) throw new Error('The file comes no further')
    await setTimeout(POLL_INTERVAL_MS)
  }
}

/** Returns the seconds of one plain PUT of the same bytes over the same connection. */
async function plainPut(photo: Buffer, seed: number): Promise<number> {
  const sink = createServer((incoming, response) => {
    incoming.resume().on('end', () => response.writeHead(201).end())
  }).listen(0, '127.0.0.1')
  await once(sink, 'listening')
  const shaper = await Shaper.open((sink.address() as AddressInfo).port, shapeOf(seed))
  try {
    const start = now()
    const put = request({ host: '127.0.0.1', port: shaper.port, method: 'PUT', path: '/photo.jpg' })
    put.setHeader('content-length', photo.length)
    put.end(photo)
    await inTime(once(put, 'response'))
    return seconds(now() - start)
  } finally {
    await shaper.close()
    sink.close()
  }
}

function inTime<T>(result: Promise<T>): Promise<T> {
  const tooLate = setTimeout(ROUND_TIMEOUT_MS, null, { ref: false }).then(() => {
    throw new Error('A round takes too long')
  })
  return Promise.race([result, tooLate])
}

const now = (): number => performance.now()
const seconds = (milliseconds: number): number => milliseconds / 1000
