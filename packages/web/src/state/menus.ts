import { type Accessor, createSignal } from 'solid-js'
import type { Action } from '../actions/action.ts'
import type { Point } from '../geometry/view.ts'

export interface OpenMenu {
  readonly at: Point
  readonly label: string
  readonly items: readonly Action[]
}

/** The menu that is open, one at a time; what draws it comes after the board. */
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
