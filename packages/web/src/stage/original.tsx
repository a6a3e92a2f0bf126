import type { JSX } from 'solid-js'
import { useApp } from '../app.ts'

/** Shows a picture in its place while its tile is dragged away as the copy. */
export function Original(props: { id: string; layer: number }): JSX.Element {
  const { boardStore } = useApp()
  const { x = 0, y = 0, w = 0, h = 0 } = boardStore.boxes.get(props.id) ?? {}
  const image = document.querySelector(`[data-image="${props.id}"] > .picture-image`)
  return (
    <div
      class="original"
      style={{
        left: `${x}px`,
        top: `${y}px`,
        width: `${w}px`,
        height: `${h}px`,
        '--layer': props.layer,
      }}
    >
      {image?.cloneNode(true)}
    </div>
  )
}
