import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { Engine } from '../src/engine.ts'
import { openEngine } from '../src/open.ts'

/** Makes a folder for a test, and a way to open engines in it. */
export async function tempFolder(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'wirephoto-engine-'))
  const opened: Engine[] = []
  t.after(async () => {
    for (const engine of opened) await engine.close()
    await rm(folder, { recursive: true, force: true })
  })
  const open = async (below = '') => {
    const engine = await openEngine(`sqlite:${join(folder, below)}`)
    opened.push(engine)
    return engine
  }
  return { folder, open }
}
