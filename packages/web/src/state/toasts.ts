import { type Accessor, createSignal } from 'solid-js'

const MAX_TOAST_COUNT = 3

interface Action {
  readonly label: string
  readonly run: () => void
}

export interface Toast {
  readonly text: string
  readonly trouble: boolean
  readonly stays: boolean
  readonly action: Action | undefined
}

/** Notices: one sentence, at most one action, for a few seconds. */
export class Toasts {
  readonly list: Accessor<readonly Toast[]>
  readonly #set: (change: (list: readonly Toast[]) => readonly Toast[]) => void

  constructor() {
    const [list, set] = createSignal<readonly Toast[]>([])
    this.list = list
    this.#set = set
  }

  say(text: string, action?: Action): void {
    this.#add({ text, trouble: false, stays: false, action })
  }

  warn(text: string, action?: Action): void {
    this.#add({ text, trouble: true, stays: false, action })
  }

  /** Shows a notice that stays until its action runs. */
  insist(text: string, action: Action): void {
    this.#add({ text, trouble: true, stays: true, action })
  }

  close(toast: Toast): void {
    this.#set((list) => list.filter((other) => other !== toast))
  }

  #add(toast: Toast): void {
    this.#set((list) =>
      [...list.filter(({ text }) => text !== toast.text), toast].slice(-MAX_TOAST_COUNT),
    )
  }
}
