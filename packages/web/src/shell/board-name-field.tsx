import { limits } from '@wirephoto/board'
import type { JSX } from 'solid-js'
import { isComposed } from '../input/keys.ts'
import { homeWords } from '../words/home.ts'
import { nameOf } from './board-name.ts'

interface NameFieldProps {
  readonly board: { readonly id: string; readonly title: string }
  readonly onKeep: (title: string) => void
  readonly onLeave: () => void
}

/** Edits a board's name: Enter keeps it, Escape drops it. */
export function NameField(props: NameFieldProps): JSX.Element {
  let field!: HTMLInputElement
  return (
    <form
      class="ask"
      onSubmit={(event) => {
        event.preventDefault()
        props.onKeep(field.value.trim())
      }}
    >
      <input
        ref={(input) => {
          field = input
          queueMicrotask(() => input.select())
        }}
        value={props.board.title}
        maxLength={limits.titleLength}
        dir="auto"
        aria-label={homeWords.name(nameOf(props.board))}
        onKeyDown={(event) => {
          if (event.key !== 'Escape' || isComposed(event)) return
          event.preventDefault()
          event.stopPropagation()
          props.onLeave()
        }}
      />
      <button type="submit" class="outlined">
        {homeWords.keepName}
      </button>
    </form>
  )
}
