import { openChannel } from '@wirephoto/client'

/** How long a claim stands open before it holds. */
const CLAIM_MS = 60
/** How often a claim is made again, in case the page that had the turn has crashed. */
const RETRY_INTERVAL_MS = 3_000

type TurnState = 'idle' | 'claiming' | 'waiting' | 'held'

type Message =
  | { readonly kind: 'claim' | 'free'; readonly from: string }
  | { readonly kind: 'taken'; readonly to: string }

/**
 * A turn that one page of this browser has at a time. Web Locks would do, but plain http has none.
 *
 *   idle ── request ──► claiming ── nobody objects ──► held ── release ──► idle
 *                        ▲    │ another has it, or claims it with a lower id
 *                        │    ▼
 *                        └─ waiting
 *              it is free, or a while later
 */
export class BrowserTurn {
  readonly #me = Math.random().toString(36).slice(2)
  readonly #channel: BroadcastChannel | null
  readonly #onHeld: () => void
  #state: TurnState = 'idle'
  #timer: ReturnType<typeof setTimeout> | undefined

  /** `onHeld` is called each time that this page gets the turn. */
  constructor(name: string, onHeld: () => void) {
    this.#onHeld = onHeld
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
      this.#onHeld()
    })
    this.#post({ kind: 'claim', from: this.#me })
  }

  #wait(delayMs: number): void {
    this.#enter('waiting', delayMs, () => this.#claim())
  }

  #onMessage(message: Message): void {
    const isClaiming = this.#state === 'claiming'
    if (message.kind === 'taken') {
      if (isClaiming && message.to === this.#me) this.#wait(RETRY_INTERVAL_MS)
    } else if (message.kind === 'free') {
      if (this.#state === 'waiting') this.#wait(Math.random() * CLAIM_MS)
    } else if (this.#state === 'held' || (isClaiming && this.#me < message.from))
      this.#post({ kind: 'taken', to: message.from })
    else if (isClaiming) this.#wait(RETRY_INTERVAL_MS)
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
