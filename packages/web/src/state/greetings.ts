import { overlaps } from '@wirephoto/board'
import { type Accessor, createEffect, createSignal, onCleanup, untrack } from 'solid-js'
import type { BoardStore } from './board-store.ts'
import type { Camera } from './camera.ts'
import { idsInFeed } from './feed-view.ts'

/** How long a new picture of somebody else is greeted. */
export const GREETED_MS = 4_000
/** More at once would be a fairground. */
const MAX_GREETED_COUNT = 40

/** New pictures of others, each greeted for a while from when somebody here can first see it. The feed covers the board. */
export class Greetings {
  /** The ids that are greeted now, the oldest first. */
  readonly now: Accessor<readonly string[]>
  /** The number of others' pictures that came while the page was hidden, until it is seen again. */
  readonly missedCount: Accessor<number>

  constructor(boardStore: BoardStore, camera: Camera) {
    const { board } = boardStore
    const [now, setNow] = createSignal<readonly string[]>([])
    const [waiting, setWaiting] = createSignal<ReadonlySet<string>>(new Set<string>())
    const [missed, setMissed] = createSignal<ReadonlySet<string>>(new Set<string>())
    const [isHidden, setHidden] = createSignal(document.visibilityState === 'hidden')
    const timers = new Set<ReturnType<typeof setTimeout>>()
    this.now = now
    this.missedCount = () => missed().size
    const known = new Set<string>(
      [...board.pictures.keys()].filter((id) => !boardStore.hasComeLater(id)),
    )
    const note = (ids: Iterable<string>): void => {
      const added: string[] = []
      for (const id of ids) {
        const record = board.pictures.get(id)
        const isThere = record?.deletedAt === null
        if (isThere && !known.has(id) && board.status.loaded && record.author !== board.visitor)
          added.push(id)
        // A picture that has gone is greeted no more, and one that is put back isn't new.
        if (!isThere) for (const set of [setWaiting, setMissed]) set((all) => without(all, [id]))
        known.add(id)
      }
      if (added.length === 0) return
      setWaiting((all) => new Set([...all, ...added]))
      if (isHidden()) setMissed((all) => new Set([...all, ...added]))
    }
    const onVisibility = (): void => {
      setHidden(document.visibilityState === 'hidden')
      if (!isHidden()) setMissed(new Set<string>())
    }
    onCleanup(board.on('pictures', note))
    document.addEventListener('visibilitychange', onVisibility)
    onCleanup(() => {
      document.removeEventListener('visibilitychange', onVisibility)
      for (const timer of timers) clearTimeout(timer)
    })
    untrack(() => note(board.pictures.keys()))

    createEffect(() => {
      if (isHidden() || waiting().size === 0) return
      const inFeed = idsInFeed()
      boardStore.revision()
      camera.view()
      const seen = [...waiting()].filter((id) => {
        if (inFeed) return inFeed.includes(id)
        const box = boardStore.boxes.get(id)
        return box && overlaps(box, camera.visibleBox)
      })
      if (seen.length === 0) return
      setWaiting((all) => without(all, seen))
      setNow((all) => [...all, ...seen].slice(-MAX_GREETED_COUNT))
      const timer = setTimeout(() => {
        timers.delete(timer)
        const over = new Set(seen)
        setNow((all) => all.filter((id) => !over.has(id)))
      }, GREETED_MS)
      timers.add(timer)
    })
  }
}

/** The greetings of this page, which the board and the feed show; null until they are here. */
export const [greetings, setGreetings] = createSignal<Greetings | null>(null)

function without(all: ReadonlySet<string>, ids: readonly string[]): ReadonlySet<string> {
  if (!ids.some((id) => all.has(id))) return all
  const rest = new Set(all)
  for (const id of ids) rest.delete(id)
  return rest
}
