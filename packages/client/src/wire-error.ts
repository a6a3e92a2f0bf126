import { WireError } from '@wirephoto/board'
import type { Problem } from './types.ts'

/** Returns the error to throw for what the server has said, in its own words. */
export const toWireError = (problem: Problem): WireError =>
  Object.assign(new WireError(problem.code), problem)
