import { type ImageRecord, isNewer, picturesOnBoard } from '@wirephoto/board'
import type { Board } from '@wirephoto/client'
import { type Accessor, createSignal } from 'solid-js'
import { tabData } from '../browser/site-data.ts'
import { prefersReducedMotion } from '../look/motion.ts'
import type { QuietView } from '../state/quiet-view.ts'
import { NewsReader, type ReadChanges } from './news-reader.ts'
import { type QueuedPicture, WallQueue } from './queue.ts'
import { canBeShown, decoded, pixelsIn, release, type Source, sourceOf } from './screen-image.ts'
import { Slides } from './slides.ts'
import { VisibleClock } from './visible-clock.ts'

/** How long one picture fades into the next. */
export const FADE_MS = 600
/** How long a wall without news waits before it shows its mosaic. */
const QUIET_MS = 20_000
/** How long a picture of the slideshow that couldn't be decoded is left out. */
const LEFT_OUT_MS = 2_000
/** The longest time between two looks at the clock. */
const LOOK_INTERVAL_MS = 30_000

/** A picture on the screen, decoded. */
export interface Slide {
  readonly id: string
  readonly source: Source
  readonly image: HTMLImageElement
}

interface Preparation {
  readonly id: string
  /** Null until it is decoded. */
  slide: Slide | null
}

/** Runs a wall: takes what comes on its board, and shows one picture after the other. */
export class Playback {
  /** The picture on the screen, after the one that it fades from. */
  readonly slides: Accessor<readonly Slide[]>
  readonly isMosaic: Accessor<boolean>
  /** Whether the mosaic is on the screen: it still is while a picture fades in over it. */
  readonly hasMosaic: Accessor<boolean>
  /** Changes with every change of the board's pictures. */
  readonly revision: Accessor<number>
  readonly clock = new VisibleClock(() => this.#step())
  readonly #board: Board
  readonly #quietView: () => QuietView
  readonly #fadeMs = prefersReducedMotion() ? 0 : FADE_MS
  readonly #queue = new WallQueue(this.clock.now(), this.#fadeMs)
  readonly #newsReader: NewsReader
  readonly #slideshow = new Slides()
  readonly #setSlides: (change: (slides: readonly Slide[]) => readonly Slide[]) => void
  readonly #setMosaic: (isMosaic: boolean) => void
  readonly #setHasMosaic: (hasMosaic: boolean) => void
  /** Pictures that the slideshow leaves out, each until this time. */
  readonly #leftOut = new Map<string, number>()
  readonly #offs: (() => void)[] = []
  #preparation: Preparation | null = null
  #timer: ReturnType<typeof setTimeout> | undefined
  #fading: ReturnType<typeof setTimeout> | undefined

  constructor(board: Board, quietView: () => QuietView) {
    const [slides, setSlides] = createSignal<readonly Slide[]>([])
    const [isMosaic, setMosaic] = createSignal(false)
    const [hasMosaic, setHasMosaic] = createSignal(false)
    const [revision, setRevision] = createSignal(0)
    this.slides = slides
    this.isMosaic = isMosaic
    this.hasMosaic = hasMosaic
    this.revision = revision
    this.#setSlides = setSlides
    this.#setMosaic = setMosaic
    this.#setHasMosaic = setHasMosaic
    this.#board = board
    this.#quietView = quietView
    this.#newsReader = new NewsReader(board.pictures, (record) => canBeShown(board, record))
    const take = (ids: ReadonlySet<string>): void => {
      setRevision((n) => n + 1)
      this.#take(this.#newsReader.isOpen ? this.#newsReader.take(ids) : this.#openNews())
    }
    const remember = (): void => this.#remember()
    addEventListener('pagehide', remember)
    this.#offs.push(
      () => removeEventListener('pagehide', remember),
      board.on('pictures', take),
      board.on('arrivals', take),
      board.on('status', ({ connection }) => {
        if (connection === 'live') this.#retryNow()
        this.#take(this.#openNews())
      }),
      board.on('show', (id) => this.#push(id)),
    )
    this.#take(this.#openNews())
  }

  /** Shows the next picture of the slideshow, or the mosaic, as somebody has chosen another view. */
  refresh(): void {
    this.#step()
  }

  close(): void {
    clearTimeout(this.#timer)
    clearTimeout(this.#fading)
    this.clock.close()
    for (const off of this.#offs) off()
  }

  /** Returns the pictures that can be shown, newest first. */
  newestFirst(): ImageRecord[] {
    return picturesOnBoard(this.#board.pictures)
      .filter((record) => canBeShown(this.#board, record))
      .sort((a, b) => (isNewer(a, b) ? -1 : 1))
  }

  get #key(): string {
    return `wall:${this.#board.id}`
  }

  /** Opens the news with the board as the server has it. An old copy of it would make all since then news. */
  #openNews(): ReadChanges {
    const { loaded, copiedAt } = this.#board.status
    if (this.#newsReader.isOpen || !loaded || copiedAt !== null) return { came: [], gone: [] }
    const remembered = tabData.get(this.#key)
    tabData.set(this.#key, null)
    return this.#newsReader.open(remembered, Date.now())
  }

  #remember(): void {
    if (!this.#newsReader.isOpen) return
    tabData.set(this.#key, this.#newsReader.remember(this.#queue.waiting, Date.now()))
  }

  #take({ came, gone }: ReadChanges): void {
    const now = this.clock.now()
    for (const id of gone) if (this.#queue.remove(id)) this.#newsReader.forget(id)
    this.#queue.add(came.map(queued), now)
    // A picture on the screen shows its other file by itself.
    this.#setSlides((slides) => {
      const kept = slides.filter(({ id }) => this.#isThere(id))
      return kept.length === slides.length ? slides : kept
    })
    this.#step()
  }

  #push(id: string): void {
    const record = this.#board.pictures.get(id)
    if (record?.deletedAt !== null) return
    this.#queue.push(queued(record), this.clock.now())
    this.#step()
  }

  #retryNow(): void {
    this.#leftOut.clear()
    this.#queue.retryNow(this.clock.now())
  }

  /** Does what is due, and sets the alarm for what will be. */
  #step(): void {
    clearTimeout(this.#timer)
    const now = this.clock.now()
    this.#queue.advance(now)
    this.#showTurn()
    this.#reviewMosaic(now)
    const next = this.#queue.next(now)
    const filler = next === null && !this.isMosaic() ? this.#filler(now) : null
    const wanted = next ?? filler?.id ?? null
    if (wanted !== null && wanted !== this.#preparation?.id) this.#prepare(wanted)
    const ready = this.#preparation?.slide
    if (ready && filler && filler.id === ready.id && filler.dueAt <= now) {
      const record = this.#board.pictures.get(ready.id)!
      this.#queue.fill(queued(record), now)
      this.#showTurn()
    }
    const times = [this.#queue.wakeAt(now), filler?.dueAt ?? 0, this.#quietAt].filter(
      (at) => at > now,
    )
    const waitMs = Math.min(LOOK_INTERVAL_MS, ...times.map((at) => at - now))
    // It stands still while nobody sees it, and goes on by the clock's word.
    if (this.clock.isRunning) this.#timer = setTimeout(() => this.#step(), Math.ceil(waitMs))
  }

  get #quietAt(): number {
    return this.#queue.newsAt + QUIET_MS
  }

  #reviewMosaic(now: number): void {
    const isMosaic = this.#quietView().slides === null && now >= this.#quietAt && this.#hasSeveral()
    if (isMosaic === this.isMosaic()) return
    this.#setMosaic(isMosaic)
    if (isMosaic) this.#setHasMosaic(true)
    this.#settleAfterFade()
  }

  #hasSeveral(): boolean {
    let count = 0
    for (const record of this.#board.pictures.values())
      if (record.deletedAt === null && canBeShown(this.#board, record) && ++count > 1) return true
    return false
  }

  /** Returns the old picture to show while nothing waits, and when. */
  #filler(now: number): { id: string; dueAt: number } | null {
    const { turn } = this.#queue
    const { slides, paceS } = this.#quietView()
    for (const [id, until] of this.#leftOut) if (until <= now) this.#leftOut.delete(id)
    if (turn && slides === null) return null
    const prepared = this.#preparation?.id
    // One that is being decoded stays the next, or a shuffled show would decode many for nothing.
    if (prepared !== undefined && prepared !== turn?.id && this.#isThere(prepared))
      return { id: prepared, dueAt: this.#fillAt(paceS) }
    const ids = this.newestFirst().flatMap(({ id }) => (this.#leftOut.has(id) ? [] : id))
    const id = turn ? this.#slideshow.after(slides!, ids, turn.id) : (ids[0] ?? null)
    return id === null ? null : { id, dueAt: this.#fillAt(paceS) }
  }

  #fillAt(paceS: number): number {
    const { turn } = this.#queue
    if (!turn) return Number.NEGATIVE_INFINITY
    const stoodAt = turn.kind === 'filler' ? turn.since : this.#queue.stoodAt()
    return Math.max(stoodAt, turn.since + paceS * 1_000)
  }

  #prepare(id: string): void {
    this.#forgetPreparation()
    const preparation: Preparation = { id, slide: null }
    this.#preparation = preparation
    const record = this.#board.pictures.get(id)
    const room = { w: innerWidth, h: innerHeight }
    const source = record ? sourceOf(this.#board, record, pixelsIn(record, room)) : null
    this.#decode(id, source).then(
      (slide) => {
        if (this.#preparation !== preparation) return release(slide.image)
        preparation.slide = slide
        this.#queue.ready(id, this.clock.now())
        this.#step()
      },
      () => {
        if (this.#preparation !== preparation) return
        this.#preparation = null
        const now = this.clock.now()
        this.#queue.failed(id, now)
        this.#leftOut.set(id, now + LEFT_OUT_MS)
        this.#step()
      },
    )
  }

  async #decode(id: string, source: Source | null): Promise<Slide> {
    if (source === null) throw new Error('There is nothing to show yet')
    try {
      return { id, source, image: await decoded(source) }
    } catch (error) {
      const preview = this.#board.preview(id)
      if (!preview || preview === source) throw error
      return { id, source: preview, image: await decoded(preview) }
    }
  }

  #forgetPreparation(): void {
    if (this.#preparation?.slide) release(this.#preparation.slide.image)
    this.#preparation = null
  }

  /** Puts the picture whose turn it is on the screen. The one before it stays beneath while it fades in. */
  #showTurn(): void {
    const { turn } = this.#queue
    const slide = this.#preparation?.slide
    if (!turn || slide?.id !== turn.id) return
    this.#preparation = null
    // It may stand already, as what had faded in over it was removed.
    if (this.slides().at(-1)?.id === slide.id) return release(slide.image)
    this.#setSlides((slides) => [...slides.slice(-1), slide])
    this.#settleAfterFade()
  }

  /** Takes off the screen what something else has faded in over, or away from. */
  #settleAfterFade(): void {
    clearTimeout(this.#fading)
    this.#fading = setTimeout(() => {
      const isMosaic = this.isMosaic()
      if (isMosaic) this.#queue.clear()
      this.#setSlides((slides) => (isMosaic ? [] : slides.slice(-1)))
      this.#setHasMosaic(isMosaic)
    }, this.#fadeMs)
  }

  #isThere(id: string): boolean {
    return this.#board.pictures.get(id)?.deletedAt === null
  }
}

const queued = ({ id, author }: ImageRecord): QueuedPicture => ({ id, author })
