import type { ImageRecord } from '@wirephoto/board'
import { onCleanup } from 'solid-js'
import type { App } from '../app.ts'
import type { Toast } from '../state/toasts.ts'
import { overlayWords } from '../words/overlay.ts'
import { panelWords } from '../words/panels.ts'

/** How long deletions of the same person are told in one sentence. */
const TOLD_TOGETHER_MS = 6_000

/** Tells what others did: deletions, which can be put back, and what undo left as it is. */
export function tellOfOthers(app: App): void {
  const { boardStore, captionEditing, drag, selection, toasts } = app
  const { board } = boardStore
  /** Returns a visitor's name: as they have it now, or as it stands on their pictures. */
  const nameOf = (visitor: string): string =>
    board.nameOf(visitor) ||
    ([...board.pictures.values()].find(({ author, by }) => by && author === visitor)?.by ?? '')
  /** Returns the name of who did it; empty if nobody knows, or if they were several. */
  const nameOfAll = (visitors: ReadonlySet<string>): string => {
    const [visitor = '', ...more] = visitors
    return more.length === 0 ? nameOf(visitor) : ''
  }
  /** Returns how to put back those of the pictures that one may; undefined if one may put back none. */
  const putBack = (ids: readonly string[]) => {
    const allowed = ids.filter((id) => boardStore.may('image.restore', id))
    if (allowed.length === 0) return undefined
    return {
      label: panelWords.putBack,
      run: () => board.restore(allowed),
      isPossible: (): boolean => {
        boardStore.revision()
        return allowed.some((id) => board.pictures.get(id)?.deletedAt != null)
      },
    }
  }

  const callOff = (ids: readonly string[]) => ({
    label: overlayWords.callOff,
    run: () => board.keep(ids),
    isPossible: (): boolean => {
      boardStore.revision()
      return ids.some((id) => board.pictures.get(id)?.purgeAt != null)
    },
  })
  /** Returns those of the pictures that are marked to be deleted for good. */
  const markedOf = (ids: Iterable<string>): ImageRecord[] =>
    [...ids].flatMap((id) => {
      const record = board.pictures.get(id)
      return record && record.purgeAt !== null ? record : []
    })
  const tellMarked = (records: readonly ImageRecord[], areOwn: boolean): void => {
    const mayKeep = boardStore.may('image.keep')
    if (records.length === 0 || !(areOwn || mayKeep)) return
    const name = nameOfAll(new Set(records.flatMap(({ purgeBy }) => purgeBy ?? [])))
    const ids = records.map(({ id }) => id)
    toasts.warn(
      overlayWords.markedByOther(name, ids.length, areOwn),
      mayKeep ? callOff(ids) : putBack(ids),
    )
  }
  const known = new Set(markedOf(board.pictures.keys()).map(({ id }) => id))
  onCleanup(
    board.on('pictures', (ids) => {
      const marked = markedOf(ids)
      const fresh = marked.filter(({ id, purgeBy }) => !known.has(id) && purgeBy !== board.visitor)
      for (const id of ids) known.delete(id)
      for (const { id } of marked) known.add(id)
      const isOwn = ({ author }: ImageRecord): boolean => author === board.visitor
      tellMarked(fresh.filter(isOwn), true)
      tellMarked(
        fresh.filter((record) => !isOwn(record)),
        false,
      )
    }),
  )

  /** The ways in which a person holds pictures, the firmest first. */
  const holds: readonly ['captioned' | 'moved' | 'selected', (id: string) => boolean][] = [
    ['captioned', (id) => captionEditing.now() === id],
    ['moved', (id) => drag.isDragging() && drag.moving().includes(id)],
    ['selected', (id) => selection.has(id)],
  ]
  onCleanup(
    board.on('trashed', ({ ids, visitors, edited }) => {
      const way = holds.find(([, isHeld]) => [...ids].some(isHeld))
      const held = way ? new Set([...ids].filter(way[1])) : edited
      const others = [...ids.difference(held)]
      const name = nameOfAll(visitors)
      // The event comes before the pictures are gone from the board.
      queueMicrotask(() => {
        const sentence = overlayWords.deletedByOther[way?.[0] ?? 'changed']
        if (held.size > 0) toasts.warn(sentence(name, held.size), putBack([...held]))
        if (others.length > 0) tellDeleted([...visitors].join(), name, others)
      })
    }),
  )
  let told: { who: string; ids: readonly string[]; toast: Toast; until: number } | undefined
  const tellDeleted = (who: string, name: string, ids: readonly string[]): void => {
    const now = performance.now()
    const joins = told !== undefined && told.who === who && now < told.until
    // Those that were put back meanwhile are told of no more.
    const before = (joins ? told!.ids : []).filter(
      (id) => !ids.includes(id) && board.pictures.get(id)?.deletedAt != null,
    )
    const all = [...before, ...ids]
    if (joins) toasts.close(told!.toast)
    const toast = toasts.say(overlayWords.deletedByOther.any(name, all.length), putBack(all))
    told = { who, ids: all, toast, until: now + TOLD_TOGETHER_MS }
  }
  onCleanup(
    board.on('overtaken', (ids) => {
      const pictures = [...ids].filter((id) => id !== 'board')
      if (pictures.length < ids.size) toasts.warn(overlayWords.settingsOvertaken)
      if (pictures.length > 0) toasts.warn(overlayWords.overtaken(pictures.length))
    }),
  )
}
