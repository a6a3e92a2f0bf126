import { type ImageRecord, WireError } from '@wirephoto/board'
import { type Board, type HeldBoard, openHeldBoard } from '@wirephoto/client'
import { type Accessor, createMemo, createSignal, onCleanup } from 'solid-js'
import { inBackground } from '../browser/in-background.ts'
import { serverUrl } from '../browser/server-url.ts'
import { hostWords } from '../words/host.ts'
import { messageOf } from '../words/language.ts'
import { words } from '../words/page.ts'
import { isOnline } from './online.ts'
import type { Toast, Toasts } from './toasts.ts'

/** Time in which a refusal can be taken back, before the server is told. */
const REFUSAL_DELAY_MS = 5_000

/** Those of this page's board, for its owners; null for others, and while none has ever waited. */
export const [waiting, setWaiting] = createSignal<WaitingPictures | null>(null)

/** The pictures of guests that wait for an owner, live, and what is decided about them here. */
export class WaitingPictures {
  /** The log of what waits: `blobUrl` takes it for its pictures. */
  readonly log: Board
  /** Those that nobody has decided about, oldest first. */
  readonly pictures: Accessor<readonly ImageRecord[]>
  /** Those of them whose file is there. */
  readonly ready: Accessor<readonly ImageRecord[]>
  /** A counter that grows with news of pictures on their way. */
  readonly arrivals: Accessor<number>
  /** The picture that is looked at. */
  readonly chosen: Accessor<string | null>
  readonly choose: (id: string | null) => void
  readonly #held: HeldBoard
  readonly #toasts: Toasts
  /** Those that were decided here, whether the server knows of it or not. */
  readonly #decided: Accessor<ReadonlySet<string>>
  readonly #setDecided: (ids: ReadonlySet<string>) => void
  /** The refused ones that the server isn't told of yet, oldest first. */
  readonly #refused: Accessor<readonly string[]>
  readonly #setRefused: (ids: readonly string[]) => void
  readonly #timers = new Map<string, ReturnType<typeof setTimeout>>()
  #told: Toast | null = null

  /** Follows what waits beside a board, for as long as the component that calls this. */
  constructor({ id }: Pick<Board, 'id'>, toasts: Toasts) {
    this.#held = openHeldBoard({ url: serverUrl, board: id })
    this.log = this.#held.log
    this.#toasts = toasts
    const [revision, setRevision] = createSignal(0)
    const [arrivals, setArrivals] = createSignal(0)
    const [chosen, choose] = createSignal<string | null>(null)
    const [decided, setDecided] = createSignal<ReadonlySet<string>>(new Set())
    const [refused, setRefused] = createSignal<readonly string[]>([])
    this.arrivals = arrivals
    this.chosen = chosen
    this.choose = choose
    this.#decided = decided
    this.#setDecided = setDecided
    this.#refused = refused
    this.#setRefused = setRefused
    this.pictures = createMemo(() => {
      revision()
      return [...this.log.pictures.values()]
        .filter((image) => image.deletedAt === null && !decided().has(image.id))
        .sort((a, b) => a.createdAt - b.createdAt || (a.z < b.z ? -1 : 1))
    })
    this.ready = createMemo(() => this.pictures().filter(({ blob }) => blob !== null))
    this.log.on('pictures', () => setRevision((n) => n + 1))
    this.log.on('arrivals', () => setArrivals((n) => n + 1))
    const sendNow = (): void => this.#sendRefusals(refused())
    addEventListener('pagehide', sendNow)
    onCleanup(() => {
      removeEventListener('pagehide', sendNow)
      sendNow()
      inBackground(this.#held.close())
    })
  }

  /** Lets pictures onto the board. Those that it has no room for wait on. */
  approve(ids: readonly string[]): void {
    this.#setDecided(this.#decided().union(new Set(ids)))
    inBackground(this.#send('approve', ids))
  }

  /** Turns pictures away for good, unless that is taken back within some seconds. */
  refuse(ids: readonly string[]): void {
    this.#setDecided(this.#decided().union(new Set(ids)))
    this.#setRefused([...this.#refused(), ...ids])
    const timer = setTimeout(() => this.#sendRefusals(ids), REFUSAL_DELAY_MS)
    for (const id of ids) this.#timers.set(id, timer)
  }

  /** Refuses a picture, and says so with a way to take it back. */
  refuseOne({ id, by }: Pick<ImageRecord, 'id' | 'by'>): void {
    this.refuse([id])
    if (this.#told) this.#toasts.close(this.#told)
    this.#told = this.#toasts.say(hostWords.refusedOne(by), {
      label: words.undo,
      run: () => this.takeBack([id]),
      isPossible: () => this.#refused().includes(id),
    })
  }

  /** Whether the server doesn't know yet that some of these are refused. */
  canTakeBack(ids: readonly string[]): boolean {
    return this.#refused().some((id) => ids.includes(id))
  }

  /** Takes refusals back that the server doesn't know of yet: these, or the last one. */
  takeBack(ids: readonly string[] = this.#refused().slice(-1)): void {
    const taken = ids.filter((id) => this.#refused().includes(id))
    this.#unschedule(taken)
    this.#reopen(taken)
    if (taken[0] !== undefined) this.choose(taken[0])
  }

  #sendRefusals(ids: readonly string[]): void {
    const due = ids.filter((id) => this.#refused().includes(id))
    this.#unschedule(due)
    if (due.length > 0) inBackground(this.#send('refuse', due))
  }

  #unschedule(ids: readonly string[]): void {
    for (const id of ids) this.#timers.delete(id)
    this.#setRefused(this.#refused().filter((id) => !ids.includes(id)))
  }

  /** Lets these wait again. */
  #reopen(ids: readonly string[]): void {
    this.#setDecided(this.#decided().difference(new Set(ids)))
  }

  /** Tells the server. If it hasn't done all, says why: what is still in the log waits again. */
  async #send(decision: 'approve' | 'refuse', ids: readonly string[]): Promise<void> {
    try {
      await this.#held[decision](ids)
    } catch (error) {
      this.#reopen(ids)
      // Another owner has decided about those that are gone.
      if (error instanceof WireError && error.code === 'unknown-picture') return
      this.#toasts.warn(
        error instanceof WireError
          ? messageOf(error)
          : isOnline()
            ? words.serverGone
            : words.needsConnection,
      )
    }
  }
}
