import { limits, words } from '@wirephoto/board'
import { type JSX, Show } from 'solid-js'
import { useApp } from '../app.ts'
import type { Point } from '../geometry/view.ts'
import { Icon } from '../look/icon.tsx'
import type { Desk } from '../state/board-store.ts'
import type { OpenMenu } from '../state/menus.ts'

const { ui } = words

export const titleOf = (desk: Desk): string =>
  desk.title() || (desk.board.id === 'main' ? ui.frontBoard : ui.untitled)

/** The board's name, which a click renames, and its menu. */
export function Title(): JSX.Element {
  const { desk, actions, panels, menus } = useApp()
  let header!: HTMLElement

  const items = [
    actions.rename,
    actions.copyLink,
    actions.copyView,
    actions.openWall,
    actions.boards,
    actions.newBoard,
    ...(desk.board.id === 'main' ? [] : [actions.toFrontBoard]),
    actions.trash,
    actions.settings,
    actions.keySheet,
    actions.palette,
  ]
  const menu: OpenMenu = {
    label: ui.boardMenu,
    items,
    get at() {
      return below(header)
    },
  }

  return (
    <header ref={header} class="title sheet">
      <Show
        when={panels.now() === 'name'}
        fallback={
          <h1>
            <button
              type="button"
              class="quiet name"
              classList={{ unnamed: !desk.title() }}
              title={ui.rename}
              dir="auto"
              onClick={actions.rename.run}
            >
              {titleOf(desk)}
            </button>
          </h1>
        }
      >
        <NameField onKey={() => header.querySelector<HTMLElement>('.name')?.focus()} />
      </Show>
      <button
        type="button"
        class="quiet icon-only"
        aria-label={ui.boardMenu}
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

/** Enter and leaving keep what was typed, Escape doesn't. */
function NameField(props: { onKey: () => void }): JSX.Element {
  const { desk, panels } = useApp()
  const before = desk.title()
  let done = false
  const end = (title: string, byKey = false): void => {
    if (done) return
    done = true
    if (title !== before) desk.board.rename(title)
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
        aria-label={ui.boardName}
        value={before}
        placeholder={titleOf(desk)}
        maxLength={limits.title}
        dir="auto"
        onBlur={({ currentTarget }) => end(currentTarget.value.trim())}
        onKeyDown={(event) => {
          if (event.isComposing) return
          if (event.key !== 'Enter' && event.key !== 'Escape') return
          // The same key would press what gets the focus.
          event.preventDefault()
          end(event.key === 'Enter' ? event.currentTarget.value.trim() : before, true)
        }}
      />
    </span>
  )
}
