/** The effort of `npm run test:long`. */
export const LONG_EFFORT_FACTOR = 100

/** Multiplies the rounds of randomised tests: `EFFORT`, else 1. */
export const EFFORT_FACTOR = Number(process.env['EFFORT'] ?? 1)

/** The seed of randomised tests: `SEED`, else a new one at each run. Test names print it. */
export const SEED = Number(process.env['SEED'] ?? Date.now() % 1_000_000)

/** Returns the number of rounds at this effort; at least one. */
export function rounds(usual: number): number {
  return Math.max(1, Math.round(usual * EFFORT_FACTOR))
}
