/** Ends this process once nobody reads what it prints, as after `| head`. It can't say what it finds then. */
export function endOnClosedPipe(): void {
  process.stdout.once('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    process.exit(2)
  })
}
