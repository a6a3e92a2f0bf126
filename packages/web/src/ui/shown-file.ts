import { type Board, LatestFrame } from '@wirephoto/client'
import { type Accessor, createSignal, onCleanup } from 'solid-js'

/** How long a file that is shown to everybody stands after the last one. */
const STAND_MS = 20_000

export interface ShownFile {
  /** Whether one stands. */
  readonly isShown: Accessor<boolean>
  /** Has the element show each of them. */
  readonly drawInto: (element: HTMLElement) => void
  readonly hide: () => void
}

/** Follows the files that somebody shows to everybody, and that aren't kept. */
export function createShownFile(board: Board): ShownFile {
  const [isShown, setShown] = createSignal(false)
  let timer: ReturnType<typeof setTimeout> | undefined
  const hide = (): void => {
    clearTimeout(timer)
    setShown(false)
  }
  const show = (): void => {
    clearTimeout(timer)
    timer = setTimeout(hide, STAND_MS)
    setShown(true)
  }
  onCleanup(() => clearTimeout(timer))
  return {
    isShown,
    hide,
    drawInto: (element) => {
      let isEnded = false
      const frames = new LatestFrame((image) => {
        // The last one may be decoded after its end.
        if (isEnded) return false
        element.replaceChildren(image)
        show()
        return false
      })
      onCleanup(
        board.on('shown', ({ bytes }) => {
          isEnded = bytes.byteLength === 0
          if (isEnded) hide()
          else frames.draw(bytes)
        }),
      )
    },
  }
}
