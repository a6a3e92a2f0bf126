import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { createInterface } from 'node:readline'

/** A baseline's server, a process of its own. */
export interface Baseline {
  readonly port: number
  readonly pid: number
  close(): Promise<void>
}

/** Starts `bench/baselines/<name>.ts`, by another program if one is given; resolves when it listens. */
export async function startBaseline(
  name: string,
  env: NodeJS.ProcessEnv = {},
  wrapper: readonly string[] = [],
): Promise<Baseline> {
  const file = resolve(import.meta.dirname, '../baselines', `${name}.ts`)
  const [program, ...args] = [...wrapper, process.execPath, file]
  const child: ChildProcess = spawn(program!, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = (await once(createInterface(child.stdout!), 'line')) as [string]
  return {
    port: Number(new URL(line).port),
    pid: child.pid!,
    async close() {
      child.kill()
      await once(child, 'close')
    },
  }
}

/** The unit of /proc/<pid>/stat, on every Linux that Node runs on. */
const CLOCK_TICKS_PER_SECOND = 100

/** Returns the CPU seconds that a process has used so far: all its threads, user and system. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS_PER_SECOND
}
