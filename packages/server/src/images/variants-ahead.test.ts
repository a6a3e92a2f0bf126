import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { request as httpRequest } from 'node:http'
import { join } from 'node:path'
import { after, before, type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { type ImageRecord, WireError } from '@wirephoto/board'
import { Harness } from '../../support/http-harness.ts'
import { blankPng, cornersPng, decodeProcessIds } from '../../support/sample-images.ts'
import { variantKey } from './variant-key.ts'

/** Long enough for any machine; a test that works never waits so long. */
const NEVER_MS = 30_000

let server: Harness

before(async () => {
  server = await Harness.open()
})
after(() => server.close())

const put = (bytes: Buffer): Promise<Response> =>
  fetch(`${server.url}/b/main/p`, { method: 'PUT', body: new Uint8Array(bytes) })

async function storedRecord(answer: Response): Promise<ImageRecord> {
  assert.equal(answer.status, 201)
  const { id } = (await answer.json()) as ImageRecord
  await server.images.variants.whenIdle()
  return (await server.record(id))!
}

/** Watches the drawing of variants, and calls `draw` in its place. Disposing it ends this. */
function watching(draw?: () => Promise<never>): Disposable & {
  readonly begun: Promise<void>
  readonly paths: string[]
} {
  const { decoder } = server.images
  const makeVariants = decoder.makeVariants.bind(decoder)
  const { promise: begun, resolve } = Promise.withResolvers<void>()
  const paths: string[] = []
  decoder.makeVariants = (file) => {
    paths.push(file.path)
    resolve()
    return paths.length === 1 && draw ? draw() : makeVariants(file)
  }
  const dispose = (): void => {
    decoder.makeVariants = makeVariants
  }
  return { begun, paths, [Symbol.dispose]: dispose }
}

/** Has validation wait for something first. Disposing it ends this. */
function validatingAfter(other: Promise<unknown>): Disposable {
  const { decoder } = server.images
  const validate = decoder.validate.bind(decoder)
  decoder.validate = async (file) => {
    await Promise.race([other, setTimeout(NEVER_MS, undefined, { ref: false })])
    return validate(file)
  }
  const dispose = (): void => {
    decoder.validate = validate
  }
  return { [Symbol.dispose]: dispose }
}

/** Waits for a condition, as long as the test has time. */
async function until(t: TestContext, isMet: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isMet())) await setTimeout(10, undefined, { signal: t.signal })
}

const variantFolders = (): Promise<string[]> => readdir(join(server.data, 'variants'))

test('V33: variants are drawn beside the validation of their file, and once', {
  timeout: NEVER_MS * 2,
}, async () => {
  using drawing = watching()
  using _ = validatingAfter(drawing.begun)
  const { blob, variants } = await storedRecord(await put(await cornersPng(500, 400)))
  assert.equal(drawing.paths.length, 1)
  assert.match(drawing.paths[0]!, /ahead/)
  assert.deepEqual(variants, [64, 320])
  for (const side of variants!) assert.ok(await server.engine.blobs.has(variantKey(blob!, side)))
  assert.deepEqual(await variantFolders(), [])
})

test('V33: a picture comes with the variants that are ready', {
  timeout: NEVER_MS * 2,
}, async () => {
  using held = await server.boards.hold('main')
  const told: (readonly number[] | null)[] = []
  const off = held.board.listen((batch) => {
    for (const change of batch?.changes ?? [])
      if ('put' in change && change.put.kind === 'image' && change.put.blob)
        told.push(change.put.variants)
  })
  using drawing = watching()
  using _ = validatingAfter(drawing.begun)
  await storedRecord(await put(await cornersPng(540, 400)))
  off()
  assert.deepEqual(told, [[64, 320]])
})

test('V34: nothing stays of the variants of a file that is refused', {
  timeout: NEVER_MS * 2,
}, async (t) => {
  const cut = (await cornersPng(600, 500)).subarray(0, -200)
  const { promise: refused, resolve } = Promise.withResolvers<void>()
  using drawing = watching(async () => {
    // They are drawn later than the file is refused.
    await refused
    throw new WireError('damaged')
  })
  using _ = validatingAfter(drawing.begun)
  assert.equal((await put(cut)).status, 422)
  assert.equal(drawing.paths.length, 1)
  resolve()
  await until(t, async () => (await variantFolders()).length === 0)
  const expected = (await server.pictures()).flatMap(({ blob, variants }) => [
    blob!,
    ...variants!.map((side) => variantKey(blob!, side)),
  ])
  assert.deepEqual((await server.blobs()).sort(), expected.sort())
})

test('V34: variants that were drawn of a file that is refused are removed', {
  timeout: NEVER_MS * 2,
}, async (t) => {
  using drawing = watching()
  using _ = validatingAfter(drawing.begun.then(() => Promise.reject(new WireError('damaged'))))
  assert.equal((await put(await cornersPng(610, 500))).status, 422)
  await until(t, async () => (await variantFolders()).length === 0)
})

test('V35: variants that could not be drawn ahead are drawn after the file was stored', async () => {
  using drawing = watching(() => Promise.reject(new WireError('busy')))
  const { variants } = await storedRecord(await put(await cornersPng(520, 400)))
  assert.deepEqual(variants, [64, 320])
  assert.equal(drawing.paths.length, 2)
})

test('V36: the processes that a file needs at its end start while it arrives', {
  timeout: NEVER_MS * 2,
}, async (t) => {
  const other = await Harness.open()
  const before = new Set(decodeProcessIds())
  const request = httpRequest(`${other.url}/b/main/p`, {
    method: 'PUT',
    headers: { 'content-length': 200_000 },
  })
  try {
    request.on('error', () => {})
    const head = blankPng(3_000, 2_000)
    request.write(Buffer.concat([head, Buffer.alloc(Math.max(0, 20_000 - head.length))]))
    // One validates and one makes variants; nobody has sent a preview.
    const started = (): number => decodeProcessIds().filter((pid) => !before.has(pid)).length
    await until(t, () => started() >= 2)
  } finally {
    request.destroy()
    await other.close()
  }
})

test('V11: variants that are there already are not drawn ahead', async () => {
  const bytes = await cornersPng(530, 400)
  await storedRecord(await put(bytes))
  using drawing = watching()
  assert.deepEqual((await storedRecord(await put(bytes))).variants, [64, 320])
  assert.deepEqual(drawing.paths, [])
})
