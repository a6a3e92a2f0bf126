import { execFileSync } from 'node:child_process'
import { cpus } from 'node:os'

/** Starts a program on the first core. */
export const ON_FIRST_CORE = ['taskset', '-c', '0']

/** Keeps this process to the other cores, until this is disposed. */
export function keepOffFirstCore(): Disposable {
  const last = cpus().length - 1
  const keepTo = (cores: string) =>
    execFileSync('taskset', ['-acp', cores, String(process.pid)], { stdio: 'ignore' })
  if (last > 0) keepTo(`1-${last}`)
  return { [Symbol.dispose]: () => keepTo(`0-${last}`) }
}
