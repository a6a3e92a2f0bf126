import type { JSX } from 'solid-js'
import { Icon, type IconName } from './icon.tsx'

export interface IconButtonProps {
  readonly icon: IconName
  readonly label: string
  /** The key that does the same; the tooltip names it. */
  readonly keys?: string
  readonly disabled?: boolean
  readonly pressed?: boolean | undefined
  /** Whether it gets the focus when its dialog opens. */
  readonly autofocus?: boolean
  readonly onClick: () => void
}

/** Shows a button with an icon; its label is its accessible name and its tooltip. */
export function IconButton(props: IconButtonProps): JSX.Element {
  return (
    <button
      type="button"
      class="quiet icon-only tipped"
      aria-label={props.label}
      aria-pressed={props.pressed}
      autofocus={props.autofocus}
      // A disabled button would lose the focus.
      aria-disabled={props.disabled}
      data-tip={props.keys ? `${props.label}  ${props.keys}` : props.label}
      // The focus stays on the board, so that Space still pans after a click.
      onMouseDown={(event) => event.preventDefault()}
      onClick={() => props.onClick()}
    >
      <Icon name={props.icon} />
    </button>
  )
}
