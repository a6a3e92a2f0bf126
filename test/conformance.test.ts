import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import {
  BoardRecordSchema,
  ClientCommand,
  ImageRecordSchema,
  WIRE_VERSION,
  wireSchemas,
} from '@wirephoto/board'
import { checkClient, checkServer, type Outcome } from '@wirephoto/conformance'
import { EFFORT_FACTOR } from './support/effort.ts'
import { findPython } from './support/find-python.ts'
import { InProcessServer } from './support/in-process-server.ts'

const run = promisify(execFile)
const ROOT = resolve(import.meta.dirname, '..')
const PYTHON_CLIENT = join(ROOT, 'clients/python/wirephoto.py')
const FAULTY_CLIENT = join(import.meta.dirname, 'support/faulty-client.ts')

let server: InProcessServer

before(async () => {
  server = await InProcessServer.open()
})
after(() => server.close())

const python = await findPython('websocket')

// They wait for pings and answers, most of their time.
describe('conformance', { concurrency: true }, () => {
  test('W73: the server keeps to PROTOCOL.md', async () => {
    await assertPasses((options) => checkServer(options))
  })

  test('W73: the server keeps to PROTOCOL.md for who comes by a link', async () => {
    const response = await fetch(`${server.url}/api/boards`, { method: 'POST' })
    const { links } = (await response.json()) as { links: { role: string; url: string }[] }
    const lines: string[] = []
    const address = links.find(({ role }) => role === 'edit')!.url
    const { failed, skipped } = await checkServer({ address, write: (line) => lines.push(line) })
    assert.deepEqual(failed, [], lines.join('\n'))
    assert.deepEqual(skipped, ['seen by somebody else reaches the sender of a picture'])
  })

  test('W74: the Python client keeps to PROTOCOL.md', {
    skip: !python && 'there is no Python with websocket-client here: install python3-websocket',
  }, async () => {
    await assertPasses((options) => checkClient(options, [python!, PYTHON_CLIENT]))
  })

  test('W74: a client that adds twice, skips frames and tells no old picture fails', {
    skip: EFFORT_FACTOR === 1 && 'by npm run test:long',
  }, async () => {
    const address = `${server.url}/b/${await server.newBoard()}`
    const command = [process.execPath, FAULTY_CLIENT]
    const { passed } = await checkClient({ address, write: () => {} }, command)
    assert.deepEqual(passed, [
      'push of a file that is no picture ends with 1 and the sentence of the server',
      'changes of a board that there is not ends with 1 and a sentence',
    ])
  })

  test('W75: PROTOCOL.md names the wire version, and every field, event and command', async () => {
    const text = await readFile(join(ROOT, 'PROTOCOL.md'), 'utf8')
    assert.match(text, new RegExp(`wire version ${WIRE_VERSION}\\b`))
    const commands = ClientCommand.def.options.map(({ shape }) => shape)
    const kinds = commands.flatMap(({ kind }) => [...kind.def.values])
    const shapes: object[] = [...commands, ImageRecordSchema.shape, BoardRecordSchema.shape]
    for (const schema of Object.values(wireSchemas))
      if ('shape' in schema) shapes.push(schema.shape)
    const names = new Set([...kinds, ...shapes.flatMap((shape) => Object.keys(shape))])
    const missing = [...names].filter((name) => !new RegExp(`[\`"]${name}[\`"]`).test(text))
    // A wall says so of itself, which is for our own.
    assert.deepEqual(missing, ['isWall'])
  })

  test('the program says how it is called, and ends with 1 where nobody answers', async () => {
    const main = join(ROOT, 'packages/conformance/src/main.ts')
    await assert.rejects(run(process.execPath, [main]), { code: 2, stderr: /^Usage: / })
    const { stdout } = await run(process.execPath, [main, '--help'])
    assert.match(stdout, /^Usage: /)
    await assert.rejects(run(process.execPath, [main, 'server', 'http://127.0.0.1:9/b/main']), {
      code: 1,
      stdout: /^TAP version 14\n1\.\.\d+\nnot ok 1 - /,
    })
  })
})

type Options = Parameters<typeof checkServer>[0]

/** Throws unless every check passes, on a new board. */
async function assertPasses(check: (options: Options) => Promise<Outcome>): Promise<void> {
  const lines: string[] = []
  const address = `${server.url}/b/${await server.newBoard()}`
  const { failed, skipped } = await check({ address, write: (line) => lines.push(line) })
  assert.deepEqual([...failed, ...skipped], [], lines.join('\n'))
}
