import { actionFor } from '../actions/actions.ts'
import { enter, goTo } from '../actions/focus.ts'
import type { App } from '../app.ts'
import { type Direction, neighbour } from '../geometry/order.ts'
import type { Gestures } from './gestures.ts'

/** Screen pixels that an arrow pans, and board units that it moves a selection. */
const PAN_PX = 80
const NUDGE_UNITS = { plain: 1, shift: 10 }
/** Milliseconds in which the next press of an arrow goes on with a move. */
const NUDGE_RUN_MS = 1_000

const arrows: Record<string, [Direction, number, number]> = {
  ArrowLeft: ['left', -1, 0],
  ArrowRight: ['right', 1, 0],
  ArrowUp: ['up', 0, -1],
  ArrowDown: ['down', 0, 1],
}

/** The board's keys, wherever the focus is but in a text, a menu or a dialog. Returns how to stop. */
export function listenToKeys(app: App, gestures: Gestures): () => void {
  const { actions, selection } = app

  const down = (event: KeyboardEvent): void => {
    if (event.defaultPrevented || event.altKey || isElsewhere(event)) return
    const { key, shiftKey, target } = event
    const arrow = arrows[key]
    if (key === ' ') {
      // On a button space presses it; on a picture it selects; else it turns the pointer into a hand.
      if (isButton(target)) return
      const active = isTile(target) && !event.repeat && selection.active()
      if (active) {
        selection.toggle(active)
        selection.activate(active, true)
      } else gestures.setSpace(true)
    } else if (key === 'Tab') {
      // Whoever has clicked on the ground and goes on by keyboard comes to the pictures first.
      if (shiftKey || target !== gestures.stage || !enter(app)) return
    } else if (key === 'Escape') escape(app, gestures)
    else if (arrow && !event.ctrlKey && !event.metaKey) follow(app, arrow, event)
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

/** An arrow moves what is selected, else goes from picture to picture, else pans. */
function follow(
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

/** A move by several presses, which is taken back as one. */
let run = { of: new Set<string>() as ReadonlySet<string>, until: 0, step: {} }

function nudge({ boardStore, selection }: App, dx: number, dy: number, now: number): void {
  const of = selection.ids()
  const step = of === run.of && now < run.until ? run.step : {}
  run = { of, until: now + NUDGE_RUN_MS, step }
  const places = [...of].flatMap((id) => {
    const record = boardStore.get(id)
    return record ? [[id, { x: record.x + dx, y: record.y + dy }] as const] : []
  })
  boardStore.move(new Map(places), step)
}

function escape(app: App, gestures: Gestures): void {
  if (gestures.isActive) gestures.cancel()
  else if (app.unseen.flyBack()) return
  else if (app.selection.ids().size > 0) app.selection.clear()
  else app.selection.activate(null)
}

const isElsewhere = ({ target }: KeyboardEvent): boolean =>
  document.querySelector('dialog:modal') !== null ||
  (target instanceof Element &&
    target.closest('input, textarea, select, [contenteditable], [role="menu"]') !== null)

/** Words that are selected on the page are copied as ever. */
const isCopyingText = ({ key, ctrlKey, metaKey }: KeyboardEvent): boolean =>
  key === 'c' && (ctrlKey || metaKey) && getSelection()?.isCollapsed === false

const isButton = (target: EventTarget | null): boolean =>
  target instanceof Element && target.closest('button, a') !== null

const isTile = (target: EventTarget | null): boolean =>
  target instanceof Element && target.closest('[role="option"]') !== null
