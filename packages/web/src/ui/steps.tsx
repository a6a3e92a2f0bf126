import type { JSX } from 'solid-js'
import { IconButton } from '../look/button.tsx'
import { panelWords } from '../words/panels.ts'

interface StepsProps {
  readonly nth: number
  readonly count: number
  readonly onStep: (to: 1 | -1) => void
}

/** Shows the position among all pictures, between the buttons for the previous and the next one. */
export function Steps(props: StepsProps): JSX.Element {
  return (
    <>
      <IconButton
        icon="chevronDown"
        label={panelWords.previous}
        disabled={props.nth <= 0}
        onClick={() => props.onStep(-1)}
      />
      {/* The buttons beside it stand the same way in every language; its words go their own. */}
      <span class="mono" dir="auto">
        {panelWords.position(props.nth + 1, props.count)}
      </span>
      <IconButton
        icon="chevronDown"
        label={panelWords.next}
        disabled={props.nth >= props.count - 1}
        onClick={() => props.onStep(1)}
      />
    </>
  )
}
