import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { type ImageRecord, WireError } from '@wirephoto/board'
import { errorOf, Harness } from '../../support/http-harness.ts'
import { cornersPng, createBmp } from '../../support/sample-images.ts'
import { Variants } from './variants.ts'

let server: Harness
let variants: Variants
const logged: unknown[] = []

before(async () => {
  server = await Harness.open()
  const { engine, boards, images, data } = server
  const log = { warn: (...line: unknown[]) => void logged.push(line), error() {} }
  variants = await Variants.open(join(data, 'retried'), {
    engine,
    boards,
    decoder: images.decoder,
    files: images.files,
    log,
    retryDelayMs: 20,
  })
})
after(async () => {
  await variants.close()
  await server.close()
})

/** Stores a picture while no variant can be made. */
async function storeWithout(bytes: Buffer): Promise<ImageRecord> {
  using _ = failing()
  const answer = await fetch(`${server.url}/p.png`, { method: 'PUT', body: new Uint8Array(bytes) })
  const { id } = (await answer.json()) as ImageRecord
  await server.images.variants.whenIdle()
  return (await server.record(id))!
}

/** Lets every job for variants fail as one whose processes are all killed. */
function failing(): Disposable & { readonly count: number } {
  const { decoder } = server.images
  const { makeVariants } = decoder
  let count = 0
  decoder.makeVariants = async () => {
    count++
    throw new WireError('busy')
  }
  return {
    get count() {
      return count
    },
    [Symbol.dispose]: () => {
      decoder.makeVariants = makeVariants
    },
  }
}

async function variantsOf({ id }: ImageRecord): Promise<readonly number[]> {
  for (;;) {
    const record = await server.record(id)
    if (record?.variants) return record.variants
    await setTimeout(10)
  }
}

test('E5: variants that failed through no fault of the picture are made later', {
  timeout: 60_000,
}, async () => {
  const record = await storeWithout(await cornersPng(500, 300))
  assert.equal(record.variants, null)
  const another = await storeWithout(await cornersPng(510, 300))
  {
    using _ = failing()
    variants.enqueueMissing('main', [record, another])
    await variants.whenIdle()
    assert.equal((await server.record(record.id))!.variants, null)
    assert.equal(logged.length, 1, 'logged once a cause')
  }
  assert.deepEqual(await variantsOf(record), [64, 320])
  assert.deepEqual(await variantsOf(another), [64, 320])
})

test('E5: stored bytes that have changed are no verdict on the picture', {
  timeout: 60_000,
}, async () => {
  const bytes = await cornersPng(520, 300)
  const record = await storeWithout(bytes)
  const path = join(server.data, 'blobs', record.blob!.slice(0, 2), record.blob!)
  await rm(path)
  await writeFile(path, 'rotten')
  variants.enqueueMissing('main', [record])
  await variants.whenIdle()
  assert.equal((await server.record(record.id))!.variants, null)
  await writeFile(path, bytes)
  assert.deepEqual(await variantsOf(record), [64, 320])
})

test('E5: however many pictures fail at a time, they are tried again soon', {
  timeout: 60_000,
}, async () => {
  const records: ImageRecord[] = []
  for (let i = 0; i < 16; i++) records.push(await storeWithout(await cornersPng(530 + i, 300)))
  {
    using failures = failing()
    variants.enqueueMissing('main', records)
    // Each fails twice.
    while (failures.count < 2 * records.length) await setTimeout(10)
  }
  for (const record of records) assert.deepEqual(await variantsOf(record), [64, 320])
})

test('E22: a picture that takes more memory than --memory gives waits for a start that gives more', async (t) => {
  const small = await Harness.open({ memory: 150e6 })
  t.after(() => small.close())
  // A bit a pixel, which a decoder makes four bytes of.
  const bytes = Buffer.concat([
    createBmp(Buffer.alloc(4), 1, 1, { bits: 1 }).file,
    Buffer.alloc(1_000 * 3_128),
  ])
  bytes.writeInt32LE(25_000, 18)
  bytes.writeInt32LE(1_000, 22)
  const answer = await fetch(`${small.url}/large.bmp`, {
    method: 'PUT',
    body: new Uint8Array(bytes),
  })
  assert.deepEqual(await errorOf(answer), {
    code: 'too-heavy',
    message:
      'large.bmp takes more memory to open than this server may use (--memory 150 MB). Save it smaller, or tell whoever runs it.',
  })

  const id = await small.announce('large.bmp')
  const blob = createHash('sha256').update(bytes).digest('hex')
  const path = join(small.data, 'large')
  await writeFile(path, bytes)
  await small.engine.blobs.put(path, blob)
  const size = { bytes: bytes.length, width: 25_000, height: 1_000 }
  const facts = { type: 'image/bmp', thumbhash: 'AAAA', animated: false } as const
  await small.act([{ kind: 'image.settle', id, blob, ...size, ...facts }])
  small.images.variants.enqueueMissing('main', await small.pictures())
  await small.images.variants.whenIdle()
  assert.equal((await small.record(id))!.variants, null)

  await small.restart({ memory: 1e9 })
  await small.record(id)
  await small.images.variants.whenIdle()
  assert.deepEqual((await small.record(id))!.variants, [64, 320, 1280, 4096])
})
