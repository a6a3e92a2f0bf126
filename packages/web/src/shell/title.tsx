import { type JSX, Show } from 'solid-js'
import { isOffered } from '../actions/action.ts'
import { useApp } from '../app.ts'
import type { Point } from '../geometry/view.ts'
import { Icon } from '../look/icon.tsx'
import type { BoardStore } from '../state/board-store.ts'
import type { OpenMenu } from '../state/menus.ts'
import { LazyPart } from '../ui/lazy-part.tsx'
import { words } from '../words/page.ts'

const nameField = () => import('./name-field.tsx').then(({ NameField }) => NameField)

export const titleOf = (boardStore: BoardStore): string =>
  boardStore.title() || (boardStore.board.id === 'main' ? words.frontBoard : words.untitled)

/** Shows the board's name, which a click renames, and its menu. */
export function Title(): JSX.Element {
  const { boardStore, actions, panels, menus, standingParts } = useApp()
  let header!: HTMLElement

  const items = [
    actions.rename,
    actions.share,
    actions.copyLink,
    actions.copyView,
    actions.openWall,
    actions.boards,
    actions.newBoard,
    ...(boardStore.board.id === 'main' ? [] : [actions.toFrontBoard]),
    actions.trash,
    actions.activity,
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
        <LazyPart load={nameField} now onFailed={panels.close} />
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
