import { createSignal, For, type JSX, Show } from 'solid-js'
import { useApp } from '../app.ts'
import { Icon } from '../look/icon.tsx'
import { homeWords } from '../words/home.ts'
import { words } from '../words/page.ts'
import { panelWords } from '../words/panels.ts'
import './boards.css'
import { Dialog } from '../ui/dialog.tsx'
import { BoardActs, createOwns } from './board-acts.tsx'
import { BoardCard } from './board-card.tsx'
import { nameOf } from './board-name.ts'
import { ServerBoards } from './server-boards.tsx'
import { forget, isKept, pictureOf, remember, type Visit, visits } from './visited-boards.ts'

/** Lists the boards that this browser has visited, newest first, and always the front board. */
export function Boards(): JSX.Element {
  const { boardStore, actions, toasts } = useApp()
  const { id: here } = boardStore.board
  const list = (): Visit[] => {
    const known = [current(), ...visits().filter(({ id }) => id !== here)]
    const front = known.some(({ id }) => id === 'main')
    return front ? known : [...known, { id: 'main', title: '', at: null, picture: null }]
  }
  const current = (): Visit => ({
    id: here,
    title: boardStore.title(),
    at: Date.now(),
    picture: pictureOf(boardStore.board),
  })
  const [shown, setShown] = createSignal(list())
  let listElement!: HTMLUListElement
  const isOwn = createOwns()
  const done = (told: string): void => {
    setShown(list())
    toasts.say(told)
  }
  const leave = (visit: Visit, nth: number): void => {
    forget(visit.id)
    setShown(list())
    const buttons = listElement.querySelectorAll<HTMLElement>('button')
    const next = buttons[Math.min(nth, buttons.length - 1)] ?? listElement.querySelector('a')
    next?.focus()
    toasts.say(homeWords.forgotten(nameOf(visit)), {
      label: words.undo,
      run() {
        remember(visit)
        setShown(list())
      },
    })
  }
  /** Whether all boards of the server are shown, in place of this browser's. */
  const [isServer, setServer] = createSignal(false)
  const removable = (): Visit[] => shown().filter(isRemovable)
  const isRemovable = ({ id, at }: Visit): boolean => id !== here && at !== null && id !== 'main'

  return (
    <Dialog
      class="boards"
      label={words.boards}
      title={isServer() ? panelWords.serverBoards : words.boards}
    >
      <div class="about">
        <p class="hint">
          {isServer() ? '' : isKept() ? panelWords.boardsHint : panelWords.boardsForgotten}
        </p>
        <div class="buttons">
          <button type="button" class="outlined" onClick={() => setServer(!isServer())}>
            {isServer() ? words.boards : panelWords.serverBoards}
          </button>
          <button type="button" class="main" onClick={actions.newBoard.run}>
            <Icon name="plus" />
            {words.newBoard}
          </button>
        </div>
      </div>
      <Show when={!isServer()} fallback={<ServerBoards />}>
        <ul ref={listElement} class="body">
          <For each={shown()}>
            {(visit) => (
              <li>
                <BoardCard visit={visit} isHere={visit.id === here} />
                <Show when={isRemovable(visit)}>
                  <BoardActs
                    visit={visit}
                    isOwn={isOwn(visit.id)}
                    onForget={() => leave(visit, removable().indexOf(visit))}
                    onDone={done}
                  />
                </Show>
              </li>
            )}
          </For>
        </ul>
      </Show>
    </Dialog>
  )
}
