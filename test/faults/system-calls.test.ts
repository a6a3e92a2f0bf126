import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type ImageRecord, uuidv7 } from '@wirephoto/board'
import { variantKey } from '@wirephoto/server'
import { recordSkipReason } from '../crash/power-loss/strace.ts'
import { EFFORT_FACTOR } from '../support/effort.ts'
import { FailingCalls, type FailingCallsOptions } from '../support/failing-calls.ts'
import { drawPicture, withUniqueBytes } from '../support/pictures.ts'
import { ServerProcess } from '../support/server-process.ts'

/** Time in which a server must work again, on a slow machine. */
const RECOVERY_TIMEOUT_MS = 30_000
const ANSWER_TIMEOUT_MS = 10_000
const TUS = { 'tus-resumable': '1.0.0' }

/** The steps of a picture's way, and how each fails. */
const SHORT_CASES: readonly FailingCallsOptions[] = [
  { calls: 'openat', error: 'EMFILE', when: '2+2' },
  { calls: 'fdatasync,fsync', error: 'EIO', when: '2+2' },
  { calls: 'pwrite64', error: 'ENOSPC', when: '4+' },
  { calls: 'mkdir,mkdirat,link,linkat', error: 'EIO' },
  { calls: 'unlink,unlinkat,rmdir', error: 'EIO' },
  { calls: 'stat,statx,newfstatat,fstat,lstat', error: 'ENOMEM' },
  { calls: 'clone,clone3,vfork,fork,execve', error: 'EAGAIN' },
]
const ERRORS = ['EIO', 'ENOSPC', 'EMFILE', 'ENOMEM']
const WHENS = ['1', '2', '3', '4', '2+2', '3+3', '1+']
const CALLS = [
  ['openat'],
  ['fdatasync', 'fsync'],
  ['pwrite64'],
  ['pread64'],
  ['mkdir', 'mkdirat'],
  ['link', 'linkat'],
  ['rename', 'renameat', 'renameat2'],
  ['unlink', 'unlinkat', 'rmdir'],
  ['stat', 'statx', 'newfstatat', 'fstat', 'lstat'],
  ['ftruncate'],
  ['utimensat'],
  ['getdents64'],
  ['statfs'],
  ['lseek'],
  ['clone', 'clone3', 'vfork', 'fork'],
  ['execve'],
  ['socketpair', 'pipe2'],
  ['accept', 'accept4'],
].map((names) => names.join(','))
const LONG_CASES = CALLS.flatMap((calls) =>
  ERRORS.flatMap((error) => WHENS.map((when) => ({ calls, error, when }))),
)
const CASES = EFFORT_FACTOR > 1 ? LONG_CASES : SHORT_CASES

const skip = (await recordSkipReason()) ?? false
let server: ServerProcess
let jpeg: Buffer
/** The sha256 of each picture that was answered as stored, by its id. */
const stored = new Map<string, string>()

before(async () => {
  if (skip) return
  server = await ServerProcess.open()
  jpeg = await drawPicture({ width: 640, height: 480 })
  assert.equal((await put()).status, 201)
})
after(() => server?.close())

interface Answer {
  readonly status: number
  readonly code: string
  readonly offset: number
  readonly body: Buffer
}

async function ask(path: string, init: RequestInit = {}): Promise<Answer> {
  // A connection that the server can't accept hangs until it can.
  const signal = AbortSignal.timeout(ANSWER_TIMEOUT_MS)
  const answer = await fetch(`${server.url}${path}`, { ...init, signal })
  const body = Buffer.from(await answer.arrayBuffer())
  const code = answer.ok ? '' : (/"code":"([^"]+)"/.exec(body.toString())?.[1] ?? '')
  const offset = Number(answer.headers.get('upload-offset'))
  return { status: answer.status, code, offset, body }
}

async function put(): Promise<Answer> {
  const bytes = withUniqueBytes(jpeg)
  const answer = await ask('/p.jpg', { method: 'PUT', body: bytes })
  if (answer.status === 201)
    stored.set((JSON.parse(answer.body.toString()) as ImageRecord).id, sha256(bytes))
  return answer
}

/** A picture that is announced and sent in two parts. */
class Upload {
  readonly id = uuidv7(Date.now(), randomBytes(10))
  readonly bytes = withUniqueBytes(jpeg)
  readonly #uploads = '/api/boards/main/uploads'

  begin(): Promise<Answer> {
    const headers = {
      ...TUS,
      'upload-length': String(this.bytes.length),
      'upload-metadata': `id ${Buffer.from(this.id).toString('base64')}`,
    }
    return ask(this.#uploads, { method: 'POST', headers })
  }

  head(): Promise<Answer> {
    return ask(`${this.#uploads}/${this.id}`, { method: 'HEAD', headers: TUS })
  }

  async send(start: number, end = this.bytes.length): Promise<Answer> {
    const type = 'application/offset+octet-stream'
    const answer = await ask(`${this.#uploads}/${this.id}`, {
      method: 'PATCH',
      headers: { ...TUS, 'upload-offset': String(start), 'content-type': type },
      body: this.bytes.subarray(start, end),
    })
    if (answer.status === 204 && answer.offset === this.bytes.length)
      stored.set(this.id, sha256(this.bytes))
    return answer
  }
}

/** Announces a picture; resolves to whether that was acknowledged. */
async function announce({ id }: Upload): Promise<boolean> {
  const add = { kind: 'image.add', id, name: 'p.jpg', width: 640, height: 480 } as const
  const client = uuidv7(Date.now(), randomBytes(10))
  const answer = await ask('/b/main/commands', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ client, n: 1, commands: [add] }),
  })
  return answer.status === 200
}

for (const failing of CASES)
  test(`E26: ${failing.calls} with ${failing.error}, ${failing.when ?? 'always'}`, {
    skip,
  }, async (t) => {
    const upload = new Upload()
    const said: string[] = []
    let isAnnounced: boolean
    let first: Answer
    {
      await using calls = await FailingCalls.begin(server.pid, failing)
      const note = (what: string, { status, code }: Answer) => {
        said.push(`${what} ${status} ${code}`.trim())
        // Refusals of a sound picture would be 413 to 422.
        if (code !== 'disk-full' && status >= 400 && status < 500)
          assert.fail(`${what} is answered ${status} ${code}`)
      }
      const attempt = async () => {
        note('PUT', await put())
        isAnnounced = await announce(upload)
        said.push(`announced: ${isAnnounced}`)
        if (!isAnnounced) return
        first = await upload.begin()
        note('POST', first)
        if (first.status === 201) note('PATCH', await upload.send(0, upload.bytes.length >> 1))
        for (const blob of [...stored.values()].slice(0, 1))
          note('GET', await ask(`/b/main/blob/${blob}/original`))
        note('page', await ask('/b/main'))
      }
      // A connection that can't be accepted is answered by nobody.
      await attempt().catch((error: unknown) => {
        const isUnanswered = (error as Error).name === 'TimeoutError' || error instanceof TypeError
        if (!isUnanswered) throw error
        said.push('no connection')
      })
      said.push(`${calls.count} failed`)
    }
    t.diagnostic(said.join(', '))
    await untilSo(async () => (await put()).status === 201, 'a picture is stored')
    await untilSo(async () => (await ask('/readyz')).status === 200, '/readyz is true')
    if (isAnnounced!) await finish(upload, failing.error === 'ENOSPC')
  })

/** Ends an upload as the SDK does, from wherever it stands. A full disk may have ended it. */
async function finish(upload: Upload, mayBeGone: boolean): Promise<void> {
  const begun = await upload.begin()
  if (mayBeGone && begun.status === 404) return
  assert.equal(begun.status, 201, begun.code)
  const { status, offset } = await upload.head()
  assert.equal(status, 200)
  if (offset < upload.bytes.length) {
    const last = await upload.send(offset)
    assert.equal(last.status, 204, last.code)
  } else stored.set(upload.id, sha256(upload.bytes))
}

test('E27: bytes whose sync failed are sent again', { skip }, async () => {
  const upload = new Upload()
  assert.ok(await announce(upload))
  assert.equal((await upload.begin()).status, 201)
  assert.equal((await upload.send(0, 10_000)).status, 204)
  {
    await using _ = await FailingCalls.begin(server.pid, { calls: 'fdatasync', error: 'EIO' })
    assert.equal((await upload.send(10_000, 20_000)).status, 500)
  }
  const { offset } = await upload.head()
  assert.equal(offset, 10_000)
  assert.equal((await upload.send(offset)).status, 204)
})

test('E28, E29: a disk that fails is not told as full, and `/readyz` says it until a change holds', {
  skip,
}, async () => {
  const upload = new Upload()
  {
    const options = { calls: 'pwrite64', error: 'EIO', path: join(server.data, 'wirephoto.db-wal') }
    await using _ = await FailingCalls.begin(server.pid, options)
    assert.equal(await announce(upload), false)
    const { status, code } = await put()
    assert.deepEqual([status, code], [503, 'away'])
    await untilSo(async () => (await ask('/readyz')).status === 503, '/readyz is false')
    assert.match((await ask('/readyz')).body.toString(), /"disk-failing".*Check the disk/)
  }
  await untilSo(async () => (await ask('/readyz')).status === 200, '/readyz is true')
  assert.equal((await put()).status, 201)
})

test('E34: a file that the disk can not read is told as rotten, and its variant is made again', {
  skip,
}, async () => {
  const blob = [...stored.values()].at(-1)!
  await untilSo(async () => (await ask(`/b/main/blob/${blob}/320`)).status === 200, 'a variant')
  const key = variantKey(blob, 320)
  const path = join(server.data, 'blobs', key.slice(0, 2), key)
  {
    await using _ = await FailingCalls.begin(server.pid, {
      calls: 'read,pread64',
      error: 'EIO',
      path,
    })
    assert.equal((await ask(`/b/main/blob/${blob}/320`)).status, 404)
  }
  await untilSo(async () => (await ask(`/b/main/blob/${blob}/320`)).status === 200, 'a new one')
  assert.match(server.output, /"fault":"rotten".*not as it was stored/)
})

test('E33: what the disk does not remove fails no picture', { skip }, async () => {
  const upload = new Upload()
  assert.ok(await announce(upload))
  assert.equal((await upload.begin()).status, 201)
  await using calls = await FailingCalls.begin(server.pid, { calls: 'unlink', error: 'EIO' })
  assert.equal((await put()).status, 201)
  assert.equal((await upload.send(0)).status, 204)
  assert.ok(calls.count > 1)
})

test('E30: a mark that the disk does not take fails no change', { skip }, async () => {
  const options = { calls: 'pwrite64', error: 'EIO', path: join(server.data, 'wirephoto.mark') }
  await using calls = await FailingCalls.begin(server.pid, options)
  assert.equal((await put()).status, 201)
  assert.ok(calls.count > 0)
})

test('F1: all that was answered as stored is there, with its variants, also after a restart', {
  skip,
}, async () => {
  await server.stop()
  await server.start()
  await untilSo(async () => {
    const pictures = await records()
    return pictures.every(({ blob, variants }) => blob === null || variants !== null)
  }, 'all variants are there')
  const found = new Map((await records()).map((record) => [record.id, record]))
  for (const [id, hash] of stored) {
    assert.equal(found.get(id)?.blob, hash)
    assert.deepEqual(found.get(id)?.variants, [64, 320])
    assert.equal(sha256((await ask(`/b/main/blob/${hash}/original`)).body), hash)
  }
})

async function records(): Promise<ImageRecord[]> {
  const { body } = await ask('/api/boards/main/snapshot')
  const { records } = JSON.parse(body.toString()) as { records: ImageRecord[] }
  return records.filter(({ kind }) => kind === 'image')
}

async function untilSo(isSo: () => Promise<boolean>, what: string): Promise<void> {
  const isSoNow = () => isSo().catch(() => false)
  for (const end = Date.now() + RECOVERY_TIMEOUT_MS; !(await isSoNow()); await sleep(50))
    assert.ok(Date.now() < end, `not in time: ${what}\n${server.output.slice(-4_000)}`)
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
