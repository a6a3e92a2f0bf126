import { exitCodes } from '../exit-codes.ts'

/**
 * Returns a signal that is aborted by the first Ctrl-C or SIGTERM, or when the terminal is closed. The second one ends
 * the process at once.
 */
export function untilInterrupted(): AbortSignal {
  const controller = new AbortController()
  const stop = (): void => {
    if (controller.signal.aborted) process.exit(exitCodes.interrupted)
    controller.abort()
  }
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, stop)
  return controller.signal
}
