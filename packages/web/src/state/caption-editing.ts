import { type Accessor, createSignal } from 'solid-js'

/** The picture whose caption is being edited. */
export class CaptionEditing {
  readonly now: Accessor<string | null>
  readonly begin: (id: string) => void
  readonly end: () => void

  constructor() {
    const [now, set] = createSignal<string | null>(null)
    this.now = now
    this.begin = (id) => set(id)
    this.end = () => set(null)
  }
}
