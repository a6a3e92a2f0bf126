import { constants } from 'node:os'
import { OVER_BUDGET_STATUSES, type Overrun } from './budget.ts'

/** The fault of a file that ends its decoder by itself. */
type FileFault = { readonly tooHeavy: Overrun } | { readonly damaged: string }

/**
 * The end of a process before that of its job. With `fileFault`, the job ended it; without, this machine did: it
 * couldn't start, or was killed from outside.
 */
export interface Death {
  readonly reason: string
  readonly fileFault: FileFault | null
}

/** Signals that native code ends itself with. Nobody else sends them. */
const CRASHES: readonly NodeJS.Signals[] = ['SIGSEGV', 'SIGBUS', 'SIGILL', 'SIGFPE', 'SIGSYS']
/** Signals of an allocator, of V8 or of a system limit that gives up. */
const EXHAUSTIONS: readonly NodeJS.Signals[] = ['SIGABRT', 'SIGTRAP', 'SIGXCPU', 'SIGXFSZ']
/** Memory without which an allocation of any process may fail. */
const SCARCE_MEMORY_BYTES = 67_108_864

/**
 * Tells whose doing the end of a process was that had started a job.
 *
 * A process over its budget ends itself, long before the system would have to. So a SIGKILL that isn't ours
 * comes from outside, as the out-of-memory killer's: it chooses by the machine's need, not by a picture. A crash
 * says something of the picture, unless the machine had no memory left.
 */
export function deathOf(status: number | null, signal: NodeJS.Signals | null): Death {
  const reason = signal ?? `status ${status}`
  for (const tooHeavy of ['time', 'memory'] as const)
    if (status === OVER_BUDGET_STATUSES[tooHeavy]) return { reason, fileFault: { tooHeavy } }
  // On Windows and behind a shell a signal is a status; a channel that breaks ends a process with status 0.
  const cause = signal ?? nameOf(status ?? 0)
  const isOurs = status === 0 || process.availableMemory() < SCARCE_MEMORY_BYTES
  if (isOurs) return { reason, fileFault: null }
  if (cause !== null && EXHAUSTIONS.includes(cause))
    return { reason, fileFault: { tooHeavy: 'memory' } }
  if (cause === null || CRASHES.includes(cause)) return { reason, fileFault: { damaged: reason } }
  return { reason, fileFault: null }
}

/** Returns the signal that a shell's status above 128 stands for. */
function nameOf(status: number): NodeJS.Signals | null {
  const [name] =
    Object.entries(constants.signals).find(([, number]) => number === status - 128) ?? []
  return (name as NodeJS.Signals | undefined) ?? null
}
