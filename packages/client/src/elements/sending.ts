import type { Board } from '../board.ts'
import { inBackground } from '../in-background.ts'
import { memoryStore } from '../memory-store.ts'
import type { Asks } from './board-element.ts'
import { elementWords } from './words.ts'

/** Puts a button into the element, and takes files that are dropped on it, until the signal is aborted. */
export function offerSending(
  host: HTMLElement,
  shadow: ShadowRoot,
  asks: Asks,
  signal: AbortSignal,
): void {
  const input = document.createElement('input')
  Object.assign(input, { type: 'file', accept: 'image/*', multiple: true, hidden: true })
  const button = document.createElement('button')
  Object.assign(button, { type: 'button', textContent: elementWords.add })
  const refusals = document.createElement('p')
  refusals.role = 'status'
  const sender = new Sender(asks)
  const send = (files: Iterable<File>) => {
    refusals.textContent = ''
    for (const file of files)
      inBackground(
        sender.send(file).catch((error: Error) => {
          refusals.append(error.message, document.createElement('br'))
        }),
      )
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
  shadow.append(button, input, refusals)
  signal.addEventListener('abort', () => {
    button.remove()
    input.remove()
    refusals.remove()
    host.removeAttribute('data-over')
  })
}

/** A connection that lasts while files are sent: looking needs another one, which sends nothing. */
class Sender {
  readonly #asks: Asks
  #opening: Promise<Board> | null = null
  #sendingCount = 0

  constructor(asks: Asks) {
    this.#asks = asks
  }

  async send(file: File): Promise<void> {
    this.#sendingCount++
    this.#opening ??= open(this.#asks)
    const opening = this.#opening
    try {
      await (await opening).add(file)
    } finally {
      if (--this.#sendingCount === 0) {
        this.#opening = null
        await (await opening).close()
      }
    }
  }
}

/** Opens a board that sends, with code that is loaded then. */
async function open(asks: Asks): Promise<Board> {
  const { openBoard } = await import('../board.ts')
  return openBoard({ ...asks, store: memoryStore() })
}
