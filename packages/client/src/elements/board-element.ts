import { around, boardAddressOf, boxOf, type ImageRecord } from '@wirephoto/board'
import { BoardReader } from '../board-reader.ts'
import { type ObservablePictures, observePictures } from '../observe-pictures.ts'
import type { LiveFrame, OpenOptions } from '../types.ts'
import { Tile } from './tile.ts'
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

/** The board, and who asks for it. */
export type Asks = Pick<OpenOptions, 'url' | 'board' | 'token'>

type Pictures = ObservablePictures['current']

/**
 * An element that shows pictures of the board that its `src` and `token` name, on any page whose origin the server allows.
 * It is as wide as the page lets it. `src` may be a link with its secret.
 */
export abstract class BoardElement extends htmlElement {
  static readonly observedAttributes = ['src', 'token']
  protected readonly shadow = this.attachShadow({ mode: 'open' })
  readonly #pictures = document.createElement('div')
  readonly #state = document.createElement('p')
  /** The pictures that stand in it. */
  #shown: Pictures = []
  readonly #tiles = new Map<string, Tile>()
  readonly #byImage = new WeakMap<Element, Tile>()
  #board: BoardReader | null = null
  #inView: IntersectionObserver | null = null
  #isOpening = false

  constructor() {
    super()
    const style = new CSSStyleSheet()
    style.replaceSync(STYLE)
    this.shadow.adoptedStyleSheets = [style]
    this.#pictures.className = 'pictures'
    this.#pictures.role = 'group'
    this.#state.role = 'status'
    this.shadow.append(this.#pictures, this.#state)
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

  /** The sentence that it says while nothing stands in it, though the server answers. */
  protected abstract readonly emptyText: string

  /** Returns the board that an address names; null if it is none of such an element. */
  protected boardOf(address: URL): ReturnType<typeof boardAddressOf> | null {
    return boardAddressOf(address)
  }

  /** Returns the pictures that it shows, of those on the board. */
  protected chosen(pictures: Pictures): Pictures {
    return pictures
  }

  /** Returns what it says of the pictures that stand in it. */
  protected textOf(_pictures: Pictures): string {
    return ''
  }

  /** Told when the rights of who looks become known, or change. */
  protected onRights(_maySend: boolean, _asks: Asks): void {}

  /** Told when a picture comes, or another file or frame of one. */
  protected onNews(): void {}

  /** Told when the board is no longer looked at. */
  protected onClosed(): void {}

  /** Says how it stands: nothing while pictures are shown and the server answers. */
  protected say(): void {
    if (!this.#board) return
    const { connection, refused, trouble, loaded } = this.#board.status
    this.#state.textContent =
      (refused ?? trouble)?.message ||
      (connection === 'offline' && elementWords.offline) ||
      (!loaded && elementWords.connecting) ||
      (this.#shown.length > 0 ? this.textOf(this.#shown) : this.emptyText)
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
    const at =
      src && URL.canParse(src, document.baseURI)
        ? this.boardOf(new URL(src, document.baseURI))
        : null
    if (!at) {
      this.#state.textContent = elementWords.noSource
      return
    }
    const { secret, url, board: id } = at
    const token = this.getAttribute('token') || secret
    const asks = { url, board: id, ...(token && { token }) }
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
      for (const each of ids) this.#tiles.get(each)?.refresh()
    })
    board.on('frame', (frame) => this.#showFrame(frame))
    board.onStatus(() => this.#onStatus(board, asks))
    board.on('settings', ({ title }) => {
      this.#pictures.ariaLabel = title
    })
    observePictures(board).subscribe((pictures) => this.#arrange(board, this.chosen(pictures)))
    this.#onStatus(board, asks)
  }

  #close(): void {
    this.onClosed()
    this.#inView?.disconnect()
    for (const tile of this.#tiles.values()) tile.remove()
    this.#tiles.clear()
    this.#shown = []
    const board = this.#board
    this.#board = null
    board?.close()
  }

  #onStatus(board: BoardReader, asks: Asks): void {
    if (board !== this.#board) return
    const { connection, refused, role } = board.status
    if (refused) this.#arrange(board, [])
    // Frames may have been missed meanwhile, of which the last one is stored.
    if (connection === 'offline') for (const tile of this.#tiles.values()) tile.endFrames()
    this.say()
    this.onRights(!refused && role !== null && role !== 'view', asks)
  }

  #showFrame(frame: LiveFrame): void {
    const tile = this.#tiles.get(frame.id)
    if (!tile) return
    tile.showFrame(frame)
    this.onNews()
  }

  #arrange(board: BoardReader, pictures: Pictures): void {
    if (board !== this.#board) return
    this.#shown = pictures
    const frame = around(pictures.map(boxOf))
    this.#pictures.style.aspectRatio = frame ? `${frame.w} / ${frame.h}` : ''
    const left = new Set(this.#tiles.keys())
    for (const [order, record] of pictures.entries()) {
      left.delete(record.id)
      const known = this.#tiles.get(record.id)
      const tile = known ?? this.#add(board, record)
      const isOther = tile.update(record, frame!, order)
      if (known ? isOther : board.status.loaded) this.onNews()
    }
    for (const id of left) {
      const tile = this.#tiles.get(id)!
      this.#inView?.unobserve(tile.image)
      tile.remove()
      this.#tiles.delete(id)
    }
    this.say()
  }

  #add(board: BoardReader, record: ImageRecord): Tile {
    const tile = new Tile(board, record)
    this.#tiles.set(record.id, tile)
    this.#byImage.set(tile.image, tile)
    this.#pictures.append(tile.image)
    this.#inView?.observe(tile.image)
    return tile
  }
}
