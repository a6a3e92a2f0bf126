import { type JSX, Show } from 'solid-js'
import { type Action, can, isOffered, keyOf } from '../actions/action.ts'
import { IconButton } from '../look/button.tsx'

/** Shows an action as a button with its icon, if it is offered. */
export function ActionButton(props: { action: Action; pressed?: boolean }): JSX.Element {
  return (
    <Show when={isOffered(props.action)}>
      <IconButton
        icon={props.action.icon}
        label={props.action.label}
        keys={keyOf(props.action)}
        disabled={!can(props.action)}
        pressed={props.pressed}
        onClick={() => props.action.run()}
      />
    </Show>
  )
}
