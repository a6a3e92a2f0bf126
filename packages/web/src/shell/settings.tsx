import { roomWords, words } from '@wirephoto/board'
import { createSignal, For, type JSX, onCleanup } from 'solid-js'
import { useApp } from '../app.ts'
import { type Look, look, setLook } from '../look/theme.ts'
import { Dialog } from '../ui/dialog.tsx'
import './settings.css'

const LOOKS: readonly Look[] = ['system', 'light', 'dark']

/** What holds for this browser, and for this board. */
export function Settings(): JSX.Element {
  const { board } = useApp().desk
  const [settings, setSettings] = createSignal(board.settings)
  onCleanup(board.on('title', () => setSettings(board.settings)))
  return (
    <Dialog class="settings" label={words.ui.settings} title={words.ui.settings}>
      <div class="body">
        <fieldset>
          <legend>{roomWords.look}</legend>
          <div class="looks">
            <For each={LOOKS}>
              {(each) => (
                <label>
                  <input
                    type="radio"
                    name="look"
                    checked={look() === each}
                    onChange={() => setLook(each)}
                  />
                  <span>{roomWords.looks[each]}</span>
                </label>
              )}
            </For>
          </div>
          <p class="hint">{roomWords.lookHint}</p>
        </fieldset>
        <fieldset>
          <legend>{roomWords.thisBoard}</legend>
          <label class="tick">
            <input
              type="checkbox"
              checked={settings().keepMetadata}
              aria-describedby="keep-hint"
              onChange={({ currentTarget }) => board.set({ keepMetadata: currentTarget.checked })}
            />
            <span>{roomWords.keepMetadata}</span>
          </label>
          <p id="keep-hint" class="hint">
            {roomWords.keepMetadataHint}
          </p>
        </fieldset>
      </div>
    </Dialog>
  )
}
