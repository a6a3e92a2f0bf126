import { createMemo, createSignal, For, type JSX, Show } from 'solid-js'
import { type Action, can, chordOf, keyOf } from '../actions/action.ts'
import { useApp } from '../app.ts'
import { isComposed } from '../input/keys.ts'
import { Icon } from '../look/icon.tsx'
import '../look/late-icons.ts'
import { Dialog } from '../ui/dialog.tsx'
import { words } from '../words/page.ts'
import { panelWords } from '../words/panels.ts'
import './palette.css'
import { saveActions } from './save-actions.ts'

/** Finds the actions that are possible now by their names. */
export function Palette(): JSX.Element {
  const app = useApp()
  const { actions, panels } = app
  const { palette, ...others } = actions
  // Computed once, before the palette takes the focus: some actions depend on it.
  const possible = [...Object.values<Action>(others), ...Object.values(saveActions(app))].filter(
    can,
  )
  const [text, setText] = createSignal('')
  const found = createMemo(() => possible.filter(({ label }) => matches(label, text())))
  const [at, setAt] = createSignal(0)
  const marked = (): number => Math.min(at(), found().length - 1)

  const run = (action: Action | undefined): void => {
    if (!action) return
    panels.close()
    action.run()
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
          {(action, i) => (
            <div
              id={optionId(i())}
              class="choice"
              role="option"
              aria-selected={i() === marked()}
              onPointerMove={() => setAt(i())}
              onClick={() => run(action)}
            >
              <Icon name={action.icon} />
              <span>{action.label}</span>
              <kbd translate="no">{keyOf(action)}</kbd>
            </div>
          )}
        </For>
      </div>
      <p class="hint" role="status">
        <Show when={found().length === 0}>{panelWords.paletteNothing}</Show>
      </p>
    </Dialog>
  )
}

const optionId = (i: number): string => `palette-${i}`

/** Whether every typed word begins a word of the label. */
function matches(label: string, text: string): boolean {
  const begins = ` ${fold(label)}`
  return fold(text)
    .split(/\s+/)
    .every((word) => begins.includes(` ${word}`))
}

/** Removes case and accents. */
const fold = (text: string): string => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase()
