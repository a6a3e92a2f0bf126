import { type Accessor, createSignal } from 'solid-js'

const SHOWN_COUNT = 3
/** More notices than anybody reads. */
const MAX_COUNT = 20

interface Action {
  readonly label: string
  readonly run: () => void
  /** Tells whether the action still does something. Its notice goes once it doesn't. */
  readonly isPossible?: () => boolean
}

export interface Toast {
  readonly text: string
  readonly trouble: boolean
  readonly stays: boolean
  readonly action: Action | undefined
}

/** Notices: one sentence, at most one action, for a few seconds. A warning is never pushed out unseen. */
export class Toasts {
  /** The notices that are shown. The others wait for their turn. */
  readonly shown: Accessor<readonly Toast[]>
  readonly #set: (change: (list: readonly Toast[]) => readonly Toast[]) => void

  constructor() {
    const [list, set] = createSignal<readonly Toast[]>([])
    this.shown = () => list().slice(0, SHOWN_COUNT)
    this.#set = set
  }

  /** Shows a piece of news; `close` takes it back. */
  say(text: string, action?: Action): Toast {
    return this.#add({ text, trouble: false, stays: false, action })
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

  #add(toast: Toast): Toast {
    this.#set((list) => {
      const others = list.filter(({ text }) => text !== toast.text)
      // News makes room for itself where other news stands. A warning waits.
      const oldest = others.findIndex(({ trouble }) => !trouble)
      const isFull = others.length >= SHOWN_COUNT && !toast.trouble
      if (!isFull || oldest < 0 || oldest >= SHOWN_COUNT)
        return [...others, toast].slice(0, MAX_COUNT)
      return others.toSpliced(oldest, 1, toast)
    })
    return toast
  }
}
