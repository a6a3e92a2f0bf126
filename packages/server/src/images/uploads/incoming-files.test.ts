import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { afterEach, beforeEach, test } from 'node:test'
import sharp from 'sharp'
import { cameraPhoto } from '../../../../../test/support/camera-files.ts'
import { IncomingFiles } from './incoming-files.ts'

const MAX_UPLOAD_BYTES = 10_000_000
const FILE_BYTES = 3_000_000
const id = '01890000-0000-7000-8000-000000000000'
/** A picture as far as its first bytes tell: a JPEG that is all one scan. */
const bytes = Buffer.concat([
  Buffer.from('ffd8ffda0002', 'hex'),
  randomBytes(FILE_BYTES - 6).map((byte) => byte & 0x7f),
])
const announced = { board: 'main', id, name: 'p.png', length: FILE_BYTES }

let folder: string
let incomingFiles: IncomingFiles

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wirephoto-incoming-'))
  incomingFiles = await IncomingFiles.open(folder)
})
afterEach(async () => {
  await incomingFiles.close()
  await rm(folder, { recursive: true, force: true })
})

const file = () => join(folder, `main.${id}`)
const part = (from: number, to: number) => {
  const chunks: Buffer[] = []
  for (let i = from; i < to; i += 65_536) chunks.push(bytes.subarray(i, Math.min(i + 65_536, to)))
  return Readable.from(chunks)
}

test('N4: a body that brings too little in a minute is broken off, and what came stays', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const incomingFile = await incomingFiles.create(announced)
  const slow = new PassThrough()
  const { promise: arrived, resolve: bytesArrived } = Promise.withResolvers<void>()
  const receiving = incomingFile.receive(slow, { at: 0, limit: MAX_UPLOAD_BYTES, bytesArrived })
  const refused = assert.rejects(receiving, { code: 'busy' })
  slow.write(bytes.subarray(0, 10))
  await arrived
  t.mock.timers.tick(60_000)
  await refused
  assert.equal(incomingFile.offset, 10)
  await incomingFile.receive(part(10, FILE_BYTES), { at: 10, limit: MAX_UPLOAD_BYTES })
  assert.ok(incomingFile.isComplete)
})

test('F1: an offset that was answered is durable, and no byte behind it is believed', async () => {
  const incomingFile = await incomingFiles.create(announced)
  await incomingFile.receive(part(0, 1_500_000), { at: 0, limit: MAX_UPLOAD_BYTES })
  assert.equal(await incomingFile.sync(), 1_500_000)
  assert.equal(JSON.parse(await readFile(`${file()}.json`, 'utf8')).offset, 1_500_000)

  // A power loss may leave anything behind the last durable byte, or less than the folder says.
  await truncate(file(), 2_000_000)
  const reopened = (await IncomingFiles.open(folder)).get('main', id)!
  assert.equal(reopened.offset, 1_500_000)
  assert.equal((await stat(file())).size, 1_500_000)
  await truncate(file(), 1_000_000)
  const shorter = (await IncomingFiles.open(folder)).get('main', id)!
  assert.equal(shorter.offset, 1_000_000)

  await shorter.receive(part(1_000_000, FILE_BYTES), { at: 1_000_000, limit: MAX_UPLOAD_BYTES })
  assert.ok(shorter.isComplete)
  assert.deepEqual(await readFile(file()), bytes)
  const once = await incomingFiles.spool('p.png', null)
  await once.receive(part(0, FILE_BYTES), { at: 0, limit: MAX_UPLOAD_BYTES })
  assert.equal(await shorter.digest(), await once.digest())
})

test('F1: a whole file stays whole at a restart, for its blob may be a link to it', async () => {
  const incomingFile = await incomingFiles.create(announced)
  await incomingFile.receive(part(0, FILE_BYTES), { at: 0, limit: MAX_UPLOAD_BYTES })
  assert.equal(JSON.parse(await readFile(`${file()}.json`, 'utf8')).offset, FILE_BYTES)
  assert.ok((await IncomingFiles.open(folder)).get('main', id)!.isComplete)
  assert.deepEqual(await readFile(file()), bytes)
})

test('E31: an upload whose bytes changed while its server was away begins again', async () => {
  const incomingFile = await incomingFiles.create(announced)
  await incomingFile.receive(part(0, 1_500_000), { at: 0, limit: MAX_UPLOAD_BYTES })
  const sound = (await IncomingFiles.open(folder)).get('main', id)!
  assert.equal(await sound.verify(), true)
  assert.equal(sound.offset, 1_500_000)
  const rotten = await readFile(file())
  rotten[700_000]! ^= 1
  await writeFile(file(), rotten)
  const reopened = await IncomingFiles.open(folder)
  const { offset } = (await reopened.verified(reopened.get('main', id)))!
  assert.equal(offset, 0)
  const again = reopened.get('main', id)!
  await again.receive(part(0, FILE_BYTES), { at: 0, limit: MAX_UPLOAD_BYTES })
  assert.deepEqual(await readFile(file()), bytes)
  const whole = (await IncomingFiles.open(folder)).get('main', id)!
  assert.ok((await whole.verify()) && whole.isComplete)
})

test('E31: a sidecar in which any byte changed is not believed', async () => {
  const incomingFile = await incomingFiles.create(announced)
  await incomingFile.receive(part(0, 20_000), { at: 0, limit: MAX_UPLOAD_BYTES })
  const [sidecar, upload] = [await readFile(`${file()}.json`), await readFile(file())]
  for (let i = 0; i < sidecar.length; i++) {
    const rotten = Buffer.from(sidecar)
    rotten[i]! ^= 1
    await writeFile(`${file()}.json`, rotten)
    await writeFile(file(), upload)
    const found = (await IncomingFiles.open(folder)).get('main', id)
    assert.equal(found, undefined, `byte ${i} of ${sidecar.toString()}`)
  }
})

test('A7: a preview is kept until its upload is removed, also by the next process', async () => {
  const preview = randomBytes(900)
  const incomingFile = await incomingFiles.create(announced)
  incomingFiles.keepPreview('main', id, preview, 320)
  await incomingFiles.close()
  const reopened = await IncomingFiles.open(folder)
  assert.deepEqual([...reopened.withPreview()], [{ board: 'main', id }])
  assert.deepEqual(await reopened.readPreview('main', id), preview)
  await reopened.remove(reopened.get('main', incomingFile.target!.id)!)
  assert.equal(reopened.hasPreview('main', id), false)
  assert.ok(!(await readFile(join(folder, 'previews'))).includes(preview))
  await reopened.close()
})

test('a start removes what a dead process left', async () => {
  await incomingFiles.create(announced)
  const spool = await incomingFiles.spool('p.png', null)
  await spool.receive(part(0, FILE_BYTES), { at: 0, limit: MAX_UPLOAD_BYTES })
  await writeFile(join(folder, 'main.lonely'), 'bytes')
  await writeFile(join(folder, 'main.other.json'), '{"offset":5}')
  await writeFile(join(folder, 'main.broken'), 'bytes')
  await writeFile(join(folder, 'main.broken.json'), '{"off')
  const { length } = (await IncomingFiles.open(folder)).list()
  assert.equal(length, 1)
  assert.deepEqual((await readdir(folder)).sort(), [`main.${id}`, `main.${id}.json`])
})

test('one writer at a time: a new one takes over from one that hangs', async () => {
  const incomingFile = await incomingFiles.create(announced)
  const hanging = new PassThrough()
  const broken = assert.rejects(incomingFile.receive(hanging, { at: 0, limit: MAX_UPLOAD_BYTES }), {
    code: 'bad-request',
  })
  hanging.write(bytes.subarray(0, 50_000))
  while (incomingFile.offset < 50_000) await new Promise(setImmediate)
  await assert.rejects(incomingFile.receive(part(0, 100), { at: 0, limit: MAX_UPLOAD_BYTES }), {
    code: 'wrong-offset',
  })
  assert.equal(hanging.destroyed, false)
  await incomingFile.receive(part(50_000, FILE_BYTES), { at: 50_000, limit: MAX_UPLOAD_BYTES })
  await broken
  assert.deepEqual(await readFile(file()), bytes)
})

test('two that begin the same upload at once share it', async () => {
  const [one, two] = await Promise.all([
    incomingFiles.create(announced),
    incomingFiles.create(announced),
  ])
  assert.equal(one, two)
  const other = { ...announced, length: 5 }
  await assert.rejects(incomingFiles.create(other), { code: 'conflict' })
  await incomingFiles.remove(one)
  await assert.rejects(one.receive(part(0, 10), { at: 0, limit: MAX_UPLOAD_BYTES }), {
    code: 'upload-gone',
  })
  assert.deepEqual(await readdir(folder), [])
})

test('more than was announced, or than may be, is cut off', async () => {
  const incomingFile = await incomingFiles.create({ ...announced, length: 100_000 })
  await assert.rejects(
    incomingFile.receive(part(0, FILE_BYTES), { at: 0, limit: MAX_UPLOAD_BYTES }),
    {
      code: 'bad-request',
    },
  )
  const spool = await incomingFiles.spool('p.png', null)
  await assert.rejects(spool.receive(part(0, FILE_BYTES), { at: 0, limit: 100_000 }), {
    code: 'too-large',
  })
  assert.ok((await stat(spool.path)).size <= 100_000)
})

test('U9: the type is refused when the first bytes are in, whatever their pieces', async () => {
  const spool = await incomingFiles.spool('a.txt', null)
  const source = new PassThrough()
  const refused = assert.rejects(spool.receive(source, { at: 0, limit: MAX_UPLOAD_BYTES }), {
    code: 'not-a-picture',
  })
  for (let i = 0; i < 50; i++)
    source.write(
      'a hundred letters in small pieces, of which none is part of a picture at all, however many there are',
    )
  await refused
  assert.equal(source.destroyed, false)
})

test('J25: a request is scrubbed in place, and its first bytes are read as they came, however it is cut', async () => {
  const [width, height] = [800, 600]
  const noise = { type: 'gaussian', mean: 128, sigma: 40 } as const
  const picture = sharp({ create: { width, height, channels: 3, background: '#888', noise } })
  const photo = await cameraPhoto(await picture.png().toBuffer())
  const copied = await incomingFiles.spool('p.jpg', photo.length)
  await copied.receive(Readable.from([photo]), { at: 0, limit: MAX_UPLOAD_BYTES })
  const scrubbed = await readFile(copied.path)
  assert.ok(!scrubbed.equals(photo))
  for (const size of [700, 5_000, photo.length]) {
    const request = new IncomingMessage(new Socket())
    const incomingFile = await incomingFiles.spool('p.jpg', photo.length)
    let at = 0
    const bytesArrived = () => {
      const chunk = Buffer.from(photo.subarray(at, at + size))
      at += chunk.length
      request.push(chunk.length > 0 ? chunk : null)
    }
    bytesArrived()
    await incomingFile.receive(request, { at: 0, limit: MAX_UPLOAD_BYTES, bytesArrived })
    assert.deepEqual([incomingFile.header?.width, incomingFile.header?.height], [width, height])
    assert.deepEqual(incomingFile.thumbnail, copied.thumbnail)
    assert.ok(copied.thumbnail)
    assert.deepEqual(await readFile(incomingFile.path), scrubbed)
  }
})

test('U63: a picture that nobody sends any more is known by its mark, until that is removed', async () => {
  const picture = { board: 'main', id }
  await incomingFiles.announceVolatile(picture, await incomingFiles.spool('p.png', null))
  // A start that is killed leaves it to the next one.
  for (let start = 0; start < 2; start++)
    assert.deepEqual((await IncomingFiles.open(folder)).orphans, [picture])
  await incomingFiles.removeMark(picture)
  assert.deepEqual((await IncomingFiles.open(folder)).orphans, [])
})
