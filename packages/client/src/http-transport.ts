import {
  type Arrivals,
  type ChangesAnswer,
  type Command,
  type Cursor,
  type FollowAnswer,
  problemIn,
  WIRE_VERSION,
} from '@wirephoto/board'
import { Emitter } from './events.ts'
import { inBackground } from './in-background.ts'
import type { Transport, TransportEvents } from './transport.ts'
import type { ErrorAnswer, Problem } from './types.ts'
import { type BoardEndpoint, boardPageUrl } from './urls.ts'

/** Time for an answer that the server holds: 25 s, and the way there and back. */
const HELD_TIMEOUT_MS = 40_000
const ASK_TIMEOUT_MS = 10_000
/** Time between two looks of a page that nobody sees: it holds no connection, as browsers have few. */
const HIDDEN_INTERVAL_MS = 4_000

/**
 * The way to the server by plain requests (SPEC.md W21 to W24). It asks for changes again and again, and is
 * held until there are some. People, pushed previews and seen reports don't come this way.
 */
export class HttpTransport extends Emitter<TransportEvents> implements Transport {
  readonly #endpoint: BoardEndpoint
  readonly #arriving = new Set<string>()
  /** The downloads that were told last, as JSON. */
  #downloads = ''
  #polling = new AbortController()
  isOpen = false

  constructor(endpoint: BoardEndpoint) {
    super()
    this.#endpoint = endpoint
  }

  open(): void {
    this.isOpen = true
    queueMicrotask(() => this.isOpen && this.emit('connected', undefined))
  }

  /** Asks for no more changes. A message of commands under way is still answered. */
  close(): void {
    this.isOpen = false
    this.#arriving.clear()
    this.#polling.abort()
  }

  async ask<T>(event: string, body: object, timeoutMs: number): Promise<T | ErrorAnswer> {
    const asking = event === 'follow' ? this.#follow(body, timeoutMs) : this.#send(body, timeoutMs)
    return (await asking) as T | ErrorAnswer
  }

  tell(): void {
    // Nobody is told who is here, and what they do.
  }

  async #follow(body: object, timeoutMs: number): Promise<FollowAnswer | ErrorAnswer> {
    const { cursor } = body as { cursor: Cursor }
    this.#polling.abort()
    const polling = new AbortController()
    this.#polling = polling
    const answer = await this.#changes(cursor, timeoutMs, polling.signal, true)
    if ('error' in answer) return answer
    const { visitor, role, now } = answer
    const at = this.#receive(answer)
    if (at) inBackground(this.#poll(at, polling.signal))
    return { visitor, role, session: '', resumed: at !== null, now }
  }

  async #poll(from: Cursor, signal: AbortSignal): Promise<void> {
    let why: Problem | null = null
    try {
      for (let at = from; !signal.aborted; ) {
        const answer = await this.#next(at, signal)
        if (signal.aborted) return
        if ('error' in answer) {
          why = answer.error
          break
        }
        const next = this.#receive(answer)
        if (!next) return this.emit('reload', undefined)
        at = next
      }
    } catch {
      // There was no answer, or none that can be read.
    }
    if (!signal.aborted) this.emit('lost', why)
  }

  /** Resolves with the next changes. A proxy may have less patience than the server, so it asks twice. */
  async #next(at: Cursor, signal: AbortSignal): Promise<ChangesAnswer | ErrorAnswer> {
    if (isHidden()) {
      await pause(HIDDEN_INTERVAL_MS, signal)
      return this.#changes(at, ASK_TIMEOUT_MS, signal, true)
    }
    try {
      return await this.#changes(at, HELD_TIMEOUT_MS, signal)
    } catch {
      return await this.#changes(at, ASK_TIMEOUT_MS, signal, true)
    }
  }

  /** Passes an answer on. Returns the cursor to go on from; null if it can't be read from. */
  #receive({ changes, arrivals, downloads, build }: ChangesAnswer): Cursor | null {
    if (build !== null) this.emit('build', build)
    if (changes && changes.from !== changes.to) this.emit('changes', changes)
    const ended = [...this.#arriving].filter((id) => !arrivals[id])
    for (const id of ended) this.#arriving.delete(id)
    for (const id of Object.keys(arrivals)) this.#arriving.add(id)
    if (this.#arriving.size > 0 || ended.length > 0) {
      const gone: Arrivals = Object.fromEntries(ended.map((id) => [id, null]))
      this.emit('arrivals', { ...arrivals, ...gone })
    }
    const told = downloads ? JSON.stringify(downloads) : ''
    if (downloads && told !== this.#downloads) this.emit('downloads', downloads)
    this.#downloads = told
    return changes && changes.to
  }

  #changes(
    cursor: Cursor,
    timeoutMs: number,
    signal: AbortSignal,
    atOnce = false,
  ): Promise<ChangesAnswer | ErrorAnswer> {
    const wait = atOnce ? '&wait=0' : ''
    return this.#fetch(
      `changes?after=${encodeURIComponent(cursor)}${wait}&`,
      'changes',
      timeoutMs,
      {
        signal,
      },
    )
  }

  /** Sends a message of commands. */
  #send(message: object, timeoutMs: number): Promise<unknown> {
    const { client, n, commands } = message as { client: string; n: number; commands: Command[] }
    return this.#fetch('commands?', 'seq', timeoutMs, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ client, n, commands }),
    })
  }

  /** Resolves with the server's own answer, which has the field `sign`. Rejects for anybody else's. */
  async #fetch<T extends object>(
    path: string,
    sign: string,
    timeoutMs: number,
    { headers, signal, ...init }: RequestInit,
  ): Promise<T | ErrorAnswer> {
    const endpoint = this.#endpoint
    const stop = new AbortController()
    const abort = () => stop.abort()
    const timer = setTimeout(abort, timeoutMs)
    signal?.addEventListener('abort', abort)
    try {
      const response = await fetch(`${boardPageUrl(endpoint)}/${path}wire=${WIRE_VERSION}`, {
        ...init,
        headers: { ...endpoint.headers, ...(headers as Record<string, string>) },
        cache: 'no-store',
        // The server never redirects: whoever does stands between.
        redirect: 'error',
        signal: stop.signal,
      })
      const text = await response.text()
      const error = response.ok ? null : problemIn(response.status, text)
      if (error) return { error }
      const body = JSON.parse(text) as T
      // Gateways and login pages answer 200 too.
      if (!response.ok || !(sign in body)) throw new Error(response.statusText)
      return body
    } finally {
      clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
    }
  }
}

const isHidden = (): boolean => typeof document !== 'undefined' && document.hidden

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    // The signal is the connection's, which may live for days.
    const done = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, milliseconds)
    signal.addEventListener('abort', done)
  })
}
