import { problemIn } from '@wirephoto/board'
import { toWireError } from './wire-error.ts'

/** Resolves to an answer that is fine. Rejects with the error that any other one tells. */
export async function answered(answer: Promise<Response>): Promise<Response> {
  const response = await answer
  if (response.ok) return response
  const problem = problemIn(response.status, await response.text())
  throw problem ? toWireError(problem) : new Error(response.statusText)
}
