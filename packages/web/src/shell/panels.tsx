import { type Accessor, type Component, createSignal, type JSX, onCleanup, Show } from 'solid-js'
import { useApp } from '../app.ts'
import type { Toasts } from '../state/toasts.ts'
import { words } from '../words/page.ts'

/** Milliseconds after which a page that stands still fetches what could be wanted. */
const SETTLED = 3_000

/** Rooms over the board. Each is loaded when it is first opened, or before, when nothing else is to be done. */
const rooms = {
  palette: () => import('./palette.tsx').then(({ Palette }) => Palette),
  keys: () => import('./key-sheet.tsx').then(({ KeySheet }) => KeySheet),
  trash: () => import('./trash.tsx').then(({ Trash }) => Trash),
  boards: () => import('./boards.tsx').then(({ Boards }) => Boards),
  settings: () => import('./settings.tsx').then(({ Settings }) => Settings),
  large: () => import('../lightbox/lightbox.tsx').then(({ Lightbox }) => Lightbox),
} satisfies Record<string, () => Promise<Component>>

type Room = keyof typeof rooms

interface Open {
  readonly name: Room | 'name'
  readonly view: Component | null
}

/** What is open over the board, one thing at a time; `name` is the field for the board's name. */
export class Panels {
  readonly now: Accessor<Room | 'name' | null>
  /** The picture that is shown large. */
  readonly large: Accessor<string | null>
  readonly view: Accessor<Component | null>
  readonly #toasts: Toasts
  readonly #set: (open: Open | null) => void
  readonly #setLarge: (id: string) => void
  /** Rooms that are loaded open at once: keys that follow are theirs. */
  readonly #loaded = new Map<Room, Component>()
  /** The last thing that was asked for. */
  #asked: object | null = null

  constructor(toasts: Toasts) {
    const [open, set] = createSignal<Open | null>(null)
    const [large, setLarge] = createSignal<string | null>(null)
    this.#toasts = toasts
    this.#set = set
    this.#setLarge = setLarge
    this.now = () => open()?.name ?? null
    this.view = () => open()?.view ?? null
    this.large = () => (this.now() === 'large' ? large() : null)
  }

  /** At once, or as soon as it is loaded; what can't be loaded says so. */
  open(name: Exclude<Room, 'large'>): void {
    void this.#open(name)
  }

  /** Shows a picture large, or another one instead. */
  enlarge(id: string): void {
    this.#setLarge(id)
    if (this.now() !== 'large') void this.#open('large')
  }

  rename(): void {
    this.#asked = null
    this.#set({ name: 'name', view: null })
  }

  close(): void {
    this.#asked = null
    this.#set(null)
  }

  /** So that everything opens without a connection, too. Returns how to call it off. */
  warm(): () => void {
    const load = (): void => {
      for (const name of Object.keys(rooms) as Room[]) this.#load(name).catch(() => {})
    }
    const timer = setTimeout(load, SETTLED)
    return () => clearTimeout(timer)
  }

  async #open(name: Room): Promise<void> {
    const asked = {}
    this.#asked = asked
    try {
      const view = this.#loaded.get(name) ?? (await this.#load(name))
      if (this.#asked === asked) this.#set({ name, view })
    } catch {
      this.#toasts.warn(words.needsConnection)
    }
  }

  async #load(name: Room): Promise<Component> {
    const view = await rooms[name]()
    this.#loaded.set(name, view)
    return view
  }
}

export function OpenPanel(): JSX.Element {
  const { panels } = useApp()
  onCleanup(panels.warm())
  return (
    <Show when={panels.view()} keyed>
      {(View) => <View />}
    </Show>
  )
}
