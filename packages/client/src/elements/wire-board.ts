import { inBackground } from '../in-background.ts'
import { type Asks, BoardElement } from './board-element.ts'
import { elementWords } from './words.ts'

/**
 * `<wire-board src="https://host/b/kitchen" token="…">`: a board, with each of its changes. Who may add gets a button,
 * and drops files.
 */
export class WireBoard extends BoardElement {
  protected readonly emptyText = elementWords.empty
  /** Takes the controls for adding away. */
  #endSending: (() => void) | null = null

  protected override onRights(maySend: boolean, asks: Asks): void {
    if (!maySend) this.onClosed()
    else if (!this.#endSending) inBackground(this.#offerSending(asks))
  }

  protected override onClosed(): void {
    this.#endSending?.()
    this.#endSending = null
  }

  /** Loads the controls for adding. */
  async #offerSending(asks: Asks): Promise<void> {
    const ended = new AbortController()
    this.#endSending = () => ended.abort()
    const { offerSending } = await import('./sending.ts')
    if (ended.signal.aborted) return
    offerSending(this, this.shadow, asks, ended.signal)
  }
}
