import { words } from '@wirephoto/board'
import { createSignal, type JSX, Show } from 'solid-js'
import { keyOf } from '../actions/action.ts'
import { useApp } from '../app.ts'
import { IconButton } from '../look/button.tsx'
import { Icon } from '../look/icon.tsx'
import { ActionButton } from './action-button.tsx'
import { Menu } from './menu.tsx'

const { ui } = words

/** The one bar: everything in a row on a desk; Fit, Add and More within a thumb's reach on a phone. */
export function Bar(): JSX.Element {
  const { actions, tool } = useApp()
  const [menu, setMenu] = createSignal<'add' | 'more' | null>(null)
  const items = {
    add: [actions.takePhoto, actions.choose],
    more: [
      actions.undo,
      actions.redo,
      actions.selectAll,
      actions.tidy,
      actions.copyLink,
      actions.copyView,
      actions.trash,
      actions.boards,
      actions.settings,
      actions.palette,
    ],
  }

  return (
    <>
      <nav class="bar sheet" aria-label={ui.tools}>
        <span class="phone">
          <IconButton icon="maximize" label={ui.fit} onClick={actions.fit.run} />
        </span>
        <button
          type="button"
          class="main add tipped"
          data-tip={`${ui.choose}  ${keyOf(actions.choose)}`}
          onClick={() => (isPhone() ? setMenu('add') : actions.choose.run())}
        >
          <Icon name="plus" />
          <span>{ui.add}</span>
        </button>
        <span class="desk">
          <ActionButton action={actions.selectTool} pressed={tool() === 'select'} />
          <ActionButton action={actions.handTool} pressed={tool() === 'hand'} />
          <ActionButton action={actions.tidy} />
          <hr />
          <ActionButton action={actions.undo} />
          <ActionButton action={actions.redo} />
        </span>
        <span class="phone">
          <IconButton icon="ellipsis" label={ui.more} onClick={() => setMenu('more')} />
        </span>
      </nav>
      <Show when={menu()}>
        {(open) => (
          <Menu
            at={{ x: innerWidth / 2, y: innerHeight }}
            label={ui[open()]}
            items={items[open()]}
            onClose={() => setMenu(null)}
          />
        )}
      </Show>
    </>
  )
}

const isPhone = (): boolean => matchMedia('(max-width: 640px)').matches
