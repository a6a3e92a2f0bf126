import { createEffect, createMemo, on } from 'solid-js'
import type { App } from '../app.ts'
import { type Point, toBoard } from '../geometry/view.ts'

interface PointerPresence {
  move(event: PointerEvent): void
  leave(): void
}

/** Shows the other visitors where this page's mouse is on the board. Sends nothing while nobody else is here. */
export function sharePointer({ boardStore: { board }, camera, people }: App): PointerPresence {
  /** The mouse in board units, null while it is elsewhere. */
  let pointer: Point | null = null
  const isAlone = createMemo(() => people.visitorCount() < 2)
  const send = (): void => {
    if (!isAlone()) board.point(pointer)
  }
  // A newcomer sees a resting pointer too.
  createEffect(on(isAlone, send, { defer: true }))
  return {
    move({ pointerType, clientX, clientY }) {
      if (pointerType === 'touch') return
      const { x, y } = toBoard(camera.now, { x: clientX, y: clientY })
      pointer = { x: Math.round(x), y: Math.round(y) }
      send()
    },
    leave() {
      pointer = null
      board.point(null)
    },
  }
}
