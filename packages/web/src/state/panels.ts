import { type Accessor, type Component, createSignal } from 'solid-js'

/** Time after the page is live when it fetches all panels: by then nothing else is being loaded. */
const PRELOAD_DELAY_MS = 3_000

type PanelName =
  | 'palette'
  | 'keys'
  | 'trash'
  | 'activity'
  | 'boards'
  | 'settings'
  | 'share'
  | 'lightbox'

/** A function for each panel that fetches its component. */
export type PanelLoaders = Readonly<Record<PanelName, () => Promise<Component>>>

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
  readonly #loaders: PanelLoaders
  readonly #onMissing: () => void
  readonly #set: (open: OpenPanel | null) => void
  readonly #setLarge: (id: string) => void
  /** Loaded panels open synchronously, so that the keys pressed next go to them. */
  readonly #loaded = new Map<PanelName, Component>()
  /** The latest request. An earlier one whose panel loads late doesn't open it. */
  #asked: object | null = null

  /** Calls `onMissing` when a panel that shall be opened can't be loaded. */
  constructor(loaders: PanelLoaders, onMissing: () => void) {
    const [open, set] = createSignal<OpenPanel | null>(null)
    const [large, setLarge] = createSignal<string | null>(null)
    this.#loaders = loaders
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
    const load = (): void => {
      for (const name of Object.keys(this.#loaders) as PanelName[])
        if (!this.#loaded.has(name)) this.#load(name).catch(() => {})
    }
    const timer = setTimeout(load, PRELOAD_DELAY_MS)
    return () => clearTimeout(timer)
  }

  #open(name: PanelName): void {
    const asked = {}
    this.#asked = asked
    const show = (view: Component): void => {
      if (this.#asked === asked) this.#set({ name, view })
    }
    const view = this.#loaded.get(name)
    if (view) show(view)
    else this.#load(name).then(show, () => this.#onMissing())
  }

  async #load(name: PanelName): Promise<Component> {
    const view = await this.#loaders[name]()
    this.#loaded.set(name, view)
    return view
  }
}
