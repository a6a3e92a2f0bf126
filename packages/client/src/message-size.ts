import { type Command, limits } from '@wirephoto/board'

/** Returns how many of these commands, in their order, go into one message: at least one. */
export function countForMessage(commands: Iterable<Command>): number {
  let count = 0
  let unitsLeft: number = limits.commandUnitsPerMessage
  for (const command of commands) {
    unitsLeft -= JSON.stringify(command).length
    if (count === limits.commandsPerMessage || (count > 0 && unitsLeft < 0)) break
    count++
  }
  return count
}
