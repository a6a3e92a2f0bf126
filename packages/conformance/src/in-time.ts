/** The longest that a check waits for one thing, on a slow machine too. */
export const PATIENCE_MS = 20_000

/** Resolves as `promise` does. Rejects when it takes too long. */
export async function inTime<T>(promise: Promise<T>, what: string): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(
    () => reject(new Error(`Waited ${PATIENCE_MS / 1000} s for ${what}.`)),
    PATIENCE_MS,
  )
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
