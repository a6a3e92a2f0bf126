import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { serveCommand } from 'wirephoto/serve-command'
import { findOnPath } from './support/browser.ts'

const ROOT = resolve(import.meta.dirname, '..')
const INSTALLED = '/opt/wirephoto/'
const skip = (await findOnPath('systemd-analyze')) ? false : 'there is no systemd-analyze here'

/** Reads the unit that docs/put-it-online.md tells operators to write. */
async function documentedUnit(): Promise<string> {
  const guide = await readFile(join(ROOT, 'docs/put-it-online.md'), 'utf8')
  const [, unit] = /```ini\n([\s\S]+?)```/.exec(guide) ?? []
  assert.ok(unit)
  return unit
}

test('B55: the variables of the systemd unit are those of flags', async () => {
  const known = new Set(serveCommand().options.map(({ envVar }) => envVar))
  const used = [...(await documentedUnit()).matchAll(/^Environment=(\w+)=/gm)].map(
    ([, name]) => name,
  )
  assert.ok(used.length > 2)
  for (const name of used) assert.ok(known.has(name), name)
})

test('B55: systemd takes the unit whole', { skip }, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'wirephoto-unit-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const path = join(folder, 'wirephoto.service')
  const unit = await documentedUnit()
  const here = unit.replace('/usr/bin/node', process.execPath).replace(INSTALLED, `${ROOT}/`)
  assert.notEqual(here, unit)
  await writeFile(path, here)
  const run = promisify(execFile)
  const { stdout, stderr } = await run('systemd-analyze', ['verify', '--man=no', path])
  const said = `${stdout}${stderr}`.split('\n').filter((line) => line.includes(folder))
  assert.deepEqual(said, [])
})
