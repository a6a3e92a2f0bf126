import { type JSX, Show } from 'solid-js'
import { isOffered, keyOf } from '../actions/action.ts'
import { useApp } from '../app.ts'
import { IconButton } from '../look/button.tsx'
import { Icon } from '../look/icon.tsx'
import { isPhone } from '../look/screen.ts'
import { ActionButton } from '../ui/action-button.tsx'
import { LazyPart } from '../ui/lazy-part.tsx'
import { words } from '../words/page.ts'

const waiting = () => import('./waiting-button.tsx').then(({ WaitingButton }) => WaitingButton)

/** Shows the main bar: all tools on a desktop; Fit, Add and More on a phone. */
export function Bar(): JSX.Element {
  const { actions, tool, menus, standingParts } = useApp()
  const open = (name: 'add' | 'more'): void =>
    menus.open({ name, at: { x: innerWidth / 2, y: innerHeight }, label: words[name] })

  return (
    <nav ref={standingParts.add} class="bar sheet" aria-label={words.tools}>
      <span class="phone">
        <IconButton icon="maximize" label={words.fit} onClick={actions.fit.run} />
      </span>
      <Show when={isOffered(actions.choose)}>
        <button
          type="button"
          class="main add tipped"
          data-tip={`${words.choose}  ${keyOf(actions.choose)}`}
          onClick={() => (isPhone() ? open('add') : actions.choose.run())}
        >
          <Icon name="plus" />
          <span>{words.add}</span>
        </button>
      </Show>
      <LazyPart load={waiting} />
      <span class="desktop">
        <ActionButton action={actions.selectTool} pressed={tool() === 'select'} />
        <ActionButton action={actions.handTool} pressed={tool() === 'hand'} />
        <ActionButton action={actions.tidy} />
        <hr />
        <ActionButton action={actions.undo} />
        <ActionButton action={actions.redo} />
      </span>
      <span class="phone">
        <IconButton icon="ellipsis" label={words.more} onClick={() => open('more')} />
      </span>
    </nav>
  )
}
