/**
 * Lets a task run that nobody waits for. A promise that rejects without a catch would end the Node program that
 * uses this package (E36), so it is the only way here. An error is a fault of ours: it is logged.
 */
export function inBackground(task: Promise<unknown>): void {
  task.catch(logFault)
}

/** Logs an error that nothing here expects. */
export function logFault(error: unknown): void {
  console.error(error)
}
