import { limits } from '@wirephoto/board'
import type { Board, Person } from '@wirephoto/client'
import { type Accessor, createSignal, onCleanup } from 'solid-js'

const KEY = 'name'

/** Who is here, as signals, and what we are called. */
export class People {
  /** Others' pages by session, at most once a frame. */
  readonly others: Accessor<ReadonlyMap<string, Person>>
  /** Visitors, oneself included. */
  readonly visitorCount: Accessor<number>
  /** What we are called, empty for nothing; null until it has been asked. */
  readonly name: Accessor<string | null>
  /** Whether the list of them is open. */
  readonly isOpen: Accessor<boolean>
  readonly toggle: (open?: boolean) => void
  readonly #board: Board
  readonly #setName: (name: string) => void

  constructor(board: Board) {
    this.#board = board
    const [others, setOthers] = createSignal<ReadonlyMap<string, Person>>(new Map())
    const [crowd, setCrowd] = createSignal(board.visitorCount)
    const [name, setName] = createSignal(kept())
    this.others = others
    this.visitorCount = crowd
    this.name = name
    this.#setName = setName
    const [isOpen, setOpen] = createSignal(false)
    this.isOpen = isOpen
    this.toggle = (open = !isOpen()) => setOpen(open)
    let frame = 0
    const look = (): void => {
      frame = 0
      setOthers(new Map(board.people))
      setCrowd(board.visitorCount)
    }
    const off = board.on('people', () => {
      frame ||= requestAnimationFrame(look)
    })
    onCleanup(() => {
      off()
      cancelAnimationFrame(frame)
    })
    // Others see us come, be it without a name.
    board.setName(name() ?? '')
  }

  /** Keeps what we are called for all boards of this browser. */
  setName(name: string): void {
    const short = name.trim().slice(0, limits.personNameLength)
    try {
      localStorage.setItem(KEY, short)
    } catch {
      // Where nothing can be kept it holds until the page goes.
    }
    this.#setName(short)
    this.#board.setName(short)
  }
}

function kept(): string | null {
  try {
    return localStorage.getItem(KEY)
  } catch {
    return null
  }
}
