import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { getPriority, tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { openDecoder } from '../../../support/open-decoder.ts'
import { blankPng, decodeProcessIds } from '../../../support/sample-images.ts'
import { RecentUse } from '../../fairness/recent-use.ts'
import { deathOf } from './death.ts'

const CACHED_TIMEOUT_MS = 30_000
const use = new RecentUse()
const { decoder, folder } = await openDecoder({ use })

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
    assert.equal(deathOf(status, signal).fileFault, null, `${status} ${signal}`)
  for (const [status, signal] of [
    [null, 'SIGSEGV'],
    [null, 'SIGBUS'],
    [139, null],
    [1, null],
  ] as const)
    assert.ok('damaged' in deathOf(status, signal).fileFault!, `${status} ${signal}`)
  for (const [status, signal] of [
    [null, 'SIGABRT'],
    [134, null],
    [75, null],
  ] as const)
    assert.ok('tooHeavy' in deathOf(status, signal).fileFault!, `${status} ${signal}`)
})

const abuser = { address: '192.0.2.1', board: 'main', visitor: 'abuser' }
const honest = { address: '192.0.2.2', board: 'main', visitor: 'honest' }

test('N5: a picture among slow ones of another address waits for those that run', async () => {
  const slow = join(folder, 'slow.png')
  await writeFile(slow, blankPng(5_000, 5_000))
  const ended: string[] = []
  const validateAs = async (party: typeof abuser, name: string, file: string) => {
    await decoder.validate({ path: file, type: 'image/png', name, party })
    ended.push(name)
  }
  // The processes learn what an address's pictures cost.
  await validateAs(honest, 'before', path)
  const all = Array.from({ length: 16 }, () => validateAs(abuser, 'slow', slow))
  await Promise.race(all)
  const small = Array.from({ length: 3 }, (_, i) => validateAs(honest, `honest ${i}`, path))
  await Promise.all(small)
  assert.ok(ended.indexOf('honest 0') <= 4, ended.join(', '))
  assert.ok(ended.indexOf('honest 2') <= 8, ended.join(', '))
  await Promise.all(all)
})

test('N5: a preview among many of another address has the next turn', async () => {
  const bytes = blankPng(640, 480)
  const ended: string[] = []
  const encode = async (party: typeof abuser, name: string) => {
    await decoder.reencodePreview(bytes, party)
    ended.push(name)
  }
  const all = Array.from({ length: 40 }, () => encode(abuser, 'many'))
  await Promise.race(all)
  await encode(honest, 'honest')
  assert.ok(ended.indexOf('honest') <= 4, ended.join(', '))
  await Promise.all(all)
})

test('N8: the process of an address that has used more than others gives way to theirs', async () => {
  const validateAs = (party: typeof abuser) =>
    decoder.validate({ path, type: 'image/png', name: 'picture.png', party })
  await validateAs(honest)
  use.add(abuser.address, 100)
  await Promise.all([validateAs(honest), validateAs(abuser)])
  const priorities = new Set(decodeProcessIds().map((pid) => getPriority(pid)))
  assert.deepEqual(priorities, new Set([0, 19]))
})

test('S13: what a process has compiled is there for the next one, though the first one is killed', async (t) => {
  const cache = await mkdtemp(join(tmpdir(), 'wirephoto-compiled-'))
  const child = fork(new URL('./decode-process.ts', import.meta.url), [], {
    env: { ...process.env, NODE_COMPILE_CACHE: cache },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  t.after(async () => {
    child.kill('SIGKILL')
    await once(child, 'close')
    await rm(cache, { recursive: true })
  })
  const signal = AbortSignal.timeout(CACHED_TIMEOUT_MS)
  // Its own modules, and those of packages.
  while ((await readdir(cache, { recursive: true })).length < 20)
    await setTimeout(20, undefined, { signal })
  assert.equal(child.exitCode, null)
})
