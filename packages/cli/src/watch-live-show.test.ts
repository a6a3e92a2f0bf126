import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, type TestContext, test } from 'node:test'
import { promisify } from 'node:util'
import type { ImageRecord } from '@wirephoto/board'
import { connect } from '@wirephoto/client'
import sharp from 'sharp'
import { InProcessServer } from '../../../test/support/in-process-server.ts'
import { RunningCommand, runCommand } from '../../../test/support/run-command.ts'
import { framesIn } from './remote/frames.ts'

let server: InProcessServer
before(async () => {
  server = await InProcessServer.open()
})
after(() => server.close())

const drawing = (red: number, width = 20) =>
  sharp({ create: { width, height: 10, channels: 3, background: { r: red, g: 9, b: 99 } } })
const addressOf = (board: string): string => `${server.url}/b/${board}`

async function start(t: TestContext, args: readonly string[], env = {}): Promise<RunningCommand> {
  const running = new RunningCommand(args, env)
  t.after(async () => {
    running.child.kill('SIGKILL')
    await running.end()
  })
  return running
}

async function picturesOn(board: string): Promise<ImageRecord[]> {
  const response = await fetch(`${server.url}/api/boards/${board}/snapshot`)
  const { records } = (await response.json()) as { records: ImageRecord[] }
  return records.filter(({ kind }) => kind === 'image')
}

test('K46, K47, K48: watch adds new files, replaces changed ones, and waits for whole ones', async (t) => {
  const board = await server.newBoard()
  const folder = await mkdtemp(join(tmpdir(), 'wirephoto-watch-'))
  t.after(() => rm(folder, { recursive: true }))
  await writeFile(join(folder, 'a.png'), await drawing(1).png().toBuffer())
  await writeFile(join(folder, 'notes.txt'), 'no picture')
  const args = [
    'watch',
    folder,
    '--settle',
    '200ms',
    '--json',
    '--as',
    'tests',
    '--url',
    addressOf(board),
  ]
  const watch = await start(t, args)
  await watch.prints('out', /"a\.png","result":"added"/)
  const [first] = await picturesOn(board)

  const jpeg = await drawing(2, 40).jpeg().toBuffer()
  await writeFile(join(folder, 'b.jpg'), jpeg.subarray(0, -100))
  await writeFile(join(folder, 'a.png'), await drawing(3).png().toBuffer())
  await watch.prints('out', /"a\.png","result":"replaced"/)
  // It has been there for as long as the other one was quiet.
  assert.doesNotMatch(watch.out, /b\.jpg/)
  const [replaced, ...others] = await picturesOn(board)
  assert.deepEqual([replaced!.id, others], [first!.id, []])
  assert.notEqual(replaced!.blob, first!.blob)
  await writeFile(join(folder, 'b.jpg'), jpeg)
  await watch.prints('out', /"b\.jpg","result":"added"/)
  watch.child.kill('SIGINT')
  assert.equal((await watch.end()).code, 130)

  await writeFile(join(folder, 'c.gif'), await drawing(4).gif().toBuffer())
  const second = await start(t, args)
  await second.prints('out', /c\.gif/)
  assert.match(second.out, /^[^\n]*"c\.gif","result":"added"[^\n]*\n$/)
})

test('K49: live shows the frames of stdin, and the last one stays', async () => {
  const board = await server.newBoard()
  const frames = [drawing(1).jpeg(), drawing(2).png(), drawing(3, 30).webp()]
  const input = Buffer.concat(await Promise.all(frames.map((frame) => frame.toBuffer())))
  const { code, err } = await runCommand(['live', 'plot', '--url', addressOf(board)], { input })
  assert.deepEqual([code, err], [0, ''])
  const [tile] = await picturesOn(board)
  assert.equal(tile!.name, 'plot')
  const none = await runCommand(['live', 'plot', '--url', addressOf(board)], {
    input: 'no picture',
  })
  assert.deepEqual([none.code, none.err], [1, 'No JPEG, PNG or WebP picture came.\n'])
})

test('K49: pictures are found in a stream, however it is cut', async () => {
  const jpeg = await drawing(1)
    .withExif({ IFD0: { Copyright: 'A' } })
    .jpeg()
    .toBuffer()
  const pictures = [
    jpeg,
    await drawing(2).png().toBuffer(),
    await drawing(3).webp().toBuffer(),
    jpeg,
  ]
  // A thumbnail in a segment has an end of its own.
  const thumbnail = Buffer.concat([Buffer.from([0xff, 0xe1, 0, 8, 0xff, 0xd8, 0xff, 0xd9, 9, 9])])
  pictures.push(Buffer.concat([jpeg.subarray(0, 2), thumbnail, jpeg.subarray(2)]))
  const stream = Buffer.concat(
    pictures.flatMap((picture) => [
      Buffer.from('\r\n--frame\r\nContent-Type: image/x\r\n\r\n'),
      picture,
    ]),
  )
  for (const size of [1, 7, 1_000, stream.length]) {
    async function* chunks() {
      for (let at = 0; at < stream.length; at += size) yield stream.subarray(at, at + size)
    }
    assert.deepEqual(await Array.fromAsync(framesIn(chunks())), pictures, `${size}`)
  }
})

test('K50: live shows a camera by its MJPEG stream, and comes back to it', async (t) => {
  const board = await server.newBoard()
  const frame = await drawing(7).jpeg().toBuffer()
  let connections = 0
  const camera = createServer(({ headers }, response) => {
    connections++
    assert.equal(headers.authorization, `Basic ${btoa('eve:s p')}`)
    response.writeHead(200, { 'content-type': 'multipart/x-mixed-replace; boundary=cut' })
    response.write(`--cut\r\nContent-Type: image/jpeg\r\nContent-Length: ${frame.length}\r\n\r\n`)
    response.write(frame)
    response.write('\r\n--cut')
    if (connections === 1) response.end()
  }).listen(0, '127.0.0.1')
  await once(camera, 'listening')
  t.after(() => {
    camera.closeAllConnections()
    camera.close()
  })
  const { port } = camera.address() as AddressInfo
  const from = `http://eve:s%20p@127.0.0.1:${port}/video`
  const live = await start(t, [
    'live',
    'garden',
    '--from',
    from,
    '--every',
    '100ms',
    '--json',
    '--url',
    addressOf(board),
  ])
  await live.prints('out', /"frame":2/)
  assert.equal(connections, 2)
  assert.deepEqual(
    (await picturesOn(board)).map(({ name }) => name),
    ['garden'],
  )
  live.child.kill('SIGINT')
  assert.equal((await live.end()).code, 130)
})

test('K51: live runs a command again and again, and ends when its link is revoked', async (t) => {
  const made = await fetch(`${server.url}/api/boards`, { method: 'POST' })
  const { id, links } = (await made.json()) as {
    id: string
    links: { role: string; url: string }[]
  }
  const of = (role: string) => links.find((each) => each.role === role)!.url.split('#')[1]!
  const folder = await mkdtemp(join(tmpdir(), 'wirephoto-live-'))
  t.after(() => rm(folder, { recursive: true }))
  const file = join(folder, 'plot.png')
  await writeFile(file, await drawing(5).png().toBuffer())
  const args = ['--command', `cat '${file}'`, '--every', '50ms', '--json', '--url', addressOf(id)]
  const env = { WIREPHOTO_TOKEN: of('add') }
  const live = await start(t, ['live', 'plot', ...args], env)
  const show = await start(t, ['show', addressOf(id), '--all'], { WIREPHOTO_TOKEN: of('add') })
  await live.prints('out', /"frame":2/)
  await show.prints('out', /plot {2}20 × 10/)
  await using owner = await connect(addressOf(id), { token: of('own') })
  const listed = await fetch(`${server.url}/api/boards/${id}/links`, { headers: owner.headers })
  const { links: told } = (await listed.json()) as { links: { id: string; role: string }[] }
  const adding = told.find(({ role }) => role === 'add')!.id
  await fetch(`${server.url}/api/boards/${id}/links/${adding}`, {
    method: 'DELETE',
    headers: owner.headers,
  })
  for (const running of [live, show]) {
    const { code, err } = await running.end()
    assert.equal(code, 4, err)
    assert.match(err, /This link no longer works\. Ask for a new one\.\n$/)
  }
})

const noShell = process.platform === 'win32' && 'Windows has no process groups'

for (const signal of ['SIGINT', 'SIGHUP'] as const)
  test(`K64: the command of live ends with all that it has started, by ${signal}`, {
    skip: noShell,
  }, async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'wirephoto-live-'))
    t.after(() => rm(folder, { recursive: true }))
    await writeFile(join(folder, 'plot.png'), await drawing(9).png().toBuffer())
    /** Each process that is started holds the writing end of the pipe, and ignores SIGTERM. */
    const held = join(folder, 'held')
    await promisify(execFile)('mkfifo', [held])
    const script = `(trap '' TERM; exec 9>'${held}'; sleep 600 & wait) >/dev/null &
      cat '${join(folder, 'plot.png')}'; sleep 600 | cat`
    const board = await server.newBoard()
    const args = ['live', 'plot', '--command', script, '--json', '--url', addressOf(board)]
    const live = await start(t, args)
    const pipe = createReadStream(held)
    const ended = once(pipe.resume(), 'end')
    await live.prints('out', /"frame":1/)
    live.child.kill(signal)
    assert.equal((await live.end()).code, 130)
    await ended
  })

test('K63: slots lists the live slots of a board, reads their frames, and ends one', async () => {
  const board = await server.newBoard()
  const slots = (...args: string[]) => runCommand(['slots', addressOf(board), ...args])
  const body = await drawing(8).png().toBuffer()
  await fetch(`${addressOf(board)}/live/plot`, { method: 'PUT', body })
  const [lines, json, frames, newest, both] = await Promise.all([
    slots(),
    slots('--json'),
    slots('--frames', 'plot'),
    slots('--read', 'plot'),
    slots('--read', 'plot', '--end', 'plot'),
  ])
  assert.match(lines.out, /^\S+ \S+ {2}live {2}plot {2}http:\S+\/slots\/plot\n$/)
  const { name, isLate } = JSON.parse(json.out) as { name: string; isLate: boolean }
  assert.deepEqual([name, isLate], ['plot', false])
  assert.match(frames.out, /^\S+ \S+ {2}20 × 10 {2}1 kB {2}http:\S+\n$/)
  assert.match(newest.out, /^.PNG/)
  assert.match(both.err, /cannot be used with/)

  assert.deepEqual(await slots('--end', 'plot'), { out: '', err: '', code: 0 })
  assert.deepEqual(
    (await picturesOn(board)).map((tile) => [tile.name, tile.slot]),
    [['plot', null]],
  )
  const [none, gone] = await Promise.all([slots(), slots('--read', 'plot')])
  assert.deepEqual(none, { out: '', err: '', code: 0 })
  const sentence = 'There is no live slot plot on this board; see wirephoto slots.\n'
  assert.deepEqual(gone, { out: '', err: sentence, code: 2 })
})

test('K52: show prints each change, in words or in JSON, until nobody reads on', async (t) => {
  const board = await server.newBoard()
  const json = await start(t, ['show', addressOf(board), '--all', '--json'])
  const lines = await start(t, ['show', '--all'], { WIREPHOTO_URL: addressOf(board) })
  const body = await drawing(6).png().toBuffer()
  const put = () => fetch(`${server.url}/b/${board}/ball.png?by=Anna`, { method: 'PUT', body })
  await put()
  await lines.prints('out', /Anna {2}ball\.png {2}20 × 10 {2}1 kB {2}http/)
  await json.prints('out', /"kind":"stored"/)
  lines.child.stdout!.destroy()
  await put()
  assert.equal((await lines.end()).code, 0)
})
