import { createSignal, For, type JSX, onCleanup, Show } from 'solid-js'
import { useApp } from '../app.ts'
import { type Look, look, setLook } from '../look/theme.ts'
import { Dialog } from '../ui/dialog.tsx'
import { words } from '../words/page.ts'
import { panelWords } from '../words/panels.ts'
import { DeleteBoard } from './delete-board.tsx'
import { Leave } from './leave.tsx'
import './settings.css'

const LOOKS: readonly Look[] = ['system', 'light', 'dark']

/** Shows the settings of this browser and of this board. */
export function Settings(): JSX.Element {
  const { boardStore } = useApp()
  const { board } = boardStore
  const [settings, setSettings] = createSignal(board.settings)
  onCleanup(board.on('settings', () => setSettings(board.settings)))
  return (
    <Dialog class="settings" label={words.settings} title={words.settings}>
      <div class="body">
        <fieldset>
          <legend>{panelWords.look}</legend>
          <div class="choices">
            <For each={LOOKS}>
              {(each) => (
                <label>
                  <input
                    type="radio"
                    name="look"
                    checked={look() === each}
                    onChange={() => setLook(each)}
                  />
                  <span>{panelWords.looks[each]}</span>
                </label>
              )}
            </For>
          </div>
          <p class="hint">{panelWords.lookHint}</p>
        </fieldset>
        <Show when={boardStore.may('board.patch')}>
          <fieldset>
            <legend>{panelWords.thisBoard}</legend>
            <label class="tick">
              <input
                type="checkbox"
                checked={settings().keepMetadata}
                aria-describedby="keep-hint"
                onChange={({ currentTarget }) => board.set({ keepMetadata: currentTarget.checked })}
              />
              <span>{panelWords.keepMetadata}</span>
            </label>
            <p id="keep-hint" class="hint">
              {panelWords.keepMetadataHint}
            </p>
          </fieldset>
        </Show>
        <Leave />
        <Show when={boardStore.may('board.govern') && board.id !== 'main'}>
          <DeleteBoard />
        </Show>
      </div>
    </Dialog>
  )
}
