import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { statfs } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { type TestContext, test } from 'node:test'
import { errorOf, Harness } from '../../../support/http-harness.ts'
import { type Bounds, boundsWith } from '../../bounds.ts'
import { type BegunUpload, STALE_UPLOAD_MS, UploadBounds } from './upload-bounds.ts'

const token = () => randomBytes(16).toString('base64url')

async function open(t: TestContext, bounds: Partial<Bounds>, maxUpload = 1e9) {
  const server = await Harness.open({ bounds, maxUpload })
  t.after(() => server.close())
  return {
    server,
    /** Announces a picture and begins its upload without a byte. */
    async begin(length: number, visitor: string): Promise<Response> {
      const author = createHash('sha256').update(visitor).digest('base64url').slice(0, 22)
      const id = await server.announce('p.png', author)
      return fetch(`${server.url}/api/boards/main/uploads`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${visitor}`,
          'tus-resumable': '1.0.0',
          'upload-length': String(length),
          'upload-metadata': `id ${btoa(id)}`,
        },
      })
    },
  }
}

const statuses = (answers: readonly Response[]) =>
  answers.map(({ status }) => status).sort((a, b) => a - b)

test('Y26: a visitor begins so many uploads, and is promised so many bytes', async (t) => {
  const { begin } = await open(t, { 'uploads-per-visitor': 3, 'upload-bytes-per-visitor': 1_000 })
  const [anna, bob] = [token(), token()]
  const answers = await Promise.all([1, 2, 3, 4, 5].map(() => begin(10, anna)))
  assert.deepEqual(statuses(answers), [201, 201, 201, 429, 429])
  const refused = answers.find(({ status }) => status === 429)!
  assert.equal((await errorOf(refused)).code, 'too-many')
  assert.ok(refused.headers.get('retry-after'))
  // A single file may be as large as the server takes.
  assert.equal((await begin(5_000, bob)).status, 201)
  assert.equal((await begin(10, bob)).status, 429)
})

test('Y26: an address under many visitors has a bound of its own', async (t) => {
  const { server, begin } = await open(t, { 'upload-bytes-per-address': 1_000 })
  const answers = await Promise.all([1, 2, 3, 4, 5].map(() => begin(400, token())))
  assert.deepEqual(statuses(answers), [201, 201, 429, 429, 429])
  const [first] = server.images.incomingFiles.list()
  await server.images.intake.cancel(first!)
  assert.equal((await begin(400, token())).status, 201)
})

test('Y27: nobody is promised room that others are promised already', async (t) => {
  const { bavail, bsize } = await statfs(tmpdir())
  const half = Math.floor((bavail * bsize) / 2)
  const unbounded = {
    'upload-bytes-per-visitor': 1e15,
    'upload-bytes-per-address': 1e15,
    'picture-bytes-per-board': 1e15,
    'picture-bytes-of-strangers': 1e15,
    'picture-bytes-per-stranger-minute': 1e15,
  }
  const { server, begin } = await open(t, unbounded, 1e15)
  const answers = await Promise.all([1, 2, 3].map(() => begin(half, token())))
  assert.deepEqual(statuses(answers), [201, 507, 507])
  assert.equal(server.images.incomingFiles.list().length, 1)
})

test('Y28: stale uploads make room, the stalest first, and no others', async () => {
  const party = { visitor: 'anna', address: '192.0.2.1' }
  const upload = (idleMs: number): BegunUpload => ({
    length: 100,
    offset: 10,
    idleMs,
    begunBy: party,
  })
  const [stale, staler, fresh] = [STALE_UPLOAD_MS + 1, STALE_UPLOAD_MS + 2, 5].map(upload)
  const whole = { ...upload(STALE_UPLOAD_MS + 3), offset: 100 }
  const uploads = new Set([stale!, staler!, fresh!, whole])
  const bounds = new UploadBounds<BegunUpload>(
    tmpdir(),
    boundsWith({ 'uploads-per-visitor': 4 }),
    async (removed) => void uploads.delete(removed),
  )
  await bounds.admit(100, party, () => [...uploads])
  assert.deepEqual([...uploads], [stale, fresh, whole])
  uploads.add(upload(1))
  await bounds.admit(100, party, () => [...uploads])
  assert.equal(uploads.size, 3)
  uploads.add(upload(1))
  await assert.rejects(
    bounds.admit(100, party, () => [...uploads]),
    { code: 'too-many' },
  )
})
