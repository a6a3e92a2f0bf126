import { limits } from '@wirephoto/board'
import { OperatorError } from './operator-error.ts'

/* Parsers of the flags of commands that ask a server. Each throws `OperatorError` with a sentence that names its flag. */

const MS_PER_UNIT: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }
const MAX_JOBS_COUNT = 32

/** Parses a time as `500ms`, `10s`, `5m` or `1h`, or as seconds, into milliseconds. */
export function parseDuration(text: string): number {
  const [, number, unit = 's'] = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h)?$/.exec(text.trim()) ?? []
  const ms = Number(number) * MS_PER_UNIT[unit]!
  if (!(ms > 0 && ms < 2 ** 31))
    throw new OperatorError(`${JSON.stringify(text)} is no time; give one as 500ms, 10s or 5m.`)
  return ms
}

/** Parses a number of files that are sent at a time. */
export function parseJobs(text: string): number {
  const jobs = Number(text)
  if (!Number.isInteger(jobs) || jobs < 1 || jobs > MAX_JOBS_COUNT)
    throw new OperatorError(`${JSON.stringify(text)} won't do; give --jobs 1 to ${MAX_JOBS_COUNT}.`)
  return jobs
}

/** Parses somebody's name. */
export function parsePersonName(text: string): string {
  const { personNameLength } = limits
  if (text.length <= personNameLength) return text
  throw new OperatorError(
    `That name is too long; give --by (WIREPHOTO_NAME) one of up to ${personNameLength} letters.`,
  )
}
