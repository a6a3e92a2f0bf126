import { WireError } from '@wirephoto/board'

/** Time in which an engine answers if its database is there. A page waits twice as long for its server. */
const SILENCE_MS = 5_000

/** Watches the calls that a board awaits one after another, and tells when the engine doesn't answer. */
export class EngineWatch {
  readonly #onSilence: () => void
  #isSilent = false

  constructor(onSilence: () => void) {
    this.#onSilence = onSilence
  }

  /** Whether the call under way has gone without an answer for too long. */
  get isSilent(): boolean {
    return this.#isSilent
  }

  /** Awaits a call, however long it takes. */
  async observe<T>(call: Promise<T>): Promise<T> {
    const timer = setTimeout(() => {
      this.#isSilent = true
      this.#onSilence()
    }, SILENCE_MS)
    try {
      return await call
    } finally {
      clearTimeout(timer)
      this.#isSilent = false
    }
  }
}

/** Awaits a call of the engine. Rejects with `away` if it isn't answered in time. */
export async function inTime<T>(call: Promise<T>, timeoutMs = SILENCE_MS): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const silence = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new WireError('away')), timeoutMs)
  })
  try {
    return await Promise.race([call, silence])
  } finally {
    clearTimeout(timer)
  }
}
