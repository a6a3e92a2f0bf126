/** One thing that is held to the protocol. `run` rejects with what is wrong. */
export interface Check<Context> {
  readonly name: string
  readonly run: (context: Context) => Promise<void>
}

/** Why a check can't be made here. */
export class Skipped extends Error {
  override readonly name = 'Skipped'
}

/** The names of the checks by what became of them. */
export interface Outcome {
  readonly passed: readonly string[]
  readonly failed: readonly string[]
  readonly skipped: readonly string[]
}

/**
 * Runs checks one after another, and writes what comes of each as a line of TAP 14. `contextOf` makes the context of
 * one check, and what it resolves with is disposed of when the check is over.
 */
export async function runChecks<Context extends AsyncDisposable>(
  checks: readonly Check<Context>[],
  contextOf: () => Promise<Context>,
  write: (line: string) => void,
): Promise<Outcome> {
  const passed: string[] = []
  const failed: string[] = []
  const skipped: string[] = []
  write('TAP version 14')
  write(`1..${checks.length}`)
  for (const [i, { name, run }] of checks.entries())
    try {
      await using context = await contextOf()
      await run(context)
      passed.push(name)
      write(`ok ${i + 1} - ${name}`)
    } catch (error) {
      if (error instanceof Skipped) {
        skipped.push(name)
        write(`ok ${i + 1} - ${name} # SKIP ${error.message}`)
        continue
      }
      failed.push(name)
      write(`not ok ${i + 1} - ${name}`)
      for (const line of String(error instanceof Error ? error.message : error).split('\n'))
        write(`# ${line}`)
    }
  return { passed, failed, skipped }
}
