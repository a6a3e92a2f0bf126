import { type JSX, Show } from 'solid-js'
import { isOffered } from '../actions/action.ts'
import { useApp } from '../app.ts'
import { Icon } from '../look/icon.tsx'
import type { OpenMenu } from '../state/menus.ts'
import { LazyPart } from '../ui/lazy-part.tsx'
import { words } from '../words/page.ts'
import { titleOf } from './board-name.ts'

const nameField = () => import('./name-field.tsx').then(({ NameField }) => NameField)

/** Shows the board's name, which a click renames, and its menu. */
export function Title(): JSX.Element {
  const { boardStore, actions, panels, menus, standingParts } = useApp()
  let header!: HTMLElement

  const menu: OpenMenu = {
    name: 'board',
    label: words.boardMenu,
    get at() {
      const { left, bottom } = header.getBoundingClientRect()
      return { x: left, y: bottom + 8 }
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
