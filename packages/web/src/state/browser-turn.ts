import { openChannel } from '@wirephoto/client'

/** How long a claim stands open before it holds. */
const CLAIM_MS = 60
/** How often a claim is made again, in case the page that had the turn has crashed. */
const RETRY_INTERVAL_MS = 3_000

type TurnState = 'idle' | 'claiming' | 'waiting' | 'held'

type Message =
  | { readonly kind: 'claim' | 'free'; readonly from: string }
  | { readonly kind: 'taken'; readonly from: string; readonly to: string }

/**
 * A turn that one page of this browser has at a time. Web Locks would do, but plain http has none.
 *
 *   idle ── request ──► claiming ── nobody objects ──► held ── release ──► idle
 *                        ▲    │ another has it, or claims it with a lower id
 *                        │    ▼
 *                        └─ waiting
 *              it is free, or a while later
 *
 * A page that is busy for longer than a claim stands open objects too late. Two have the turn then, and the one with
 * the higher id lets go.
 */
export class BrowserTurn {
  readonly #me = Math.random().toString(36).slice(2)
  readonly #channel: BroadcastChannel | null
  readonly #onChange: (isHeld: boolean) => void
  #state: TurnState = 'idle'
  #timer: ReturnType<typeof setTimeout> | undefined

  /** `onChange` is called each time that this page gets the turn, and when another page takes it away. */
  constructor(name: string, onChange: (isHeld: boolean) => void) {
    this.#onChange = onChange
    this.#channel = openChannel(name)
    if (this.#channel)
      this.#channel.onmessage = ({ data }: MessageEvent<Message>) => this.#onMessage(data)
    addEventListener('pagehide', () => this.release())
  }

  request(): void {
    if (this.#state === 'idle') this.#claim()
  }

  release(): void {
    if (this.#state === 'held') this.#post({ kind: 'free', from: this.#me })
    this.#enter('idle')
  }

  #claim(): void {
    this.#enter('claiming', CLAIM_MS, () => {
      this.#enter('held')
      this.#onChange(true)
    })
    this.#post({ kind: 'claim', from: this.#me })
  }

  #wait(delayMs: number): void {
    this.#enter('waiting', delayMs, () => this.#claim())
  }

  #onMessage(message: Message): void {
    const isClaiming = this.#state === 'claiming'
    if (message.kind === 'taken') {
      if (message.to === this.#me) this.#onTaken(message.from)
    } else if (message.kind === 'free') {
      if (this.#state === 'waiting') this.#wait(Math.random() * CLAIM_MS)
    } else if (this.#state === 'held' || (isClaiming && this.#me < message.from))
      this.#object(message.from)
    else if (isClaiming) this.#wait(RETRY_INTERVAL_MS)
  }

  #onTaken(by: string): void {
    if (this.#state === 'claiming') this.#wait(RETRY_INTERVAL_MS)
    if (this.#state !== 'held') return
    if (this.#me < by) return this.#object(by)
    this.#wait(RETRY_INTERVAL_MS)
    this.#onChange(false)
  }

  #object(to: string): void {
    this.#post({ kind: 'taken', from: this.#me, to })
  }

  #enter(state: TurnState, delayMs = 0, then?: () => void): void {
    clearTimeout(this.#timer)
    this.#state = state
    if (then) this.#timer = setTimeout(then, delayMs)
  }

  #post(message: Message): void {
    this.#channel?.postMessage(message)
  }
}
