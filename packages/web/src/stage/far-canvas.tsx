import { createEffect, type JSX } from 'solid-js'
import { useApp } from '../app.ts'
import { colourOf } from '../state/blur.ts'
import type { Region } from '../state/visible.ts'

/** Browsers draw canvases of up to this side. */
const MAX_CANVAS_SIDE_PX = 4096

/**
 * Draws pictures that are too small and too many to tell apart, each as a patch of its colour. The canvas
 * lies on the board and moves with it, so it is redrawn only for another region.
 */
export function FarCanvas(props: { region: Region; ids: readonly string[] }): JSX.Element {
  const { boardStore } = useApp()
  let canvas!: HTMLCanvasElement

  createEffect(() => {
    boardStore.revision()
    const { x, y, w, h, zoom } = props.region
    const scale = Math.min(zoom * devicePixelRatio, MAX_CANVAS_SIDE_PX / w, MAX_CANVAS_SIDE_PX / h)
    canvas.width = Math.ceil(w * scale)
    canvas.height = Math.ceil(h * scale)
    const context = canvas.getContext('2d')
    if (!context) return
    const unknown = getComputedStyle(canvas).getPropertyValue('--edge')
    context.setTransform(scale, 0, 0, scale, -x * scale, -y * scale)
    for (const id of props.ids) {
      const box = boardStore.boxes.get(id)
      const thumbhash = boardStore.get(id)?.thumbhash
      if (!box) continue
      context.fillStyle = (thumbhash && colourOf(thumbhash)) || unknown
      context.fillRect(box.x, box.y, box.w, box.h)
    }
  })

  return (
    <canvas
      ref={canvas}
      class="far-canvas"
      aria-hidden="true"
      style={{
        left: `${props.region.x}px`,
        top: `${props.region.y}px`,
        width: `${props.region.w}px`,
        height: `${props.region.h}px`,
      }}
    />
  )
}
