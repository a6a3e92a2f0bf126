import { limits } from '@wirephoto/board'
import { type JSX, Show } from 'solid-js'
import { useApp } from '../app.ts'
import type { Point } from '../geometry/view.ts'
import { isComposed } from '../input/keys.ts'
import { Icon } from '../look/icon.tsx'
import type { BoardStore } from '../state/board-store.ts'
import type { OpenMenu } from '../state/menus.ts'
import { words } from '../words/page.ts'

export const titleOf = (boardStore: BoardStore): string =>
  boardStore.title() || (boardStore.board.id === 'main' ? words.frontBoard : words.untitled)

/** Shows the board's name, which a click renames, and its menu. */
export function Title(): JSX.Element {
  const { boardStore, actions, panels, menus, standingParts } = useApp()
  let header!: HTMLElement

  const items = [
    actions.rename,
    actions.copyLink,
    actions.copyView,
    actions.openWall,
    actions.boards,
    actions.newBoard,
    ...(boardStore.board.id === 'main' ? [] : [actions.toFrontBoard]),
    actions.trash,
    actions.settings,
    actions.keySheet,
    actions.palette,
  ]
  const menu: OpenMenu = {
    label: words.boardMenu,
    items,
    get at() {
      return below(header)
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
              classList={{ unnamed: !boardStore.title() }}
              title={words.rename}
              dir="auto"
              onClick={actions.rename.run}
            >
              {titleOf(boardStore)}
            </button>
          </h1>
        }
      >
        <NameField onKey={() => header.querySelector<HTMLElement>('.name')?.focus()} />
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

function below(element: HTMLElement): Point {
  const { left, bottom } = element.getBoundingClientRect()
  return { x: left, y: bottom + 8 }
}

/** Edits the board's name: Enter and blur keep the text, Escape drops it. */
function NameField(props: { onKey: () => void }): JSX.Element {
  const { boardStore, panels } = useApp()
  const before = boardStore.title()
  let done = false
  const end = (title: string, byKey = false): void => {
    if (done) return
    done = true
    if (title !== before) boardStore.board.rename(title)
    if (panels.now() === 'name') panels.close()
    if (byKey) props.onKey()
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
          if (isComposed(event)) return
          if (event.key !== 'Enter' && event.key !== 'Escape') return
          // Otherwise the same key press would reach the element that gets the focus.
          event.preventDefault()
          end(event.key === 'Enter' ? event.currentTarget.value.trim() : before, true)
        }}
      />
    </span>
  )
}
