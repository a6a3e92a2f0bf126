import { limits } from '@wirephoto/board'
import { type JSX, Show } from 'solid-js'
import { isOffered } from '../actions/action.ts'
import { useApp } from '../app.ts'
import { isComposed } from '../input/keys.ts'
import { Icon } from '../look/icon.tsx'
import type { OpenMenu } from '../state/menus.ts'
import { words } from '../words/page.ts'
import { titleOf } from './board-name.ts'

/** Shows the board's name, which a click renames, and its menu. */
export function Title(): JSX.Element {
  const { boardStore, actions, panels, menus, standingParts } = useApp()
  let header!: HTMLElement

  const menu: OpenMenu = {
    name: 'board',
    label: words.boardMenu,
    get at() {
      const { left, right, bottom } = header.getBoundingClientRect()
      return { x: document.dir ? right : left, y: bottom + 8 }
    },
  }

  return (
    <header
      ref={(element) => {
        header = element
        standingParts.add(element)
      }}
      class="title sheet"
    >
      <Show
        when={panels.now() === 'name'}
        fallback={
          <h1>
            <button
              type="button"
              class="quiet name"
              disabled={!isOffered(actions.rename)}
              classList={{ unnamed: !boardStore.title() }}
              title={isOffered(actions.rename) ? words.rename : undefined}
              dir="auto"
              onClick={actions.rename.run}
            >
              {titleOf(boardStore)}
            </button>
          </h1>
        }
      >
        <NameField />
      </Show>
      <button
        type="button"
        class="quiet icon-only"
        aria-label={words.boardMenu}
        aria-haspopup="menu"
        aria-expanded={menus.now() === menu}
        onClick={() => menus.open(menu)}
      >
        <Icon name="chevronDown" />
      </button>
    </header>
  )
}

/** Edits the board's name: Enter and blur keep the text, Escape drops it. */
function NameField(): JSX.Element {
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
