import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WireError } from '@wirephoto/board'
import { boundaryOf, multipartFrames } from './multipart-frames.ts'

/** Cuts a body into chunks of so many bytes, as a network may. */
async function* cut(body: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < body.length; at += size) yield body.subarray(at, at + size)
}

const code = (expected: string) => (error: unknown) =>
  error instanceof WireError && error.code === expected

async function framesIn(body: string | Buffer, size = 1_000, boundary = '--b'): Promise<string[]> {
  const frames: string[] = []
  const chunks = cut(Buffer.from(body as string, 'latin1'), size)
  for await (const frame of multipartFrames(chunks, boundary, 'loss'))
    frames.push(frame.toString('latin1'))
  return frames
}

const HEADED = 'Content-Type: image/jpeg\r\nContent-Length: 5\r\n\r\n'

test('L32: each part of a stream is a frame, with a length or without, however the network cuts it', async () => {
  // ffmpeg, MJPG-Streamer, and a sender who closes with the last boundary.
  const ffmpeg = `--b\r\n${HEADED}a\r\nbc\r\n--b\r\n${HEADED}\r\n--b\r\n--b`
  const plain =
    'preamble\r\n--b\r\nContent-Type: image/jpeg\r\n\r\none\r\n--b\r\n\r\ntwo\r\n--b--\r\nrest'
  for (const size of [1, 2, 3, 7, 1_000]) {
    assert.deepEqual(await framesIn(ffmpeg, size), ['a\r\nbc', '\r\n--b'], `in ${size}`)
    assert.deepEqual(await framesIn(plain, size), ['one', 'two'], `in ${size}`)
  }
})

test('L32: a frame is taken as soon as it is whole by its length', async () => {
  const chunks = new ReadableStream<Buffer>({
    start: (controller) => controller.enqueue(Buffer.from(`--b\r\n${HEADED}12345`)),
  })
  const frames = multipartFrames(chunks, '--b', 'loss')
  assert.equal(String((await frames.next()).value), '12345')
})

test('L32: a part whose sender broke off is no frame', async () => {
  for (const rest of ['1234', '', '12345'.slice(0, 1)])
    assert.deepEqual(await framesIn(`--b\r\n${HEADED}${rest}`), [])
  assert.deepEqual(await framesIn('--b\r\n\r\none\r\n--b\r\n\r\ntw'), ['one'])
  for (const nothing of ['', '--', '--b', '--b\r\n', '--b--'])
    assert.deepEqual(await framesIn(nothing), [])
})

test('L33: a stream without end of a header, a boundary or a frame is refused', async () => {
  const endless = 'x'.repeat(20_000)
  for (const body of [endless, `--b${endless}`, `--b\r\nA: ${endless}`])
    await assert.rejects(framesIn(body), code('broken-form'))
  const large = 'x'.repeat(1_048_600)
  await assert.rejects(framesIn(`--b\r\n\r\n${large}`, 65_536), code('too-large'))
  const declared = '--b\r\nContent-Length: 1048577\r\n\r\n'
  await assert.rejects(framesIn(declared), code('too-large'))
})

test('L32: the boundary is named with its dashes or without, in quotes or not', () => {
  const type = 'multipart/x-mixed-replace'
  for (const name of ['b', '--b', '"b"', '"--b"; charset=x'])
    assert.equal(boundaryOf(`${type}; boundary=${name}`), '--b', name)
  assert.equal(boundaryOf(`${type};boundary=b`), '--b')
  for (const other of [undefined, '', 'image/jpeg', 'multipart/form-data; boundary=b'])
    assert.equal(boundaryOf(other), null)
  for (const none of [type, `${type}; boundary=`, `${type}; charset=b`])
    assert.throws(() => boundaryOf(none), code('broken-form'))
})
