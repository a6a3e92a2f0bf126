import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { ImageRecord } from '@wirephoto/board'
import { openEngine } from '@wirephoto/engine'
import { variantKey } from '@wirephoto/server'
import sharp from 'sharp'
import { InProcessServer } from '../../../test/support/in-process-server.ts'

const BIN = fileURLToPath(new URL('../bin/wirephoto.js', import.meta.url))
const DAY_S = 86_400

let server: InProcessServer
const pictures: { record: ImageRecord; png: Buffer }[] = []

before(async () => {
  server = await InProcessServer.open()
  for (let n = 0; n < 6; n++) {
    const background = { r: n * 30, g: 90, b: 40 }
    const png = await sharp({ create: { width: 700, height: 500, channels: 3, background } })
      .png()
      .toBuffer()
    pictures.push({ png, record: await send(png) })
  }
})
after(() => server.close())

/** Sends a picture, and waits for its variants. */
async function send(png: Buffer): Promise<ImageRecord> {
  const body = new Uint8Array(png)
  const answer = await fetch(`${server.url}/harbour.png`, { method: 'PUT', body })
  assert.equal(answer.status, 201)
  const { id } = (await answer.json()) as ImageRecord
  for (;;) {
    const found = await fetch(`${server.url}/api/boards/main/images/${id}`)
    const record = (await found.json()) as ImageRecord
    if (record.variants) return record
    await setTimeout(20)
  }
}

/** `wirephoto check`, to its end. */
function check(...args: string[]): Promise<{ out: string; err: string; code: number }> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [BIN, 'check', ...args], (_error, out, err) =>
      resolve({ out, err, code: child.exitCode ?? -1 }),
    )
  })
}

const pathOf = (name: string) => join(server.data, 'blobs', name.slice(0, 2), name)

async function flip(name: string): Promise<void> {
  const bytes = await readFile(pathOf(name))
  bytes[bytes.length >> 1]! ^= 1
  await writeFile(pathOf(name), bytes)
}

async function cut(name: string): Promise<void> {
  const bytes = await readFile(pathOf(name))
  await writeFile(pathOf(name), bytes.subarray(0, -1))
}

test('C22: mistakes are one sentence, and exit code 2', async () => {
  const cases: [string[], RegExp][] = [
    [[], /^Missing required argument 'engine'; see wirephoto check --help/],
    [[`sqlite:${server.data}/typo`], /^There are no boards in .*typo; name the server's folder/],
    [['mysql://somewhere'], /^There is no engine "mysql:\/\/somewhere"; use sqlite:/],
    [[`sqlite:${server.data}`], /server/],
  ]
  for (const [args, sentence] of cases) {
    const { out, err, code } = await check(...args)
    assert.deepEqual([args, out, code], [args, '', 2])
    assert.match(err, sentence)
  }
})

test('C22, C23: a check finds all that is missing, rotten and unnamed, and mends variants alone', {
  timeout: 120_000,
}, async (t) => {
  const engine = `sqlite:${server.data}`
  await server.stop()
  t.after(() => server.start())
  const sound = await check(engine)
  assert.deepEqual([sound.code, sound.err], [0, ''], sound.out)
  assert.match(sound.out, /: 0 missing, 0 rotten, 0 smaller versions missing, 0 rotten, 0 unnamed/)

  const [flipped, shortened, lost, lesser, gone, both] = pictures.map(({ record }) => record.blob!)
  await flip(flipped!)
  await cut(shortened!)
  await rm(pathOf(lost!))
  await flip(variantKey(lesser!, 320))
  await cut(variantKey(lesser!, 64))
  await rm(pathOf(variantKey(gone!, 64)))
  await flip(both!)
  await rm(pathOf(variantKey(both!, 320)))
  const stray = createHash('sha256').update('stray').digest('hex')
  await mkdir(join(server.data, 'blobs', stray.slice(0, 2)), { recursive: true })
  await writeFile(pathOf(stray), 'stray')
  const longAgo = Date.now() / 1_000 - DAY_S
  await utimes(pathOf(stray), longAgo, longAgo)

  const unmendable = [
    `missing ${lost}`,
    `rotten ${both}`,
    `rotten ${flipped}`,
    `rotten ${shortened}`,
    `unnamed ${stray}`,
    `variant-missing ${variantKey(both!, 320)}`,
  ]
  const mendable = [
    `variant-missing ${variantKey(gone!, 64)}`,
    `variant-rotten ${variantKey(lesser!, 320)}`,
    `variant-rotten ${variantKey(lesser!, 64)}`,
  ]
  const findings = async (...args: string[]) => {
    const { out, code } = await check(engine, '--json', ...args)
    assert.equal(code, 1)
    const { findings: all } = JSON.parse(out) as {
      findings: { kind: string; blob: string; isMended: boolean }[]
    }
    const listed = (mended: boolean) =>
      all.filter(({ isMended }) => isMended === mended).map(({ kind, blob }) => `${kind} ${blob}`)
    return { left: listed(false).sort(), mended: listed(true).sort() }
  }
  assert.deepEqual(await findings(), {
    left: [...unmendable, ...mendable].sort(),
    mended: [],
  })
  assert.deepEqual(await findings('--mend'), { left: unmendable.sort(), mended: mendable.sort() })
  const text = await check(engine)
  assert.match(text.out, /"harbour\.png" \(main\/[0-9a-f-]+\): its file is gone; send the picture/)
  assert.match(text.out, / 1 missing, 3 rotten, 1 smaller versions missing, 0 rotten, 1 unnamed/)
  assert.equal((await sharp(await readFile(pathOf(variantKey(gone!, 64)))).metadata()).width, 64)

  await server.start()
  for (const { png, record } of pictures) {
    await send(png)
    const url = `${server.url}/b/main/blob/${record.blob}/original`
    assert.deepEqual(Buffer.from(await (await fetch(url)).arrayBuffer()), png)
  }
  await server.stop()
  assert.deepEqual((await findings()).left, [`unnamed ${stray}`])
})

test('C22: what only history names is checked too, and is not unnamed', async (t) => {
  await server.stop()
  t.after(() => server.start())
  const url = `sqlite:${server.data}`
  const engine = await openEngine(url)
  t.after(() => engine.close())
  const frame = createHash('sha256').update('frame').digest('hex')
  const path = join(server.data, 'frame')
  await writeFile(path, 'frame')
  await engine.blobs.put(path, frame)
  await rm(path)
  const entry = { at: Date.now(), kind: 'frame', subject: 'lamp' } as const
  await engine.history.append('main', [{ ...entry, data: '{}', blob: frame }])
  const named = await engine.history.blobs('main')
  await engine.close()
  assert.deepEqual(named, [frame])
  const kinds = async () => {
    const { findings } = JSON.parse((await check(url, '--json')).out) as {
      findings: { kind: string; blob: string }[]
    }
    return findings.filter(({ blob }) => blob === frame).map(({ kind }) => kind)
  }
  assert.deepEqual(await kinds(), [])
  await flip(frame)
  assert.deepEqual(await kinds(), ['rotten'])
})
