import { chordOf } from '../actions/action.ts'
import { actionFor } from '../actions/actions.ts'
import { enter, goTo } from '../actions/focus.ts'
import { nudge } from '../actions/nudge.ts'
import type { App } from '../app.ts'
import { type Direction, neighbour } from '../geometry/order.ts'
import { hasAlt, isComposed } from '../input/keys.ts'
import type { Gestures } from './gestures.ts'

const PAN_PX = 80
const NUDGE_UNITS = { plain: 1, shift: 10 }

const arrows: Record<string, [Direction, number, number]> = {
  ArrowLeft: ['left', -1, 0],
  ArrowRight: ['right', 1, 0],
  ArrowUp: ['up', 0, -1],
  ArrowDown: ['down', 0, 1],
}

/** Handles the board's keys, unless the focus is in a text, a menu or a dialog. Returns how to stop. */
export function listenToKeys(app: App, gestures: Gestures): () => void {
  const { actions, selection } = app

  const down = (event: KeyboardEvent): void => {
    if (event.defaultPrevented || hasAlt(event) || isComposed(event) || isElsewhere(event)) return
    const { key, shiftKey, target } = event
    const arrow = arrows[key]
    if (key === ' ') {
      // Space presses a button, selects a picture, and elsewhere pans while it is held.
      if (isButton(target)) return
      const active = isTile(target) && !event.repeat && selection.active()
      if (active) {
        selection.toggle(active)
        selection.activate(active, true)
      } else gestures.setSpace(true)
    } else if (key === 'Tab') {
      // After a click on the ground, the keyboard enters the pictures first.
      if (shiftKey || target !== gestures.stage || !enter(app)) return
    } else if (key === 'Escape') escape(app, gestures)
    else if (arrow && !event.ctrlKey && !event.metaKey) pressArrow(app, arrow, event)
    else {
      if (key === 'Enter' && isButton(target)) return
      const action = actionFor(actions, event)
      if (!action || isCopyingText(event)) return
      action.run()
    }
    event.preventDefault()
  }
  const up = (event: KeyboardEvent): void => {
    if (event.key === ' ') gestures.setSpace(false)
  }
  const blur = (): void => gestures.setSpace(false)

  const off = new AbortController()
  document.addEventListener('keydown', down, { signal: off.signal })
  document.addEventListener('keyup', up, { signal: off.signal })
  window.addEventListener('blur', blur, { signal: off.signal })
  return () => off.abort()
}

/** Moves the selected pictures, else focuses the next picture, else pans. */
function pressArrow(
  app: App,
  [direction, dx, dy]: [Direction, number, number],
  { shiftKey, timeStamp }: KeyboardEvent,
): void {
  const { camera, selection, boardStore } = app
  const active = selection.active()
  if (selection.ids().size > 0) {
    const step = shiftKey ? NUDGE_UNITS.shift : NUDGE_UNITS.plain
    nudge(app, dx * step, dy * step, timeStamp)
  } else if (active) {
    const next = neighbour(boardStore.boxes, active, direction)
    if (next) goTo(app, next)
  } else camera.pan(-dx * PAN_PX, -dy * PAN_PX)
}

/** Cancels the gesture, else flies back, else deselects, else drops the focus. */
function escape(app: App, gestures: Gestures): void {
  if (gestures.isActive) gestures.cancel()
  else if (app.unseen()?.flyBack()) return
  else if (app.selection.ids().size > 0) app.selection.clear()
  else app.selection.activate(null)
}

const isElsewhere = ({ target }: KeyboardEvent): boolean =>
  document.querySelector('dialog:modal') !== null ||
  (target instanceof Element &&
    target.closest('input, textarea, select, [contenteditable], [role="menu"]') !== null)

/** Whether the browser is about to copy text that is selected on the page. */
const isCopyingText = (event: KeyboardEvent): boolean =>
  chordOf(event) === 'mod+c' && getSelection()?.isCollapsed === false

const isButton = (target: EventTarget | null): boolean =>
  target instanceof Element && target.closest('button, a') !== null

const isTile = (target: EventTarget | null): boolean =>
  target instanceof Element && target.closest('[role="option"]') !== null
