import { createEffect, onCleanup } from 'solid-js'
import type { App } from '../app.ts'
import { overlayWords } from '../words/overlay.ts'
import { panelWords } from '../words/panels.ts'

/** How long after somebody had a picture selected a deletion counts as theirs. */
const SELECTED_WINDOW_MS = 3_000

interface Holder {
  readonly name: string
  readonly until: number
}

/** Tells what others did to pictures that this person holds: deletions, and what undo left as it is. */
export function tellOfOthers(app: App): void {
  const { boardStore, captionEditing, drag, people, selection, toasts } = app
  const { board } = boardStore
  /** Who had a picture selected lately: records don't say who deleted. By picture, then visitor. */
  const holders = new Map<string, Map<string, Holder>>()
  createEffect(() => {
    const until = Date.now() + SELECTED_WINDOW_MS
    for (const { visitor, name, selection: ids } of people.others().values())
      for (const id of ids) {
        const all = holders.get(id) ?? new Map<string, Holder>()
        holders.set(id, all.set(visitor, { name, until }))
      }
    for (const [id, all] of holders)
      if (![...all.values()].some((each) => each.until >= Date.now())) holders.delete(id)
  })
  const nameOf = (ids: readonly string[]): string => {
    const names = new Map<string, string>()
    for (const { visitor, name, selection: held } of board.people.values())
      if (held.some((id) => ids.includes(id))) names.set(visitor, name)
    for (const id of ids)
      for (const [visitor, { name, until }] of holders.get(id) ?? [])
        if (until >= Date.now()) names.set(visitor, name)
    const [name = '', ...more] = names.values()
    return more.length === 0 ? name : ''
  }

  /** The ways in which a person holds pictures, the firmest first. */
  const holds: readonly ['captioned' | 'moved' | 'selected', (id: string) => boolean][] = [
    ['captioned', (id) => captionEditing.now() === id],
    ['moved', (id) => drag.isDragging() && drag.moving().includes(id)],
    ['selected', (id) => selection.has(id)],
  ]
  onCleanup(
    board.on('trashed', ({ ids, edited }) => {
      const way = holds.find(([, isHeld]) => [...ids].some(isHeld))
      const held = way ? [...ids].filter(way[1]) : [...edited]
      if (held.length === 0) return
      const sentence = overlayWords.deletedByOther[way?.[0] ?? 'changed']
      const text = sentence(nameOf(held), held.length)
      const isPossible = (): boolean => {
        boardStore.revision()
        return held.some((id) => board.pictures.get(id)?.deletedAt != null)
      }
      const putBack = { label: panelWords.putBack, run: () => board.restore(held), isPossible }
      // The event comes before the pictures are gone from the board.
      queueMicrotask(() => toasts.warn(text, putBack))
    }),
  )
  onCleanup(
    board.on('overtaken', (ids) => {
      const pictures = [...ids].filter((id) => id !== 'board')
      if (pictures.length < ids.size) toasts.warn(overlayWords.settingsOvertaken)
      if (pictures.length > 0) toasts.warn(overlayWords.overtaken(pictures.length))
    }),
  )
}
