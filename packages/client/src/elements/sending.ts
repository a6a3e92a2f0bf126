import { type Board, openBoard } from '../board.ts'
import { inBackground } from '../in-background.ts'
import { memoryStore } from '../memory-store.ts'
import type { OpenOptions } from '../types.ts'
import { elementWords } from './words.ts'

interface Sending {
  /** The board, and who asks. */
  readonly asks: Pick<OpenOptions, 'url' | 'board' | 'token'>
  /** Takes the controls away. */
  readonly signal: AbortSignal
  /** Tells the person why a file isn't added. */
  readonly say: (sentence: string) => void
}

/** Puts a button into the element, and takes files that are dropped on it. */
export function offerSending(
  host: HTMLElement,
  shadow: ShadowRoot,
  { asks, signal, say }: Sending,
): void {
  const input = document.createElement('input')
  Object.assign(input, { type: 'file', accept: 'image/*', multiple: true, hidden: true })
  const button = document.createElement('button')
  Object.assign(button, { type: 'button', textContent: elementWords.add })
  const sender = new Sender(asks)
  const send = (files: Iterable<File>) => {
    for (const file of files)
      inBackground(sender.send(file).catch((error: Error) => say(error.message)))
  }
  button.addEventListener('click', () => input.click())
  input.addEventListener('change', () => {
    send([...(input.files ?? [])])
    input.value = ''
  })
  const over = (event: DragEvent) => {
    if (!event.dataTransfer?.types.includes('Files')) return
    event.preventDefault()
    host.toggleAttribute('data-over', event.type === 'dragover')
  }
  host.addEventListener('dragover', over, { signal })
  host.addEventListener('dragleave', over, { signal })
  host.addEventListener(
    'drop',
    (event) => {
      over(event)
      send(event.dataTransfer?.files ?? [])
    },
    { signal },
  )
  shadow.append(button, input)
  signal.addEventListener('abort', () => {
    button.remove()
    input.remove()
    host.removeAttribute('data-over')
  })
}

/** A connection that lasts while files are sent: looking needs another one, which sends nothing. */
class Sender {
  readonly #asks: Sending['asks']
  #board: Board | null = null
  #sendingCount = 0

  constructor(asks: Sending['asks']) {
    this.#asks = asks
  }

  async send(file: File): Promise<void> {
    this.#sendingCount++
    this.#board ??= openBoard({ ...this.#asks, store: memoryStore() })
    const board = this.#board
    try {
      await board.add(file)
    } finally {
      if (--this.#sendingCount === 0) {
        this.#board = null
        await board.close()
      }
    }
  }
}
