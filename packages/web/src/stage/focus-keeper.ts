import { type Box, inReadingOrder } from '@wirephoto/board'
import { createEffect, on, onCleanup } from 'solid-js'
import { goTo } from '../actions/focus.ts'
import type { App } from '../app.ts'

/** Stands in for the picture that is gone, among those that stand. */
const GONE = ''

/**
 * Gives the focus back to the board when the element that had it is gone: a deleted picture, a closed panel or
 * menu, a notice. Who goes by keyboard gets the next picture. Otherwise the ground has it, unseen: the next
 * key press must not fall on a picture that nobody chose.
 */
export function keepFocus(app: App): void {
  const { boardStore, captionEditing, menus, panels, selection, toasts } = app
  let focused = document.activeElement
  /** The active picture's place when it last stood, and whether the keyboard was on it. */
  let last: { box: Box; byKey: boolean } | null = null
  const note = ({ target }: FocusEvent): void => {
    if (target instanceof Element) focused = target
  }
  document.addEventListener('focusin', note)
  onCleanup(() => document.removeEventListener('focusin', note))

  createEffect(() => {
    boardStore.revision()
    const id = selection.active()
    const box = id && boardStore.boxes.get(id)
    if (box) last = { box, byKey: selection.byKey() }
  })

  const isLost = (): boolean =>
    (document.activeElement ?? document.body) === document.body &&
    focused !== null &&
    !focused.isConnected &&
    document.querySelector('dialog:modal') === null
  const next = (): string | null => {
    const active = selection.active()
    if (active && boardStore.boxes.has(active)) return active
    if (!last) return null
    const order = inReadingOrder(new Map<string, Box>([...boardStore.boxes, [GONE, last.box]]))
    const at = order.indexOf(GONE)
    return order[at + 1] ?? order[at - 1] ?? null
  }
  const restore = (): void => {
    if (!isLost()) return
    const byKey = last?.byKey === true
    const id = byKey ? next() : null
    if (id) goTo(app, id, 'stay')
    // A picture that stands far off has no element.
    if (isLost()) focusGround(byKey)
  }
  createEffect(
    on(
      [boardStore.revision, captionEditing.now, menus.now, panels.now, toasts.shown],
      () => queueMicrotask(restore),
      { defer: true },
    ),
  )
}

/** Focuses the ground without entering the pictures. The ring shows for the keyboard only. */
function focusGround(withRing: boolean): void {
  const stage = document.querySelector<HTMLElement>('.stage')
  if (!stage) return
  stage.dataset['given'] = withRing ? 'ring' : ''
  stage.focus({ preventScroll: true })
  stage.addEventListener('blur', () => delete stage.dataset['given'], { once: true })
}
