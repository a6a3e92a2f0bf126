import { words } from '@wirephoto/board'
import type { JSX } from 'solid-js'
import { useApp } from '../app.ts'
import { IconButton } from '../look/button.tsx'

const { ui } = words

export function Zoom(): JSX.Element {
  const { camera, actions } = useApp()
  return (
    <div class="zoom sheet" role="group" aria-label={ui.zoom}>
      <IconButton icon="minus" label={ui.zoomOut} keys="−" onClick={() => camera.step(-1)} />
      <button
        type="button"
        class="quiet percent tipped"
        data-tip={`${ui.zoomReset}  1`}
        onClick={() => camera.reset()}
      >
        {ui.percent(camera.view().zoom)}
      </button>
      <IconButton icon="plus" label={ui.zoomIn} keys="+" onClick={() => camera.step(1)} />
      <button
        type="button"
        class="quiet tipped"
        data-tip={`${ui.fitAll}  F`}
        onClick={() => actions.fit()}
      >
        {ui.fit}
      </button>
    </div>
  )
}
