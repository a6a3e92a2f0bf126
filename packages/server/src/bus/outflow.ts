import { type Addressed, encodeMessage, joined, keyOf, MESSAGE_BYTES } from './message.ts'

/** Bytes that may be on their way to one place. */
const IN_FLIGHT_BYTES = 2 * MESSAGE_BYTES
/** Bytes, and messages, that may wait beyond those. The oldest are dropped. */
const WAITING_BYTES = 4 * MESSAGE_BYTES
const WAITING_COUNT = 4_096

interface Waiting {
  readonly addressed: Addressed
  readonly bytes: Buffer
}

/** The messages to one place: bounded in bytes, and of those that wait under one key, the latest (F12). */
export class Outflow {
  readonly #send: (bytes: Buffer, board: string) => Promise<void>
  readonly #waiting = new Map<string, Waiting>()
  #waitingBytes = 0
  #inFlightBytes = 0
  #lastNumber = 0
  #isClosed = false

  /** Sends with a function that resolves when the bytes have gone. */
  constructor(send: (bytes: Buffer, board: string) => Promise<void>) {
    this.#send = send
  }

  /** Bytes that have neither gone nor been dropped. */
  get pendingBytes(): number {
    return this.#waitingBytes + this.#inFlightBytes
  }

  /** Sends a message, now or when there is room. One that is too large is dropped. */
  add(addressed: Addressed): void {
    if (this.#isClosed) return
    const key = keyOf(addressed.board, addressed.message) ?? `${++this.#lastNumber}`
    const earlier = this.#waiting.get(key)
    if (earlier) this.#drop(key, earlier)
    const whole = earlier
      ? { ...addressed, message: joined(earlier.addressed.message, addressed.message) }
      : addressed
    const bytes = encodeMessage(whole) ?? encodeMessage(addressed)
    if (!bytes) return
    this.#waiting.set(key, { addressed: whole, bytes })
    this.#waitingBytes += bytes.length
    for (const [oldest, waiting] of this.#waiting) {
      if (this.#waitingBytes <= WAITING_BYTES && this.#waiting.size <= WAITING_COUNT) break
      this.#drop(oldest, waiting)
    }
    this.#sendWaiting()
  }

  /** Drops what waits, and takes no more. */
  close(): void {
    this.#isClosed = true
    this.#waiting.clear()
    this.#waitingBytes = 0
  }

  #drop(key: string, { bytes }: Waiting): void {
    this.#waiting.delete(key)
    this.#waitingBytes -= bytes.length
  }

  #sendWaiting(): void {
    for (const [key, waiting] of this.#waiting) {
      const { bytes, addressed } = waiting
      if (this.#inFlightBytes > 0 && this.#inFlightBytes + bytes.length > IN_FLIGHT_BYTES) return
      this.#drop(key, waiting)
      this.#inFlightBytes += bytes.length
      const done = (): void => {
        this.#inFlightBytes -= bytes.length
        this.#sendWaiting()
      }
      this.#send(bytes, addressed.board).then(done, done)
    }
  }
}
