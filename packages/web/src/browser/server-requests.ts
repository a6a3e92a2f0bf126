import { problemIn, WireError } from '@wirephoto/board'
import { serverUrl } from './server-url.ts'

/** The time that the server has for an answer. */
const ANSWER_TIMEOUT_MS = 15_000

/** The error of a request that something else than the server has answered. */
export class ForeignAnswer extends Error {
  override readonly name = 'ForeignAnswer'
}

/**
 * Asks the server for something beside the board itself. Rejects with a `WireError` if it refuses, with
 * `ForeignAnswer` if something else answers in its place, and with another error if nobody does.
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
  if (response.ok) return (text === '' ? undefined : parse(text)) as T
  const problem = problemIn(response.status, text)
  throw problem
    ? Object.assign(new WireError(problem.code), { message: problem.message })
    : new ForeignAnswer(String(response.status))
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new ForeignAnswer('no JSON', { cause })
  }
}
