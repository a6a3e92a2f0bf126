import type { JSX } from 'solid-js'
import { keyOf } from '../actions/action.ts'
import { useApp } from '../app.ts'
import { ActionButton } from '../ui/action-button.tsx'
import { words } from '../words/page.ts'

export function Zoom(): JSX.Element {
  const { camera, actions, standingParts } = useApp()
  return (
    <section ref={standingParts.add} class="zoom sheet" aria-label={words.zoom}>
      <ActionButton action={actions.zoomOut} />
      <button
        type="button"
        class="quiet percent tipped"
        translate="no"
        data-tip={`${words.zoomReset}  ${keyOf(actions.zoomReset)}`}
        onClick={actions.zoomReset.run}
      >
        {words.percent(camera.view().zoom)}
      </button>
      <ActionButton action={actions.zoomIn} />
      <button
        type="button"
        class="quiet tipped"
        data-tip={`${words.fitAll}  ${keyOf(actions.fit)}`}
        onClick={actions.fit.run}
      >
        {words.fit}
      </button>
    </section>
  )
}
