import { problemIn, WireError } from '@wirephoto/board'
import { serverUrl } from './server-url.ts'

/** The time that the server has for an answer. */
const ANSWER_TIMEOUT_MS = 15_000

/**
 * Asks the server for something beside the board itself. Rejects with a `WireError` if it refuses, and with
 * another error if it doesn't answer, or something else answers in its place.
 */
export async function request<T>(method: string, path: string, body?: object): Promise<T> {
  const response = await fetch(serverUrl + path, {
    method,
    cache: 'no-store',
    // The server never redirects: whoever does stands between.
    redirect: 'error',
    signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
    ...(body && {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }),
  })
  const text = await response.text()
  if (response.ok) return (text === '' ? undefined : JSON.parse(text)) as T
  const problem = problemIn(response.status, text)
  throw problem
    ? Object.assign(new WireError(problem.code), { message: problem.message })
    : new Error(`Something answers in the server's place: ${response.status}`)
}
