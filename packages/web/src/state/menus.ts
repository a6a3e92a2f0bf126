import { type Accessor, createSignal } from 'solid-js'
import type { Point } from '../geometry/view.ts'
import type { IconName } from '../look/icon.tsx'

/** An entry of a menu. */
export interface MenuItem {
  readonly label: string
  readonly icon: IconName
  /** Chords like `mod+shift+z`; people see the first. */
  readonly keys: readonly string[]
  /** Whether this person may ever do it here, as a signal. Always, if left out. */
  isOffered?: () => boolean
  /** Whether it would do something now, as a signal. Always, if left out. */
  readonly isPossible?: () => boolean
  /** Does nothing harmful while it isn't possible. */
  readonly run: () => void
}

/** The menus: of the board, of the ground, of the bar's buttons on a phone, and of the selected pictures. */
export type MenuName = 'board' | 'ground' | 'add' | 'more' | 'pictures'

export interface OpenMenu {
  readonly name: MenuName
  readonly at: Point
  readonly label: string
}

/** The menu that is open, at most one. Its component loads after the board. */
export class Menus {
  readonly now: Accessor<OpenMenu | null>
  readonly open: (menu: OpenMenu) => void
  readonly close: () => void

  constructor() {
    const [now, set] = createSignal<OpenMenu | null>(null)
    this.now = now
    this.open = (menu) => set(menu)
    this.close = () => set(null)
  }
}
