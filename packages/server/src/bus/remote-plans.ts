import type { ArchiveAddress } from '../archive/kept-plans.ts'
import type { Elsewhere } from './elsewhere.ts'
import { NODE_REQUESTS_PATH } from './node-requests.ts'

/** The address of the plans of archives, for other servers. */
export const PLAN_PATH = `${NODE_REQUESTS_PATH}archive-plan`
/** Time in which the other server must have sent one. */
const FIND_TIMEOUT_MS = 5_000
/** Several times the plan of the fullest board. */
const PLAN_BYTES = 64 * 1024 * 1024

/** Finds the plan of an archive that another server has made, as its text. Null if none has it. */
export function findPlan(
  elsewhere: Elsewhere,
  { board, at, selection, form }: ArchiveAddress,
): Promise<string | null> {
  const query = new URLSearchParams({ board, at, form, ...(selection !== null && { selection }) })
  const path = `${PLAN_PATH}?${query}`
  return elsewhere.find({ path, timeoutMs: FIND_TIMEOUT_MS, maxBytes: PLAN_BYTES })
}
