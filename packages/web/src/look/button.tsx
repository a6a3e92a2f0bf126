import type { JSX } from 'solid-js'
import { Icon, type IconName } from './icon.tsx'

export interface IconButtonProps {
  readonly icon: IconName
  readonly label: string
  /** The key that does the same, named by the tooltip. */
  readonly keys?: string
  readonly disabled?: boolean
  readonly pressed?: boolean | undefined
  /** It has the focus when its dialog opens. */
  readonly autofocus?: boolean
  readonly onClick: () => void
}

/** A button that is an icon; its words are its name and its tooltip. */
export function IconButton(props: IconButtonProps): JSX.Element {
  return (
    <button
      type="button"
      class="quiet icon-only tipped"
      aria-label={props.label}
      aria-pressed={props.pressed}
      autofocus={props.autofocus}
      // It keeps the focus when there is nothing more to do.
      aria-disabled={props.disabled}
      data-tip={props.keys ? `${props.label}  ${props.keys}` : props.label}
      // The keys stay with the board: Space pans after a click on a button, too.
      onMouseDown={(event) => event.preventDefault()}
      onClick={() => props.onClick()}
    >
      <Icon name={props.icon} />
    </button>
  )
}
