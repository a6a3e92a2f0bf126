import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { createServer, type Server as HttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join, resolve } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { errors, type ImageRecord, limits, MEDIA_TYPES, uuidv7 } from '@wirephoto/board'
import sharp from 'sharp'
import { EFFORT_FACTOR, rounds, SEED } from '../support/effort.ts'
import { drawPicture, seededRandom } from '../support/pictures.ts'
import { ServerProcess } from '../support/server-process.ts'
import { WireClient } from '../support/wire-client.ts'

const CORPORA = resolve(import.meta.dirname, '../../../shared/corpora')
const FOLDERS = ['hostile', 'formats', 'metadata', 'photos']
const MUTATION_COUNT = rounds(300)
/** The same mutants at every ordinary run. */
const MUTATION_SEED = process.env['SEED'] || EFFORT_FACTOR > 1 ? SEED : 20_261_122
/** Larger files take long to decode. */
const LARGE_FILE_BYTES = 100_000
/** Files that are sent at the same time. */
const SENDER_COUNT = 6
/** Three times the longest time that decoding may take. */
const ANSWER_TIMEOUT_MS = 150_000
/** F8: the memory limit of a decoding process, and its growth between two looks. */
const MAX_PROCESS_BYTES = 1.5e9 * 1.3
/** The growth of the server's memory allowed between the first and the last third. */
const MAX_GROWTH_BYTES = 100e6

let server: ServerProcess
/** Another site, and its files by path. */
let site: HttpServer
const siteFiles = new Map<string, Buffer>()

before(async () => {
  site = createServer((request, response) => {
    const bytes = siteFiles.get(request.url!)
    response.writeHead(bytes ? 200 : 404).end(bytes)
  }).listen(0, '127.0.0.1')
  await once(site, 'listening')
  server = await ServerProcess.open({
    openBoardCount: 4,
    main: resolve(import.meta.dirname, '../support/serve-with-local-fetch.ts'),
    args: ['--public-url', 'http://localhost'],
  })
})
after(async () => {
  site.closeAllConnections()
  site.close()
  await server.close()
})

/** A way to send a file: resolves to `taken` or to the code of the refusal. */
type SendMethod = (board: Board, file: SentFile) => Promise<string>

interface SentFile {
  readonly name: string
  readonly bytes: Buffer<ArrayBuffer>
}

/** A board with a client on it. */
class Board {
  readonly id: string
  readonly wireClient: WireClient

  private constructor(id: string, wireClient: WireClient) {
    this.id = id
    this.wireClient = wireClient
  }

  static async open(): Promise<Board> {
    const id = await server.newBoard()
    return new Board(id, await WireClient.connect(server.url, id))
  }

  get url(): string {
    return `${server.url}/api/boards/${this.id}`
  }

  async announce(name: string, preview?: Buffer): Promise<string> {
    const id = uuidv7(Date.now(), randomBytes(10))
    const add = { kind: 'image.add', id, width: 40, height: 30, name } as const
    const client = uuidv7(Date.now(), randomBytes(10))
    const { refused } = await this.wireClient.sendMessage({ client, n: 1, commands: [add] })
    assert.deepEqual(refused, [])
    if (preview) await this.wireClient.sendPreviews({ [id]: preview })
    return id
  }
}

const SEND_METHODS: Record<string, SendMethod> = {
  async tus(board, { name, bytes }) {
    const id = await board.announce(name)
    const send = (url: string, method: string, headers: object, body: BodyInit | null = null) =>
      fetch(url, { method, headers: { 'tus-resumable': '1.0.0', ...headers }, body })
    const begun = await send(`${board.url}/uploads`, 'POST', {
      'upload-length': String(bytes.length),
      'upload-metadata': `id ${btoa(id)}`,
    })
    if (begun.status !== 201) return refusalCode(begun)
    const part = await send(
      `${board.url}/uploads/${id}`,
      'PATCH',
      { 'content-type': 'application/offset+octet-stream', 'upload-offset': '0' },
      bytes,
    )
    if (part.status !== 204) return refusalCode(part)
    return assertOutcome(await fetch(`${board.url}/images/${id}`), 200, board)
  },
  async post(board, { name, bytes }) {
    const form = new FormData()
    form.append('file', new Blob([bytes], { type: 'image/png' }), name)
    return assertOutcome(
      await fetch(`${board.url}/images`, { method: 'POST', body: form }),
      201,
      board,
    )
  },
  async put(board, { name, bytes }) {
    const url = `${server.url}/b/${board.id}/${encodeURIComponent(name)}`
    return assertOutcome(await fetch(url, { method: 'PUT', body: bytes }), 201, board)
  },
  async url(board, { name, bytes }) {
    const path = `/${randomBytes(6).toString('hex')}/${encodeURIComponent(name)}`
    siteFiles.set(path, bytes)
    const { port } = site.address() as AddressInfo
    const answer = await fetch(`${board.url}/images/from-url`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ url: `http://127.0.0.1:${port}${path}` }),
    })
    siteFiles.delete(path)
    return assertOutcome(answer, 201, board)
  },
  async preview(board, { name, bytes }) {
    if (bytes.length > limits.previewBytes) return 'too large to be one'
    const id = await board.announce(name, bytes)
    const there = (of: string) => fetch(`${server.url}/b/${board.id}/arrivals/${of}/preview`)
    // The server makes them one after the other: when the next is there, this one has been
    // validated. On a busy machine the next may be given up too.
    for (
      let next = '', since = Number.NEGATIVE_INFINITY;
      !next || !(await there(next)).ok;
      await setTimeout(20)
    ) {
      if (performance.now() - since < 15_000) continue
      next = await board.announce('next.png', await sound)
      since = performance.now()
    }
    const answer = await there(id)
    if (!answer.ok) return 'no preview'
    assertInert(answer)
    const { format, width, height } = await sharp(await answer.bytes()).metadata()
    assert.ok(format === 'webp' && Math.max(width, height) <= 320)
    return 'taken'
  },
}

const sound = drawPicture({ width: 30, height: 20, format: 'webp' })

/** Asserts of a taken picture what F8 and F9 promise. */
async function assertOutcome(answer: Response, expected: number, board: Board): Promise<string> {
  if (answer.status !== expected) return refusalCode(answer)
  const { id, type, blob, width, height } = (await answer.json()) as ImageRecord
  assert.ok(type && type !== 'image/svg+xml' && MEDIA_TYPES.includes(type))
  assert.ok(width * height <= limits.maxPixels && Math.max(width, height) <= limits.maxSidePixels)
  for (const path of [
    `/b/${board.id}/blob/${blob}/original`,
    `/api/boards/${board.id}/images/${id}/file?download`,
  ]) {
    const file = await fetch(server.url + path, { method: 'HEAD' })
    assert.equal(file.status, 200)
    assert.equal(file.headers.get('content-type'), type)
    assertInert(file)
  }
  return 'taken'
}

function assertInert({ headers }: Response): void {
  assert.equal(headers.get('x-content-type-options'), 'nosniff')
  assert.equal(headers.get('content-security-policy'), "sandbox; default-src 'none'")
}

/** Returns a refusal's code; asserts its status and sentence. */
async function refusalCode(answer: Response): Promise<string> {
  const { error } = (await answer.json()) as {
    error: { code: keyof typeof errors; message: string }
  }
  assert.equal(answer.status, errors[error.code], JSON.stringify(error))
  assert.match(error.message, /^\S.+\.$/)
  assert.notEqual(error.code, 'internal')
  return error.code
}

/** Watches the memory of the server and its processes. */
class MemoryWatch {
  readonly #every: NodeJS.Timeout
  readonly server: number[] = []
  largest = 0

  constructor() {
    this.#every = setInterval(() => this.#look(), 250)
  }

  close(): void {
    clearInterval(this.#every)
  }

  #look(): void {
    const own = String(server.pid)
    const lines = execFileSync('ps', ['-eo', 'pid=,ppid=,rss='], { encoding: 'utf8' })
    for (const line of lines.split('\n')) {
      const [pid, parent, kilobytes] = line.trim().split(/\s+/)
      if (pid === own) this.server.push(Number(kilobytes) * 1024)
      if (parent === own) this.largest = Math.max(this.largest, Number(kilobytes) * 1024)
    }
  }
}

/** Sends all files by all their ways, and prints the outcomes. */
async function sendAll(
  t: { diagnostic(line: string): void },
  files: AsyncIterable<[way: string, file: SentFile]>,
): Promise<Record<string, number>> {
  const board = await Board.open()
  const watch = new MemoryWatch()
  const outcomes: Record<string, Record<string, number>> = {}
  const queue = files[Symbol.asyncIterator]()
  const send = async () => {
    for (let next = await queue.next(); !next.done; next = await queue.next()) {
      const [way, file] = next.value
      const late = AbortSignal.timeout(ANSWER_TIMEOUT_MS)
      const outcome = await Promise.race([
        SEND_METHODS[way]!(board, file),
        new Promise<never>((_, reject) => {
          late.onabort = () => reject(new Error(`${file.name} by ${way}: no answer`))
        }),
      ])
      outcomes[outcome] ??= {}
      outcomes[outcome][way] = (outcomes[outcome][way] ?? 0) + 1
    }
  }
  try {
    await Promise.all(Array.from({ length: SENDER_COUNT }, send))
  } finally {
    watch.close()
    board.wireClient.close()
  }
  for (const [outcome, ways] of Object.entries(outcomes))
    t.diagnostic(`${outcome.padEnd(20)} ${JSON.stringify(ways)}`)
  const third = Math.ceil(watch.server.length / 3)
  const [before, after] = [watch.server.slice(0, third), watch.server.slice(-third)].map(median)
  t.diagnostic(`server ${mb(before!)} to ${mb(after!)} MB, largest process ${mb(watch.largest)} MB`)
  assert.ok(after! - before! < MAX_GROWTH_BYTES, 'RSS is flat')
  assert.ok(watch.largest < MAX_PROCESS_BYTES)
  assert.equal((await fetch(`${server.url}/healthz`)).status, 200)
  return Object.fromEntries(
    Object.entries(outcomes).map(([outcome, ways]) => [
      outcome,
      Object.values(ways).reduce((sum, n) => sum + n, 0),
    ]),
  )
}

const median = (values: number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0
const mb = (bytes: number): number => Math.round(bytes / 1e6)

test('F8, F9: every file of the corpora is taken or refused, by every way in', async (t) => {
  if (!existsSync(CORPORA)) return t.skip('no ../shared/corpora here')
  let i = 0
  async function* all(): AsyncGenerator<[string, SentFile]> {
    for (const folder of FOLDERS)
      for (const name of (await readdir(join(CORPORA, folder))).sort()) {
        const bytes = await readFile(join(CORPORA, folder, name))
        const ways = Object.keys(SEND_METHODS)
        // A large file goes by one way, each by another, unless the effort is greater.
        const one = ways[i++ % (ways.length - 1)]!
        const isLarge = bytes.length > LARGE_FILE_BYTES && EFFORT_FACTOR === 1
        for (const way of isLarge ? [one] : ways) yield [way, { name, bytes }]
      }
  }
  const { taken } = await sendAll(t, all())
  assert.ok(taken! > 100)
})

test('F8, F9: so are pictures with damaged bytes', async (t) => {
  t.diagnostic(`SEED=${MUTATION_SEED}`)
  const pictures = await drawOriginals()
  const random = seededRandom(MUTATION_SEED)
  const ways = Object.keys(SEND_METHODS)
  async function* mutants(): AsyncGenerator<[string, SentFile]> {
    for (let i = 0; i < MUTATION_COUNT; i++) {
      const [name, bytes] = pictures[i % pictures.length]!
      const way = ways[Math.floor(random() * ways.length)]!
      yield [way, { name: `${i}.${name}`, bytes: mutate(bytes, random) }]
    }
  }
  const outcomes = await sendAll(t, mutants())
  assert.ok(outcomes['taken'] && outcomes['damaged'])
})

/** Returns small pictures of every type that a board takes. */
async function drawOriginals(): Promise<[name: string, bytes: Buffer][]> {
  const picture = sharp(await drawPicture({ width: 60, height: 40, format: 'png' }))
  const frames = await Promise.all(
    [1, 2, 3].map((seed) => drawPicture({ width: 40, height: 30, format: 'png', seed })),
  )
  const moving = () => sharp(frames, { join: { animated: true } })
  const { data, info } = await picture
    .clone()
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true })
  const made: [string, Buffer][] = [
    ['jpg', await picture.clone().withMetadata({ orientation: 6 }).jpeg().toBuffer()],
    ['progressive.jpg', await picture.clone().jpeg({ progressive: true }).toBuffer()],
    ['png', await picture.clone().withIccProfile('p3').png().toBuffer()],
    ['interlaced.png', await picture.clone().png({ progressive: true, palette: true }).toBuffer()],
    ['gif', await moving().gif().toBuffer()],
    ['webp', await picture.clone().webp().toBuffer()],
    ['moving.webp', await moving().webp().toBuffer()],
    ['avif', await picture.clone().avif({ effort: 0 }).toBuffer()],
    ['tif', await picture.clone().tiff({ compression: 'lzw', tile: true }).toBuffer()],
    ['jpeg.tif', await picture.clone().tiff({ compression: 'jpeg' }).toBuffer()],
    ['bmp', encodeBmp(data, info.width, info.height)],
    ['svg', Buffer.from(DRAWING)],
  ]
  const small = join(CORPORA, 'formats')
  if (existsSync(small))
    for (const name of ['apng-delay.png', 'cramps.gif', 'hopper.jpg', 'hopper.webp'])
      made.push([name, await readFile(join(small, name))])
  return made
}

const DRAWING = `<svg xmlns="http://www.w3.org/2000/svg" width="40" height="30"><defs>
  <linearGradient id="a"><stop offset="0" stop-color="#f00"/><stop offset="1"/></linearGradient></defs>
  <rect width="30" height="20" fill="url(#a)" transform="rotate(10)"/><text x="5" y="20">Wirephoto</text>
  <path d="M1 1L9 9C3 3 4 4 5 5z" filter="blur(2px)"/></svg>`

/** Encodes the simplest BMP. */
function encodeBmp(rgb: Buffer, width: number, height: number): Buffer {
  const header = Buffer.alloc(54)
  header.write('BM')
  for (const [at, value] of [
    [10, 54],
    [14, 40],
    [18, width],
    [22, -height],
    [26, 1 | (24 << 16)],
  ] as const)
    header.writeInt32LE(value, at)
  assert.equal((width * 3) % 4, 0)
  return Buffer.concat([header, rgb])
}

/** Numbers that programs forget. */
const EDGES = [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff]

/** Damages a file in one to four places, most of them near its start, where it says what it is. */
function mutate(original: Buffer, random: () => number): Buffer<ArrayBuffer> {
  let bytes = Buffer.from(original)
  const below = (n: number) => Math.floor(random() * n)
  const place = () => below(random() < 0.5 ? Math.min(bytes.length, 200) : bytes.length)
  for (let left = 1 + below(4); left > 0 && bytes.length > 8; left--) {
    const at = place()
    const length = Math.min(1 + below(64), bytes.length - at)
    const changes: (() => void)[] = [
      () => (bytes[at]! ^= 1 << below(8)),
      () => (bytes[at] = below(256)),
      () => bytes.fill(random() < 0.5 ? 0 : 255, at, at + length),
      () => (bytes = bytes.subarray(0, Math.max(1, below(bytes.length)))),
      () => (bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)])),
      () => (bytes = Buffer.concat([bytes.subarray(0, at + length), bytes.subarray(at)])),
      () => {
        const edge = EDGES[below(EDGES.length)]!
        const size = Math.min([1, 2, 4][below(3)]!, bytes.length - at)
        const value = edge % 2 ** (8 * size)
        if (random() < 0.5) bytes.writeUIntBE(value, at, size)
        else bytes.writeUIntLE(value, at, size)
      },
    ]
    changes[below(changes.length)]!()
  }
  return bytes
}
