import type { App } from '../app.ts'
import type { Gestures } from './gestures.ts'
import { type Direction, firstSeen, neighbour } from './order.ts'

/** Screen pixels that an arrow pans, and board units that it moves a selection. */
const PAN = 80
const NUDGE = { plain: 1, shift: 10 }

const arrows: Record<string, [Direction, number, number]> = {
  ArrowLeft: ['left', -1, 0],
  ArrowRight: ['right', 1, 0],
  ArrowUp: ['up', 0, -1],
  ArrowDown: ['down', 0, 1],
}

/** The board's keys, wherever the focus is but in a text or a menu. Returns how to stop. */
export function listenToKeys(app: App, gestures: Gestures): () => void {
  const { camera, actions } = app

  const chords: Record<string, () => void> = {
    z: () => actions.undo(),
    'shift+z': () => actions.redo(),
    y: () => actions.redo(),
    a: () => actions.selectAll(),
  }
  const plain: Record<string, () => void> = {
    '+': () => camera.step(1),
    '=': () => camera.step(1),
    '-': () => camera.step(-1),
    '0': () => actions.fit(),
    f: () => actions.fit(),
    '1': () => camera.reset(),
    v: () => app.setTool('select'),
    h: () => app.setTool('hand'),
    a: () => app.choose(),
    d: () => actions.download(),
    ']': () => actions.bringToFront(),
    Delete: () => actions.remove(),
    Backspace: () => actions.remove(),
    'shift+Delete': () => actions.cancel(),
    'shift+Backspace': () => actions.cancel(),
    Escape: () => escape(app, gestures),
    Enter: () => selectActive(app, false),
  }

  const down = (event: KeyboardEvent): void => {
    if (event.defaultPrevented || isElsewhere(event)) return
    const arrow = arrows[event.key]
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key
    const chord = event.ctrlKey || event.metaKey
    if (event.altKey) return
    if (key === ' ') {
      // On a button space presses it; on a picture it selects; else it turns the pointer into a hand.
      if (isButton(event.target)) return
      if (isTile(event.target) && !event.repeat) selectActive(app, true)
      else gestures.hold(true)
    } else if (key === 'Tab') {
      // Whoever has clicked on the ground and goes on by keyboard comes to the pictures first.
      if (event.shiftKey || event.target !== gestures.stage || !enter(app)) return
    } else if (arrow && !chord) follow(app, arrow, event.shiftKey)
    else if (chord) {
      const run = chords[event.shiftKey && key === 'z' ? 'shift+z' : key]
      if (!run) return
      run()
    } else {
      if (key === 'Enter' && isButton(event.target)) return
      const run = (event.shiftKey && plain[`shift+${key}`]) || plain[key]
      if (!run) return
      run()
    }
    event.preventDefault()
  }
  const up = (event: KeyboardEvent): void => {
    if (event.key === ' ') gestures.hold(false)
  }
  const blur = (): void => gestures.hold(false)

  const off = new AbortController()
  document.addEventListener('keydown', down, { signal: off.signal })
  document.addEventListener('keyup', up, { signal: off.signal })
  window.addEventListener('blur', blur, { signal: off.signal })
  return () => off.abort()
}

/** An arrow moves what is selected, else goes from picture to picture, else pans. */
function follow(app: App, [direction, dx, dy]: [Direction, number, number], far: boolean): void {
  const { camera, selection, actions, desk } = app
  const active = selection.active()
  if (selection.ids().size > 0) {
    const step = far ? NUDGE.shift : NUDGE.plain
    actions.nudge(dx * step, dy * step)
  } else if (active) {
    const next = neighbour(desk.boxes, active, direction)
    if (!next) return
    selection.activate(next, true)
    actions.reveal(next)
  } else camera.pan(-dx * PAN, -dy * PAN)
}

function escape(app: App, gestures: Gestures): void {
  if (gestures.busy) gestures.cancel()
  else if (app.selection.ids().size > 0) app.selection.clear()
  else app.selection.activate(null)
}

/** Goes to the first picture that is seen. False when there is none. */
export function enter({ desk, camera, selection }: App): boolean {
  const id = firstSeen(desk.boxes, camera.clear)
  if (id) selection.activate(id, true)
  return id !== null
}

function selectActive({ selection, desk, camera }: App, more: boolean): void {
  const id = selection.active() ?? firstSeen(desk.boxes, camera.clear)
  if (!id) return
  selection.activate(id, true)
  if (more) selection.toggle(id)
  else selection.only(id)
}

const isElsewhere = ({ target }: KeyboardEvent): boolean =>
  target instanceof Element &&
  target.closest('input, textarea, select, [contenteditable], dialog, [role="menu"]') !== null

const isButton = (target: EventTarget | null): boolean =>
  target instanceof Element && target.closest('button, a') !== null

const isTile = (target: EventTarget | null): boolean =>
  target instanceof Element && target.closest('[role="option"]') !== null
