import { type Accessor, type Component, createSignal } from 'solid-js'

/** Time after the page is live when it fetches all panels: by then nothing else is being loaded. */
const PRELOAD_DELAY_MS = 3_000

type PanelName =
  | 'palette'
  | 'keys'
  | 'save'
  | 'trash'
  | 'activity'
  | 'boards'
  | 'settings'
  | 'share'
  | 'clear'
  | 'waiting'
  | 'lightbox'
  | 'filmstrip'

/** The component of each panel. */
export type PanelViews = Readonly<Record<PanelName, Component>>

interface OpenPanel {
  readonly name: PanelName | 'name'
  readonly view: Component | null
}

/** The panel that is open over the board, at most one; `name` is the field for the board's name. */
export class Panels {
  readonly now: Accessor<PanelName | 'name' | null>
  /** The id of the picture that the lightbox shows. */
  readonly large: Accessor<string | null>
  readonly view: Accessor<Component | null>
  readonly #loadViews: () => Promise<PanelViews>
  readonly #onMissing: () => void
  readonly #set: (open: OpenPanel | null) => void
  readonly #setLarge: (id: string) => void
  /** Loaded panels open synchronously, so that the keys pressed next go to them. */
  #views: PanelViews | null = null
  /** The latest request. An earlier one whose panel loads late doesn't open it. */
  #asked: object | null = null

  /** Calls `onMissing` when a panel that shall be opened can't be loaded. */
  constructor(loadViews: () => Promise<PanelViews>, onMissing: () => void) {
    const [open, set] = createSignal<OpenPanel | null>(null)
    const [large, setLarge] = createSignal<string | null>(null)
    this.#loadViews = loadViews
    this.#onMissing = onMissing
    this.#set = set
    this.#setLarge = setLarge
    this.now = () => open()?.name ?? null
    this.view = () => open()?.view ?? null
    this.large = () => (this.now() === 'lightbox' ? large() : null)
  }

  /** Opens a panel at once, or as soon as it is loaded. Calls `onMissing` if it can't be loaded. */
  open(name: Exclude<PanelName, 'lightbox'>): void {
    this.#open(name)
  }

  /** Shows a picture in the lightbox, in place of the one that it shows. */
  enlarge(id: string): void {
    this.#setLarge(id)
    if (this.now() !== 'lightbox') this.#open('lightbox')
  }

  rename(): void {
    this.#asked = null
    this.#set({ name: 'name', view: null })
  }

  readonly close = (): void => {
    this.#asked = null
    this.#set(null)
  }

  /** Loads all panels soon, so that they open without a connection too. Returns a function that cancels it. */
  preload(): () => void {
    const timer = setTimeout(() => this.#load().catch(() => {}), PRELOAD_DELAY_MS)
    return () => clearTimeout(timer)
  }

  #open(name: PanelName): void {
    const asked = {}
    this.#asked = asked
    const show = (views: PanelViews): void => {
      if (this.#asked === asked) this.#set({ name, view: views[name] })
    }
    if (this.#views) show(this.#views)
    else this.#load().then(show, () => this.#onMissing())
  }

  async #load(): Promise<PanelViews> {
    this.#views ??= await this.#loadViews()
    return this.#views
  }
}
