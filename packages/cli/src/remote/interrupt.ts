import { exitCodes } from '../exit-codes.ts'

/** Returns a signal that is aborted by the first Ctrl-C or SIGTERM. The second one ends the process at once. */
export function untilInterrupted(): AbortSignal {
  const controller = new AbortController()
  const stop = (): void => {
    if (controller.signal.aborted) process.exit(exitCodes.interrupted)
    controller.abort()
  }
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
  return controller.signal
}
