import { boardAddressOf, boxOf } from '@wirephoto/board'
import { BoardReader } from '../board-reader.ts'
import { inBackground } from '../in-background.ts'
import { observePictures } from '../observe-pictures.ts'
import type { Asks } from './sending.ts'
import { type Frame, Tile } from './tile.ts'
import { elementWords } from './words.ts'

/** Pictures this near the view are loaded. */
const NEAR_VIEW = '200px'

const STYLE = `
:host { display: block; position: relative; min-height: 2em; color: inherit; font: inherit }
:host([hidden]) { display: none }
.pictures { position: relative; width: 100%; isolation: isolate }
img { position: absolute; display: block; object-fit: cover; background: #8883; font-size: 12px; overflow: hidden }
p { margin: .5em 0 }
p:empty { display: none }
button { font: inherit; margin: .5em 0; padding: .4em .8em; cursor: pointer }
:host([data-over]) { outline: 3px solid Highlight; outline-offset: -3px }
`

const htmlElement = globalThis.HTMLElement ?? class {}

/**
 * `<wire-board src="https://host/b/kitchen" token="…">`: a board on any page whose origin the server allows, as wide as
 * the element. `src` may be a link with its secret. Who may add gets a button, and drops files.
 */
export class WireBoard extends htmlElement {
  static readonly observedAttributes = ['src', 'token']
  readonly #shadow = this.attachShadow({ mode: 'open' })
  readonly #pictures = document.createElement('div')
  readonly #state = document.createElement('p')
  readonly #tiles = new Map<string, Tile>()
  readonly #byImage = new WeakMap<Element, Tile>()
  #board: BoardReader | null = null
  #inView: IntersectionObserver | null = null
  #isOpening = false
  /** Takes the controls for adding away. */
  #endSending: (() => void) | null = null

  constructor() {
    super()
    const style = new CSSStyleSheet()
    style.replaceSync(STYLE)
    this.#shadow.adoptedStyleSheets = [style]
    this.#pictures.className = 'pictures'
    this.#pictures.role = 'group'
    this.#state.role = 'status'
    this.#shadow.append(this.#pictures, this.#state)
  }

  connectedCallback(): void {
    this.#openSoon()
  }

  disconnectedCallback(): void {
    this.#close()
  }

  attributeChangedCallback(): void {
    this.#openSoon()
  }

  /** Opens the board, once for all attributes that are set together. */
  #openSoon(): void {
    if (this.#isOpening) return
    this.#isOpening = true
    queueMicrotask(() => {
      this.#isOpening = false
      this.#close()
      if (this.isConnected) this.#open()
    })
  }

  #open(): void {
    const src = this.getAttribute('src')
    if (!src || !URL.canParse(src, document.baseURI)) {
      this.#state.textContent = elementWords.noSource
      return
    }
    const { secret, ...at } = boardAddressOf(new URL(src, document.baseURI))
    const token = this.getAttribute('token') || secret
    const asks = { ...at, ...(token && { token }) }
    const board = new BoardReader(asks)
    this.#board = board
    this.#inView = new IntersectionObserver(
      (entries) => {
        for (const { target, isIntersecting } of entries)
          this.#byImage.get(target)?.setInView(isIntersecting)
      },
      { rootMargin: NEAR_VIEW },
    )
    board.on('arrivals', (ids) => {
      for (const id of ids) this.#tiles.get(id)?.refresh()
    })
    board.onStatus(() => this.#onStatus(board, asks))
    board.on('settings', ({ title }) => {
      this.#pictures.ariaLabel = title
    })
    observePictures(board).subscribe((pictures) => this.#arrange(board, pictures))
    this.#onStatus(board, asks)
  }

  #close(): void {
    this.#endSending?.()
    this.#endSending = null
    this.#inView?.disconnect()
    for (const tile of this.#tiles.values()) tile.remove()
    this.#tiles.clear()
    const board = this.#board
    this.#board = null
    board?.close()
  }

  #onStatus(board: BoardReader, asks: Asks): void {
    if (board !== this.#board) return
    const { refused, role } = board.status
    if (refused) this.#arrange(board, [])
    this.#say(board)
    const maySend = !refused && role !== null && role !== 'view'
    if (!maySend) {
      this.#endSending?.()
      this.#endSending = null
    } else if (!this.#endSending) inBackground(this.#offerSending(asks))
  }

  /** Says how it stands: nothing while pictures are shown and the server answers. */
  #say({ status }: BoardReader): void {
    const { connection, refused, trouble, loaded } = status
    const isEmpty = loaded && this.#tiles.size === 0
    this.#state.textContent =
      (refused ?? trouble)?.message ||
      (connection === 'offline' && elementWords.offline) ||
      (!loaded && elementWords.connecting) ||
      (isEmpty ? elementWords.empty : '')
  }

  /** Loads the controls for adding. */
  async #offerSending(asks: Asks): Promise<void> {
    const ended = new AbortController()
    this.#endSending = () => ended.abort()
    const { offerSending } = await import('./sending.ts')
    if (ended.signal.aborted) return
    offerSending(this, this.#shadow, asks, ended.signal)
  }

  #arrange(board: BoardReader, pictures: ReturnType<typeof observePictures>['current']): void {
    if (board !== this.#board) return
    const frame = frameOf(pictures)
    this.#pictures.style.aspectRatio = pictures.length > 0 ? `${frame.w} / ${frame.h}` : ''
    const left = new Set(this.#tiles.keys())
    for (const [order, record] of pictures.entries()) {
      left.delete(record.id)
      const tile = this.#tiles.get(record.id) ?? this.#add(board, record.id)
      tile?.update(record, frame, order)
    }
    for (const id of left) {
      const tile = this.#tiles.get(id)!
      this.#inView?.unobserve(tile.image)
      tile.remove()
      this.#tiles.delete(id)
    }
    this.#say(board)
  }

  #add(board: BoardReader, id: string): Tile | null {
    const record = board.pictures.get(id)
    if (!record) return null
    const tile = new Tile(board, record)
    this.#tiles.set(id, tile)
    this.#byImage.set(tile.image, tile)
    this.#pictures.append(tile.image)
    this.#inView?.observe(tile.image)
    return tile
  }
}

/** Returns the smallest part of the board that holds all these pictures. */
function frameOf(pictures: ReturnType<typeof observePictures>['current']): Frame {
  let [left, top] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]
  let [right, bottom] = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const { x, y, w, h } of pictures.map(boxOf)) {
    left = Math.min(left, x)
    top = Math.min(top, y)
    right = Math.max(right, x + w)
    bottom = Math.max(bottom, y + h)
  }
  return { x: left, y: top, w: right - left, h: bottom - top }
}

/** Defines the elements, unless the page has done so. */
export function defineElements(): void {
  if (!customElements.get('wire-board')) customElements.define('wire-board', WireBoard)
}
