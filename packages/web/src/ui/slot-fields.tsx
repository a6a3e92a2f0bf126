import { For, type JSX, Show } from 'solid-js'
import { wallWords } from '../words/wall.ts'

interface SlotFieldsProps {
  /** The names of the live slots on the board. */
  readonly known: readonly string[]
  readonly chosen: readonly string[]
  readonly onChange: (chosen: readonly string[]) => void
}

/** Chooses the live slots that a wall shows; without one it shows all pictures. Nothing on a board that has none. */
export function SlotFields(props: SlotFieldsProps): JSX.Element {
  const all = (): string[] => [...new Set([...props.known, ...props.chosen])].sort()
  const toggle = (name: string): void =>
    props.onChange(
      props.chosen.includes(name)
        ? props.chosen.filter((each) => each !== name)
        : [...props.chosen, name],
    )
  return (
    <Show when={all().length > 0}>
      <fieldset class="quiet-view">
        <legend>{wallWords.slots}</legend>
        <For each={all()}>
          {(name) => (
            <label>
              <input
                type="checkbox"
                checked={props.chosen.includes(name)}
                onChange={() => toggle(name)}
              />
              <bdi>{name}</bdi>
            </label>
          )}
        </For>
      </fieldset>
    </Show>
  )
}
