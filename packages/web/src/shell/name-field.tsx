import { limits } from '@wirephoto/board'
import type { JSX } from 'solid-js'
import { useApp } from '../app.ts'
import { isComposed } from '../input/keys.ts'
import { words } from '../words/page.ts'
import { titleOf } from './board-name.ts'

/** Edits the board's name: Enter and blur keep the text, Escape drops it. */
export function NameField(): JSX.Element {
  const { boardStore, panels } = useApp()
  const before = boardStore.title()
  let done = false
  const end = (title: string, byKey = false): void => {
    if (done) return
    done = true
    if (title !== before) boardStore.board.rename(title)
    if (panels.now() === 'name') panels.close()
    if (byKey) document.querySelector<HTMLElement>('.title .name')?.focus()
  }
  return (
    <span class="grower">
      <input
        ref={(input) =>
          queueMicrotask(() => {
            input.focus()
            input.select()
          })
        }
        class="name"
        aria-label={words.boardName}
        value={before}
        placeholder={titleOf(boardStore)}
        maxLength={limits.titleLength}
        dir="auto"
        onBlur={({ currentTarget }) => end(currentTarget.value.trim())}
        onKeyDown={(event) => {
          const isKept = event.key === 'Enter'
          if (isComposed(event) || !(isKept || event.key === 'Escape')) return
          // Otherwise the same key press would reach the element that gets the focus.
          event.preventDefault()
          end(isKept ? event.currentTarget.value.trim() : before, true)
        }}
      />
    </span>
  )
}
