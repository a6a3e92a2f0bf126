import { limits, words } from '@wirephoto/board'
import { createSignal, type JSX, Show } from 'solid-js'
import { useApp } from '../app.ts'
import type { Desk } from '../desk.ts'
import { Icon } from '../look/icon.tsx'
import type { Point } from '../stage/view.ts'
import { Menu, type MenuItem } from './menu.tsx'

const { ui } = words

export const titleOf = (desk: Desk): string =>
  desk.title() || (desk.board.id === 'main' ? ui.frontBoard : ui.untitled)

/** The board's name, which a click renames, and its menu. */
export function Title(): JSX.Element {
  const { desk, actions } = useApp()
  const [editing, setEditing] = createSignal(false)
  const [menu, setMenu] = createSignal(false)
  let header!: HTMLElement

  const items = (): MenuItem[] => [
    { icon: 'pencil', label: ui.rename, run: () => setEditing(true) },
    { icon: 'link', label: ui.copyLink, run: () => void actions.copyLink() },
    { icon: 'squarePlus', label: ui.newBoard, run: () => void actions.newBoard() },
    ...(desk.board.id === 'main'
      ? []
      : [{ icon: 'house', label: ui.toFrontBoard, run: () => location.assign('/') } as const]),
  ]

  return (
    <header ref={header} class="title sheet">
      <Show
        when={editing()}
        fallback={
          <h1>
            <button
              type="button"
              class="quiet name"
              classList={{ unnamed: !desk.title() }}
              title={ui.rename}
              dir="auto"
              onClick={() => setEditing(true)}
            >
              {titleOf(desk)}
            </button>
          </h1>
        }
      >
        <NameField onDone={() => setEditing(false)} />
      </Show>
      <button
        type="button"
        class="quiet icon-only"
        aria-label={ui.boardMenu}
        aria-haspopup="menu"
        aria-expanded={menu()}
        onClick={() => setMenu(true)}
      >
        <Icon name="chevronDown" />
      </button>
      <Show when={menu()}>
        <Menu
          label={ui.boardMenu}
          at={below(header)}
          items={items()}
          onClose={() => setMenu(false)}
        />
      </Show>
    </header>
  )
}

function below(element: HTMLElement): Point {
  const { left, bottom } = element.getBoundingClientRect()
  return { x: left, y: bottom + 8 }
}

/** Enter and leaving keep what was typed, Escape doesn't. */
function NameField(props: { onDone: () => void }): JSX.Element {
  const { desk } = useApp()
  const before = desk.title()
  let done = false
  const end = (title: string): void => {
    if (done) return
    done = true
    if (title !== before) desk.board.rename(title)
    props.onDone()
  }
  return (
    <span class="grower">
      <input
        ref={(input) => queueMicrotask(() => input.select())}
        class="name"
        aria-label={ui.boardName}
        value={before}
        placeholder={titleOf(desk)}
        maxLength={limits.title}
        dir="auto"
        onBlur={({ currentTarget }) => end(currentTarget.value.trim())}
        onKeyDown={(event) => {
          if (event.isComposing) return
          if (event.key === 'Enter') end(event.currentTarget.value.trim())
          if (event.key === 'Escape') end(before)
        }}
      />
    </span>
  )
}
