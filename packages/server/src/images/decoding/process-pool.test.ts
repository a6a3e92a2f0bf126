import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { openDecoder } from '../../../support/open-decoder.ts'
import { blankPng, decodeProcessIds } from '../../../support/sample-images.ts'
import { deathOf } from './death.ts'

const { decoder, folder } = await openDecoder()

const path = join(folder, 'large.png')
await writeFile(path, blankPng(3_000, 3_000))
const validate = () => decoder.validate({ path, type: 'image/png', name: 'large.png' })

/** Sends a signal to each decoding process that starts, from its first moment on. Disposing it ends this. */
function endEach(signal: NodeJS.Signals): Disposable & { readonly count: number } {
  const known = new Set<number>()
  const timer = setInterval(() => {
    for (const pid of decodeProcessIds())
      if (!known.has(pid)) {
        known.add(pid)
        process.kill(pid, signal)
      }
  }, 5)
  return {
    get count() {
      return known.size
    },
    [Symbol.dispose]: () => clearInterval(timer),
  }
}

test('E1: a job whose processes are all killed from outside is `busy`, and a later one is done', async () => {
  {
    using killer = endEach('SIGKILL')
    await assert.rejects(validate(), { code: 'busy' })
    assert.ok(killer.count >= 4, `${killer.count} killed`)
  }
  assert.equal((await validate()).width, 3_000)
})

test('E2: the end of a process is blamed on the picture only if the picture caused it', () => {
  for (const [status, signal] of [
    [null, 'SIGKILL'],
    [null, 'SIGHUP'],
    [0, null],
    [137, null],
  ] as const)
    assert.equal(deathOf(status, signal).verdict, null, `${status} ${signal}`)
  for (const [status, signal] of [
    [null, 'SIGSEGV'],
    [null, 'SIGBUS'],
    [139, null],
    [1, null],
  ] as const)
    assert.ok('damaged' in deathOf(status, signal).verdict!, `${status} ${signal}`)
  for (const [status, signal] of [
    [null, 'SIGABRT'],
    [134, null],
    [75, null],
  ] as const)
    assert.ok('tooHeavy' in deathOf(status, signal).verdict!, `${status} ${signal}`)
})
