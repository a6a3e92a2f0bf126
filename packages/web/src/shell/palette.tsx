import { picturesOnBoard } from '@wirephoto/board'
import { createMemo, createSignal, For, type JSX } from 'solid-js'
import { type Action, can, chordOf, keyOf } from '../actions/action.ts'
import { type App, useApp } from '../app.ts'
import { isComposed } from '../input/keys.ts'
import { Icon, type IconName } from '../look/icon.tsx'
import '../look/late-icons.ts'
import { isPhone } from '../look/screen.ts'
import { Dialog } from '../ui/dialog.tsx'
import { words } from '../words/page.ts'
import { paletteWords } from '../words/palette.ts'
import { panelWords } from '../words/panels.ts'
import { notYet, found as search } from './palette-search.ts'
import './palette.css'
import { saveActions } from './save-actions.ts'

/** An entry of the palette. */
interface Choice {
  readonly label: string
  readonly synonyms: string
  readonly icon: IconName
  readonly keys: string
  readonly run: () => void
}

/** The most pictures that are listed. */
const MAX_PICTURES_COUNT = 20

/** Finds the actions that are possible now by their names and by other words, and pictures by name and caption. */
export function Palette(): JSX.Element {
  const app = useApp()
  const { actions, panels } = app
  const { palette, ...others } = actions
  const synonyms: Partial<Record<string, string>> = paletteWords.synonyms
  const choiceOf = (action: Action, id = ''): Choice => ({
    label: action.label,
    synonyms: synonyms[id] ?? '',
    icon: action.icon,
    keys: keyOf(action),
    run: action.run,
  })
  // Computed once, before the palette takes the focus: some actions depend on it.
  const possible = [
    ...Object.entries<Action>(others)
      .filter(([, action]) => can(action))
      .map(([id, action]) => choiceOf(action, id)),
    ...Object.values<Action>(saveActions(app))
      .filter(can)
      .map((action) => choiceOf(action)),
  ]
  const pictures = picturesOf(app)
  const [text, setText] = createSignal('')
  const found = createMemo(() => [
    ...search(possible, text()),
    ...(text().trim() === '' ? [] : search(pictures, text()).slice(0, MAX_PICTURES_COUNT)),
  ])
  const told = (): string =>
    notYet(Object.values(paletteWords.notYet), text()) ??
    (found().length === 0 ? panelWords.paletteNothing : '')
  const [at, setAt] = createSignal(0)
  const marked = (): number => Math.min(at(), found().length - 1)

  const run = (choice: Choice | undefined): void => {
    if (!choice) return
    panels.close()
    choice.run()
  }
  const move = (to: number): void => {
    const count = found().length
    if (count === 0) return
    setAt((to + count) % count)
    document.getElementById(optionId(marked()))?.scrollIntoView({ block: 'nearest' })
  }
  const onKeyDown = (event: KeyboardEvent): void => {
    if (isComposed(event)) return
    if (event.key === 'ArrowDown') move(marked() + 1)
    else if (event.key === 'ArrowUp') move(marked() - 1)
    else if (event.key === 'PageDown') move(Math.min(marked() + 8, found().length - 1))
    else if (event.key === 'PageUp') move(Math.max(marked() - 8, 0))
    else if (event.key === 'Enter') run(found()[marked()])
    else if (palette.keys.includes(chordOf(event))) panels.close()
    else return
    event.preventDefault()
  }

  return (
    <Dialog class="palette" label={words.palette} onKeyDown={onKeyDown}>
      <div class="ask">
        <Icon name="search" />
        <input
          type="text"
          role="combobox"
          autofocus
          autocomplete="off"
          spellcheck={false}
          enterkeyhint="go"
          aria-label={words.palette}
          aria-expanded="true"
          aria-controls="palette-list"
          aria-autocomplete="list"
          aria-activedescendant={found().length > 0 ? optionId(marked()) : undefined}
          placeholder={panelWords.palettePrompt}
          onInput={({ currentTarget }) => {
            setText(currentTarget.value)
            setAt(0)
          }}
        />
      </div>
      <div id="palette-list" class="found" role="listbox" aria-label={words.palette}>
        <For each={found()}>
          {(choice, i) => (
            <div
              id={optionId(i())}
              class="choice"
              role="option"
              aria-selected={i() === marked()}
              onPointerMove={() => setAt(i())}
              onClick={() => run(choice)}
            >
              <Icon name={choice.icon} />
              <span dir="auto">{choice.label}</span>
              <kbd translate="no">{choice.keys}</kbd>
            </div>
          )}
        </For>
      </div>
      <p class="hint" role="status">
        {told()}
      </p>
    </Dialog>
  )
}

const optionId = (i: number): string => `palette-${i}`

/** Returns the pictures on the board as entries, the newest first. */
function picturesOf(app: App): Choice[] {
  const { boardStore } = app
  return picturesOnBoard(boardStore.board.pictures)
    .sort((a, b) => (a.id < b.id ? 1 : -1))
    .map(({ id, name, caption }) => ({
      label: caption || name,
      synonyms: name,
      icon: 'images',
      keys: '',
      run: () => visit(app, id),
    }))
}

/** Shows a picture: near, where it stands on the board, and on a phone in the large view. */
function visit({ boardStore, camera, panels, selection }: App, id: string): void {
  const box = boardStore.boxes.get(id)
  if (!box) return
  if (isPhone()) return panels.enlarge(id)
  camera.isChosen = true
  selection.select(id)
  camera.fit(box, 'fly', 'single')
}
