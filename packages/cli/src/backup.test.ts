import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { InProcessServer } from '../../../test/support/in-process-server.ts'
import { drawPicture } from '../../../test/support/pictures.ts'
import { RunningCommand, runCommand } from '../../../test/support/run-command.ts'

test('E83, E103: backup, restore, check and copy of a running server, quietly and as JSON', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'wirephoto-backup-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const server = await InProcessServer.open({}, 1)
  t.after(() => server.close())
  const body = new Uint8Array(await drawPicture({ width: 90, height: 60 }))
  assert.equal((await fetch(`${server.url}/p.jpg`, { method: 'PUT', body })).status, 201)

  const backups = join(folder, 'backups')
  const quiet = await runCommand(['backup', backups, '--data', server.data])
  assert.deepEqual(quiet, { out: '', err: '', code: 0 })
  const env = { WIREPHOTO_ENGINE: `sqlite:${join(folder, 'restored')}` }
  const restored = await runCommand(['restore', backups, '--json'], { env })
  assert.deepEqual([restored.err, restored.code], ['', 0])
  const { boards, copied, left } = JSON.parse(restored.out) as Record<string, number>
  assert.deepEqual([boards, left], [2, 0])
  assert.ok(copied! > 0)
  const copy = ['copy', env.WIREPHOTO_ENGINE, `sqlite:${join(folder, 'copied')}`]
  assert.deepEqual(await runCommand(copy), { out: '', err: '', code: 0 })

  assert.match(
    (await runCommand(['check', backups])).out,
    /^1 backup, \d+ files checked, .* all sound\n$/,
  )
  const [shard] = await readdir(join(backups, 'blobs'))
  const [blob] = await readdir(join(backups, 'blobs', shard!))
  await writeFile(join(backups, 'blobs', shard!, blob!), 'rotten')
  const rotten = await runCommand(['check', backups, '--json'])
  const { findings } = JSON.parse(rotten.out) as { findings: { blob: string }[] }
  assert.deepEqual([findings.map((found) => found.blob), rotten.code], [[blob], 1])
  const mends = await runCommand(['check', backups, '--mend'])
  assert.deepEqual([mends.out, mends.code], ['', 2])
  assert.match(mends.err, /^Backups are mended by "wirephoto backup --verify"/)

  const again = await runCommand(['restore', backups], { env })
  assert.deepEqual(again, {
    out: '',
    err: 'The target has boards already; name a new folder or an empty database.\n',
    code: 2,
  })
  for (const command of ['restore', 'check']) {
    const nowhere = await runCommand([command, join(folder, 'nowhere')])
    assert.match(nowhere.err, /^There is no backup in \S+nowhere; name the place that has one\.\n$/)
    assert.equal(nowhere.code, 2)
  }
  const mistaken = await runCommand(['backup', backups, '--keep', '0'])
  assert.deepEqual([mistaken.code, (await readdir(join(backups, 'points'))).length], [2, 1])
})

test('E75, E83: a backup that is killed or interrupted leaves none, and the next one is whole', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'wirephoto-backup-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const server = await InProcessServer.open({}, 1)
  t.after(() => server.close())
  for (let seed = 0; seed < 4; seed++) {
    const body = new Uint8Array(await drawPicture({ width: 90, height: 60, seed }))
    assert.equal((await fetch(`${server.url}/p.jpg`, { method: 'PUT', body })).status, 201)
  }
  const backups = join(folder, 'backups')
  for (const [signal, code] of [
    ['SIGKILL', null],
    ['SIGINT', 130],
  ] as const) {
    await rm(join(backups, 'spool'), { recursive: true, force: true })
    const running = new RunningCommand(['backup', backups, '--data', server.data])
    while (!(await readdir(join(backups, 'spool')).catch(() => null)));
    running.child.kill(signal)
    const ended = await running.end()
    // It may have been faster.
    if (ended.code !== 0) assert.equal(ended.code, code)
  }
  const whole = await runCommand(['backup', backups, '--data', server.data])
  assert.equal(whole.code, 0, whole.err)
  const target = join(folder, 'restored')
  assert.equal((await runCommand(['restore', backups, '--data', target])).code, 0)
})
