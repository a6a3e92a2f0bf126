import {
  type ClientRequest,
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
} from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { isAccessCode, isRetryable, problemIn, WireError } from '@wirephoto/board'
import { exitCodes } from '../exit-codes.ts'
import { OperatorError } from '../operator-error.ts'
import type { RemoteBoard } from './board-option.ts'

/** Time without a byte in either direction after which a connection is given up. A server decodes meanwhile. */
const SILENCE_MS = 120_000

const agents = {
  http: new HttpAgent({ keepAlive: true }),
  https: new HttpsAgent({ keepAlive: true }),
}

/** A file as the body of a request. It is opened as it is sent, so it takes no memory. */
export interface SentFile {
  readonly bytes: number
  open(): Readable
}

interface Question {
  readonly method?: 'GET' | 'PUT' | 'POST' | 'PATCH' | 'DELETE'
  /** The address, from the server's own on. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly file?: SentFile
  readonly json?: object
  readonly signal: AbortSignal
  /** Called with the number of bytes of the file that have left. */
  readonly onSent?: (bytes: number) => void
}

/** Nobody answers at the server's address, or the connection broke. */
export class NoAnswerError extends Error {
  override readonly name = 'NoAnswerError'
}

/** A file that changed while it was sent. */
export class FileChangedError extends Error {
  override readonly name = 'FileChangedError'
}

/** Asks the server of a board. Rejects with `NoAnswerError`, or the signal's reason. */
export async function ask(board: RemoteBoard, question: Question): Promise<IncomingMessage> {
  const { method = 'GET', path, file, json, signal, onSent } = question
  signal.throwIfAborted()
  const body = json && Buffer.from(JSON.stringify(json))
  const headers = {
    ...board.headers,
    ...question.headers,
    ...(file && { 'content-length': String(file.bytes) }),
    ...(body && { 'content-length': String(body.length), 'content-type': 'application/json' }),
  }
  const url = new URL(board.url + path)
  const isSecure = url.protocol === 'https:'
  const request = isSecure
    ? httpsRequest(url, { method, headers, agent: agents.https, signal })
    : httpRequest(url, { method, headers, agent: agents.http, signal })
  request.setTimeout(SILENCE_MS, () => request.destroy(new Error('silence')))
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  request.once('response', resolve)
  request.on('error', (cause) => {
    if (cause instanceof FileChangedError) reject(cause)
    else reject(signal.aborted ? signal.reason : new NoAnswerError('No answer', { cause }))
  })
  if (file) send(request, file, onSent)
  else request.end(body)
  return await promise
}

/** Sends a file, until the server answers: it may refuse a file before all of it is there. */
function send(
  request: ClientRequest,
  { bytes, open }: SentFile,
  onSent?: (bytes: number) => void,
): void {
  const source = open()
  let sent = 0
  request.once('response', () => source.destroy())
  request.once('close', () => source.destroy())
  request.on('drain', () => source.resume())
  source.on('data', (chunk: Buffer) => {
    sent += chunk.length
    onSent?.(sent)
    if (!request.write(chunk)) source.pause()
  })
  source.once('error', (cause) => request.destroy(new FileChangedError('Unreadable', { cause })))
  source.once('end', () => {
    if (sent === bytes) request.end()
    else request.destroy(new FileChangedError('Another length'))
  })
}

/** Reads an answer in JSON. Rejects with the server's `WireError`, or with `NoAnswerError` for what isn't the server's. */
export async function answerOf<T>(board: RemoteBoard, answer: IncomingMessage): Promise<T> {
  const status = answer.statusCode ?? 0
  const body = await text(answer).catch((cause: unknown) => {
    throw new NoAnswerError('Broken off', { cause })
  })
  if (
    status >= 200 &&
    status < 300 &&
    answer.headers['content-type']?.startsWith('application/json')
  )
    return JSON.parse(body) as T
  const problem = problemIn(status, body)
  const retryAfterS = Number(answer.headers['retry-after']) || undefined
  if (problem)
    throw Object.assign(new WireError(problem.code, { retryAfterS }), { message: problem.message })
  // Something between here and the server may be out of order for a while.
  if (status >= 500) throw new NoAnswerError(`Status ${status}`)
  throw new OperatorError(
    `${board.url} is no Wirephoto server; give another with --url (WIREPHOTO_URL).`,
  )
}

/** Asks for a picture's record, or something else in JSON. */
export const askFor = async <T>(board: RemoteBoard, question: Question): Promise<T> =>
  await answerOf<T>(board, await ask(board, question))

/** Returns whether the same may succeed in a while. */
export const isPassing = (error: unknown): boolean =>
  error instanceof NoAnswerError ||
  (error instanceof WireError &&
    isRetryable(error.code) &&
    !['not-found', 'upload-gone', 'board-full'].includes(error.code))

/** Returns what to tell of an error that ends a command; null for one that is about a single file. */
export function endingOf(board: RemoteBoard, error: unknown): OperatorError | null {
  if (error instanceof OperatorError) return error
  const isLate = error instanceof Error && 'code' in error && error.code === 'no-answer'
  if (error instanceof NoAnswerError || isLate)
    return new OperatorError(
      `There is no answer from ${board.url}; see whether the server runs, and whether --url (WIREPHOTO_URL) is right.`,
      {
        exitCode: exitCodes.noAnswer,
        cause: error,
      },
    )
  if (!(error instanceof WireError)) return null
  const { code, message } = error
  if (isAccessCode(code) || REFUSALS.has(code))
    return new OperatorError(message, { exitCode: exitCodes.refused, cause: error })
  if (isPassing(error) || code === 'board-full')
    return new OperatorError(message, { exitCode: exitCodes.partly, cause: error })
  return null
}

/** The codes by which a server refuses us, whatever we send. */
const REFUSALS: ReadonlySet<string> = new Set([
  'not-allowed',
  'owner-needed',
  'wrong-code',
  'unknown-board',
  'foreign-host',
])
