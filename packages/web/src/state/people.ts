import { limits } from '@wirephoto/board'
import type { Board, Person } from '@wirephoto/client'
import { type Accessor, createSignal, onCleanup } from 'solid-js'
import { serverPath } from '../browser/server-url.ts'
import { browserData } from '../browser/site-data.ts'

const KEY = 'name'

/** The visitors who are here, as signals, and this visitor's own name. */
export class People {
  /** Other pages by session, updated at most once a frame. */
  readonly others: Accessor<ReadonlyMap<string, Person>>
  /** The number of visitors, this one included. */
  readonly visitorCount: Accessor<number>
  /** This visitor's name; empty if they skipped it, null until they were asked. */
  readonly name: Accessor<string | null>
  /** Whether the name shall be asked for, since the first picture was added. */
  readonly isAsked: Accessor<boolean>
  /** Asks for the name, unless it was given or skipped before. */
  readonly ask: () => void
  /** Whether the list of visitors is open. */
  readonly isOpen: Accessor<boolean>
  readonly toggle: (open?: boolean) => void
  readonly #board: Board
  readonly #setName: (name: string) => void

  constructor(board: Board) {
    this.#board = board
    const [others, setOthers] = createSignal<ReadonlyMap<string, Person>>(new Map())
    const [visitorCount, setVisitorCount] = createSignal(board.visitorCount)
    const [name, setName] = createSignal(browserData.get(KEY))
    this.others = others
    this.visitorCount = visitorCount
    this.name = name
    this.#setName = setName
    const [hasAdded, setHasAdded] = createSignal(false)
    this.isAsked = () => hasAdded() && name() === null
    this.ask = () => setHasAdded(true)
    const [isOpen, setOpen] = createSignal(false)
    this.isOpen = isOpen
    this.toggle = (open = !isOpen()) => setOpen(open)
    let frame = 0
    const update = (): void => {
      frame = 0
      setOthers(new Map(board.people))
      setVisitorCount(board.visitorCount)
    }
    onCleanup(
      board.on('people', () => {
        frame ||= requestAnimationFrame(update)
      }),
    )
    onCleanup(() => cancelAnimationFrame(frame))
    // The name may be given in another tab of this browser.
    const takeName = ({ key, newValue }: StorageEvent): void => {
      if (key !== KEY + serverPath || newValue === null) return
      setName(newValue)
      board.setName(newValue)
    }
    window.addEventListener('storage', takeName)
    onCleanup(() => window.removeEventListener('storage', takeName))
    // The others see this visitor come, with or without a name.
    board.setName(name() ?? '')
  }

  /** Sets this visitor's name, on their pictures too, and keeps it for all boards in this browser. */
  setName(name: string): void {
    const short = name.trim().slice(0, limits.personNameLength)
    browserData.set(KEY, short)
    this.#setName(short)
    this.#board.setName(short)
    this.#board.signPictures()
  }
}
