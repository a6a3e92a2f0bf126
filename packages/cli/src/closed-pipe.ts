import { exitCodes } from './exit-codes.ts'

/** Ends this process once nobody reads what it prints, as after `| head`. By default it can't say then what it finds. */
export function endOnClosedPipe(exitCode: number = exitCodes.mistake): void {
  process.stdout.once('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    process.exit(exitCode)
  })
}
