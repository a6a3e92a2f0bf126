import { type DestinationStream, type Logger, type LoggerOptions, pino } from 'pino'

export type LogLevel = 'silent' | 'error' | 'warn' | 'info' | 'debug'

/** Time between two lines of one cause. */
const REPEAT_INTERVAL_MS = 60_000
/** Causes that are told apart. Those beyond count as one. */
const CAUSES_COUNT = 200
const OTHER_CAUSES = 'other causes'

type LogMethod = NonNullable<NonNullable<LoggerOptions['hooks']>['logMethod']>
type Entry = Parameters<LogMethod>[0]

interface Cause {
  /** Writes a line, with the number of those that it stands for. */
  write: (repeated: number) => void
  waitingCount: number
}

/**
 * Creates the server's log. The first line of a cause is written at once, later ones once a minute with their
 * number as `repeated`. So nobody who asks for errors fills the operator's disk.
 */
export function createLog(level: LogLevel, stream: DestinationStream): Logger {
  const causes = new Map<string, Cause>()
  const repeat = (key: string, cause: Cause): void => {
    setTimeout(() => {
      if (cause.waitingCount === 0) {
        causes.delete(key)
        return
      }
      cause.write(cause.waitingCount)
      cause.waitingCount = 0
      repeat(key, cause)
    }, REPEAT_INTERVAL_MS).unref()
  }
  return pino(
    {
      level,
      hooks: {
        logMethod(entry, method, levelNumber) {
          const named = `${levelNumber} ${causeOf(entry)}`
          const isKnown = causes.has(named) || causes.size < CAUSES_COUNT
          const key = isKnown ? named : OTHER_CAUSES
          const write = (repeated: number) => method.apply(this, withCount(entry, repeated))
          const cause = causes.get(key)
          if (cause) {
            cause.waitingCount++
            cause.write = write
            return
          }
          const first: Cause = { write, waitingCount: 0 }
          causes.set(key, first)
          repeat(key, first)
          method.apply(this, entry)
        },
      },
    },
    stream,
  )
}

/** Returns the line's words and its error's code: nothing that a client chooses. */
function causeOf(entry: readonly unknown[]): string {
  const [first] = entry
  const error = first instanceof Error ? first : (first as { err?: unknown } | null)?.err
  const { code, name } = (error ?? {}) as { code?: unknown; name?: unknown }
  const words = entry.find((part) => typeof part === 'string') ?? ''
  return `${words} ${[code, name].find((part) => typeof part === 'string') ?? ''}`
}

function withCount(entry: Entry, repeated: number): Entry {
  const [first, ...rest] = entry as unknown as unknown[]
  const line =
    first instanceof Error
      ? [{ err: first, repeated }, ...rest]
      : typeof first === 'object'
        ? [{ ...first, repeated }, ...rest]
        : [{ repeated }, first, ...rest]
  return line as unknown as Entry
}
