import type { JSX } from 'solid-js'
import { type Action, can, keyOf } from '../actions/action.ts'
import { IconButton } from '../look/button.tsx'

/** Shows an action as a button with its icon. */
export function ActionButton(props: { action: Action; pressed?: boolean }): JSX.Element {
  return (
    <IconButton
      icon={props.action.icon}
      label={props.action.label}
      keys={keyOf(props.action)}
      disabled={!can(props.action)}
      pressed={props.pressed}
      onClick={() => props.action.run()}
    />
  )
}
