import { words } from '@wirephoto/board'
import type { JSX } from 'solid-js'
import { keyOf } from '../actions/action.ts'
import { useApp } from '../app.ts'
import { ActionButton } from '../ui/action-button.tsx'

const { ui } = words

export function Zoom(): JSX.Element {
  const { camera, actions } = useApp()
  return (
    <section class="zoom sheet" aria-label={ui.zoom}>
      <ActionButton action={actions.zoomOut} />
      <button
        type="button"
        class="quiet percent tipped"
        data-tip={`${ui.zoomReset}  ${keyOf(actions.zoomReset)}`}
        onClick={actions.zoomReset.run}
      >
        {ui.percent(camera.view().zoom)}
      </button>
      <ActionButton action={actions.zoomIn} />
      <button
        type="button"
        class="quiet tipped"
        data-tip={`${ui.fitAll}  ${keyOf(actions.fit)}`}
        onClick={actions.fit.run}
      >
        {ui.fit}
      </button>
    </section>
  )
}
