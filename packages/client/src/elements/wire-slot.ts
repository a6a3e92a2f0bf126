import { boardAddressOf, FrameTimes } from '@wirephoto/board'
import type { ObservablePictures } from '../observe-pictures.ts'
import { BoardElement } from './board-element.ts'
import { elementWords } from './words.ts'

/** The end of the path to which a slot's frames are sent: that of its board goes before it. */
const SLOT_PATH = /\/live\/([\w.-]+)\/?$/
/** Time between two looks whether the next frame is late. */
const LOOK_INTERVAL_MS = 1_000

type Pictures = ObservablePictures['current']

/**
 * `<wire-slot src="https://host/b/kitchen/live/loss" token="…">`: what a live slot shows, each frame as it comes. It says
 * so when the next one is late.
 */
export class WireSlot extends BoardElement {
  protected readonly emptyText = elementWords.emptySlot
  #slot = ''
  #times = new FrameTimes()
  #timer: ReturnType<typeof setInterval> | undefined

  protected override boardOf(address: URL): ReturnType<typeof boardAddressOf> | null {
    const [ending, slot] = SLOT_PATH.exec(address.pathname) ?? []
    if (!ending || !slot) return null
    this.#slot = slot
    this.#timer = setInterval(() => this.say(), LOOK_INTERVAL_MS)
    const board = new URL(address)
    board.pathname = board.pathname.slice(0, -ending.length)
    return boardAddressOf(board)
  }

  protected override chosen(pictures: Pictures): Pictures {
    return pictures.filter(({ slot }) => slot === this.#slot)
  }

  protected override onNews(): void {
    this.#times.note(Date.now())
    this.say()
  }

  protected override textOf([picture]: Pictures): string {
    const lastAt = this.#times.lastAt ?? picture?.replacedAt ?? picture?.storedAt
    return lastAt && this.#times.isLate(Date.now()) ? elementWords.lastFrame(lastAt) : ''
  }

  protected override onClosed(): void {
    clearInterval(this.#timer)
    this.#times = new FrameTimes()
  }
}
