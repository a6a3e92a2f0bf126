import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Syncs of files and folders by a process and its children. */
export interface Syncs {
  readonly all: number
  /** Those of SQLite's log: one a transaction. */
  readonly commits: number
}

/** Counts a process's syncs while `act` runs, with strace, which slows it. Null where strace can't look. */
export async function countSyncs(pid: number, act: () => Promise<unknown>): Promise<Syncs | null> {
  const folder = await mkdtemp(join(tmpdir(), 'wirephoto-bench-'))
  try {
    const log = join(folder, 'log')
    const options = ['-f', '-y', '-e', 'trace=fsync,fdatasync', '-o', log, '-p', String(pid)]
    const strace = spawn('strace', options, { stdio: ['ignore', 'ignore', 'pipe'] })
    const ended = once(strace, 'close').catch(() => {})
    let said = ''
    const { promise: attached, resolve } = Promise.withResolvers<boolean>()
    strace.stderr.setEncoding('latin1').on('data', (text: string) => {
      said += text
      if (said.includes(' attached')) resolve(true)
    })
    void ended.then(() => resolve(false))
    if (!(await attached)) return null
    await act()
    strace.kill('SIGINT')
    await ended
    // A call that another thread's interrupts is resumed on a line of its own.
    const begun = (await readFile(log, 'latin1')).match(/(?:fsync|fdatasync)\(\d+<[^>]*>/g) ?? []
    return { all: begun.length, commits: begun.filter((call) => call.endsWith('-wal>')).length }
  } finally {
    await rm(folder, { recursive: true })
  }
}
