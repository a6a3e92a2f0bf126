import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { crc32 } from 'node:zlib'
import { type ZipEntry, ZipLayout } from './zip-layout.ts'
import { readZip, type ZipSource } from './zip-reader.ts'

const AT = Date.UTC(2026, 4, 17, 12, 34, 56)
const GIGABYTE_BYTES = 2 ** 30

const entry = (path: string, bytes: number): ZipEntry => ({ path, bytes, modifiedAt: AT })

/** Files whose bytes follow from their index and the place. */
const patterned: ZipSource & { file(index: number, bytes: number): Buffer } = {
  file: (index, bytes) =>
    Buffer.from(Array.from({ length: bytes }, (_, at) => (index * 31 + at * 7) % 251)),
  crc: async (index) => crc32(patterned.file(index, SMALL[index]!.bytes)),
  read: async (index, { start, end }) =>
    patterned.file(index, SMALL[index]!.bytes).subarray(start, end),
}
const SMALL = [
  entry('Ada - é.jpg', 1_000),
  entry('empty.png', 0),
  entry('pictures/b.gif', 77),
  entry('c.webp', 5),
]

async function readAll(layout: ZipLayout, source: ZipSource, start = 0, end = layout.bytes) {
  return Buffer.concat(await Array.fromAsync(readZip(layout, source, { start, end })))
}

/** Whether a program is there, so that a test may ask it. */
const has = (program: string): boolean => spawnSync(program, ['--help']).error === undefined

async function tempFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'wirephoto-zip-'))
  t.after(() => rm(folder, { recursive: true }))
  return folder
}

test('H23: every range of an archive is that part of the whole', async () => {
  const layout = new ZipLayout(SMALL)
  const whole = await readAll(layout, patterned)
  assert.equal(whole.length, layout.bytes)
  for (let start = 0; start < whole.length; start += 13)
    for (const end of [start + 1, start + 29, start + 400, whole.length]) {
      const range = { start, end: Math.min(end, whole.length) }
      const part = await readAll(layout, patterned, range.start, range.end)
      assert.ok(part.equals(whole.subarray(range.start, range.end)), JSON.stringify(range))
    }
})

test('H24: other programs open the archive, and find its names, times and bytes', async (t) => {
  if (!has('python3')) return t.skip('no python3')
  const path = join(await tempFolder(t), 'a.zip')
  await using file = await open(path, 'w')
  await file.write(await readAll(new ZipLayout(SMALL), patterned))
  const script = `import json,sys,zipfile
z=zipfile.ZipFile(sys.argv[1]); assert z.testzip() is None
print(json.dumps([[i.filename,i.file_size,i.compress_type,list(i.date_time),list(z.read(i)[:3])] for i in z.infolist()]))`
  const found = JSON.parse(
    execFileSync('python3', ['-c', script, path], { encoding: 'utf8' }),
  ) as unknown
  const expected = SMALL.map(({ path: name, bytes }, i) => [
    name,
    bytes,
    0,
    [2026, 5, 17, 12, 34, 56],
    [...patterned.file(i, bytes).subarray(0, 3)],
  ])
  assert.deepEqual(found, expected)
  if (has('unzip')) execFileSync('unzip', ['-tqq', path])
})

test('H24: an empty archive is one too', async (t) => {
  if (!has('python3')) return t.skip('no python3')
  const path = join(await tempFolder(t), 'a.zip')
  await using file = await open(path, 'w')
  await file.write(await readAll(new ZipLayout([]), patterned))
  const script = 'import sys,zipfile; print(zipfile.ZipFile(sys.argv[1]).namelist())'
  assert.equal(execFileSync('python3', ['-c', script, path], { encoding: 'utf8' }).trim(), '[]')
})

for (const { title, entries } of [
  {
    title: 'files of 10 GB in all',
    entries: Array.from({ length: 100 }, (_, i) => entry(`${i}.tif`, 100_000_000 + i)),
  },
  {
    title: 'one file of 5 GB',
    entries: [entry('large.tif', 5 * GIGABYTE_BYTES), entry('small.png', 9)],
  },
  {
    title: 'a file whose length is just the mark of Zip64, and one below it',
    entries: [entry('mark.tif', 0xffffffff), entry('below.tif', 0xfffffffe), entry('c.png', 9)],
  },
  {
    title: '70,000 files',
    entries: Array.from({ length: 70_000 }, (_, i) => entry(`${i}.png`, 9)),
  },
])
  test(`H24: Zip64 where it is needed: ${title}`, async (t) => {
    if (!has('python3')) return t.skip('no python3')
    const path = join(await tempFolder(t), 'a.zip')
    const layout = new ZipLayout(entries)
    const last = Buffer.from('123456789')
    // The bytes of large files are a hole in a file.
    await using file = await open(path, 'w')
    await file.truncate(layout.bytes)
    const crc = crc32(last)
    let at = 0
    let waiting: Buffer[] = []
    const write = async (bytes: Buffer) => {
      waiting.push(bytes)
      if (waiting.length < 1_000) return
      await flush()
    }
    const flush = async () => {
      const bytes = Buffer.concat(waiting)
      waiting = []
      await file.write(bytes, 0, bytes.length, at)
      at += bytes.length
    }
    for (const part of layout.parts({ start: 0, end: layout.bytes }))
      if (part.kind === 'end') await write(layout.end())
      else if (part.kind === 'header') await write(layout.header(part.index, crc))
      else if (part.kind === 'record') await write(layout.record(part.index, crc))
      else if (part.range.end === last.length) await write(last)
      else {
        await flush()
        at += part.range.end
      }
    await flush()
    assert.equal(at, layout.bytes)
    const script = `import json,sys,zipfile
z=zipfile.ZipFile(sys.argv[1]); l=z.infolist()
print(json.dumps([len(l),sum(i.file_size for i in l),l[-1].header_offset,z.read(l[-1]).decode() if l[-1].file_size<10 else None]))`
    const found = JSON.parse(
      execFileSync('python3', ['-c', script, path], { encoding: 'utf8' }),
    ) as unknown
    const bytes = entries.reduce((sum, each) => sum + each.bytes, 0)
    const lastEntry = entries.at(-1)!
    const isSmall = lastEntry.bytes === last.length
    const offset = [...layout.parts({ start: 0, end: layout.bytes })]
    const before = offset.slice(
      0,
      offset.findLastIndex(({ kind }) => kind === 'header'),
    )
    const lastAt = before.reduce((sum, { range }) => sum + range.end - range.start, 0)
    assert.deepEqual(found, [entries.length, bytes, lastAt, isSmall ? '123456789' : null])
    if (title.includes('10 GB')) assert.ok(lastAt > 9e9)
  })

test('H23: a range far into 10 GB is found without a look at what comes before it', async () => {
  const entries = Array.from({ length: 100 }, (_, i) => entry(`${i}.tif`, 100_000_000))
  const layout = new ZipLayout(entries)
  const asked: number[] = []
  const source: ZipSource = {
    crc: async (index) => index,
    read: async (index, { start, end }) => {
      asked.push(index)
      return Buffer.alloc(end - start)
    },
  }
  const start = 5_000_000_000
  const bytes = await readAll(layout, source, start, start + 1_000)
  assert.equal(bytes.length, 1_000)
  assert.deepEqual(asked, [49])
})

test('H24: a file that has become shorter or longer ends the archive', async () => {
  const layout = new ZipLayout([entry('a.png', 10)])
  for (const length of [9, 11]) {
    const source: ZipSource = { crc: async () => 0, read: async () => Buffer.alloc(length) }
    await assert.rejects(readAll(layout, source), RangeError)
  }
})
