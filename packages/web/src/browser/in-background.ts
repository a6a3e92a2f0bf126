/** Lets a task run that nobody waits for. An error is a fault of ours: it is logged (E36). */
export function inBackground(task: Promise<unknown>): void {
  task.catch(logFault)
}

/** Logs an error that nothing here expects. */
export function logFault(error: unknown): void {
  console.error(error)
}
