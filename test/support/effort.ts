/** The effort of `npm run test:long`. */
export const LONG_EFFORT_FACTOR = 100

/** How many times the usual number of rounds randomised tests run: `EFFORT`, else 1. */
export const EFFORT_FACTOR = Number(process.env['EFFORT'] ?? 1)

/** The seed of randomised tests: `SEED`, else another at each run. Tests print it in their names. */
export const SEED = Number(process.env['SEED'] ?? Date.now() % 1_000_000)

/** Returns the number of rounds at this effort; at least one. */
export function rounds(usual: number): number {
  return Math.max(1, Math.round(usual * EFFORT_FACTOR))
}
