import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { connect } from 'node:net'
import { after, before, test } from 'node:test'
import { type ImageRecord, uuidv7 } from '@wirephoto/board'
import sharp from 'sharp'
import { ServerProcess } from '../support/server-process.ts'
import { WireClient } from '../support/wire-client.ts'

const MEGABYTE_BYTES = 1_000_000
/**
 * A cut comes after a piece, and may cost a piece. A kill may cost what is made durable in one go.
 */
const PIECE_BYTES = 65_536
const SYNC_STEP_BYTES = 1_048_576
const CUTS_PER_KILL = 40

let server: ServerProcess
/** About 20 MB. */
let picture: Buffer<ArrayBuffer>

before(async () => {
  server = await ServerProcess.open()
  const raw = { width: 2800, height: 2400, channels: 3 } as const
  const noise = randomBytes(raw.width * raw.height * 3)
  picture = Buffer.from(await sharp(noise, { raw }).png({ compressionLevel: 0 }).toBuffer())
})
after(() => server.close())

test('F1, U1: cut at every 64 KiB and killed in between, an upload ends whole and sends little twice', async (t) => {
  assert.ok(picture.length > 20 * MEGABYTE_BYTES)
  const id = uuidv7(Date.now(), randomBytes(10))
  let wireClient = await WireClient.connect(server.url, 'main')
  await wireClient.send({ kind: 'image.add', id, name: 'p.png', width: 2800, height: 2400 })
  wireClient.close()
  const uploads = `${server.url}/api/boards/main/uploads`
  const ask = (url: string, method: string, headers: Record<string, string> = {}) =>
    fetch(url, {
      method,
      headers: { 'tus-resumable': '1.0.0', ...headers },
    })
  const made = await ask(uploads, 'POST', {
    'upload-length': String(picture.length),
    'upload-metadata': `id ${Buffer.from(id).toString('base64')}`,
  })
  assert.equal(made.status, 201)

  let cuts = 0
  let worst = 0
  for (let at = 0; at < picture.length; ) {
    const end = Math.min(at + PIECE_BYTES, picture.length)
    // Declared to the end of the file, and cut after a piece.
    await sendPart(id, at, end)
    const isKill = ++cuts % CUTS_PER_KILL === 0
    if (isKill) {
      await server.kill()
      await server.start()
    }
    const head = await ask(`${uploads}/${id}`, 'HEAD')
    assert.equal(head.status, 200)
    const offset = Number(head.headers.get('upload-offset'))
    worst = Math.max(worst, end - offset)
    assert.ok(
      end - offset <= (isKill ? SYNC_STEP_BYTES : PIECE_BYTES),
      `${end - offset} bytes lost`,
    )
    at = offset
  }
  wireClient = await WireClient.connect(server.url, 'main')
  const { records } = await wireClient.snapshot()
  wireClient.close()
  const record = records.find((each) => each.id === id) as ImageRecord
  assert.equal(record.blob, createHash('sha256').update(picture).digest('hex'))
  t.diagnostic(`${cuts} cuts, at most ${worst} bytes were sent again`)
})

/**
 * Sends a PATCH that breaks off; resolves when the server has closed the connection, or answered.
 */
function sendPart(id: string, at: number, end: number): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(server.port, '127.0.0.1')
    socket.on('error', () => {})
    socket.once('close', () => resolve())
    socket.once('data', () => socket.destroy())
    socket.write(
      [
        `PATCH /api/boards/main/uploads/${id} HTTP/1.1`,
        'Host: localhost',
        'Tus-Resumable: 1.0.0',
        `Upload-Offset: ${at}`,
        'Content-Type: application/offset+octet-stream',
        `Content-Length: ${picture.length - at}`,
        '',
        '',
      ].join('\r\n'),
    )
    socket.write(picture.subarray(at, end), () => {
      if (end < picture.length) socket.destroySoon()
    })
  })
}
