import { readFileSync } from 'node:fs'

/** Returns the memory of a process that is in use (RSS), in bytes. */
export function residentBytes(pid: number): number {
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))!
  return Number(kilobytes) * 1024
}
