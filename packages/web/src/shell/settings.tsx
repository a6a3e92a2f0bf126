import { For, type JSX, Show } from 'solid-js'
import { setAdding } from '../actions/host.ts'
import { useApp } from '../app.ts'
import { type Look, look, setLook } from '../look/theme.ts'
import { chooseLanguage, chosenLanguage, LANGUAGES } from '../state/chosen-language.ts'
import { Dialog } from '../ui/dialog.tsx'
import { hostWords } from '../words/host.ts'
import { words } from '../words/page.ts'
import { panelWords } from '../words/panels.ts'
import { DeleteBoard } from './delete-board.tsx'
import { Leave } from './leave.tsx'
import './settings.css'

const LOOKS: readonly Look[] = ['system', 'light', 'dark']
const ADDINGS = ['open', 'held', 'paused'] as const

/** Shows the settings of this browser and of this board. */
export function Settings(): JSX.Element {
  const app = useApp()
  const { boardStore } = app
  const { board, settings } = boardStore
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
        <fieldset>
          <legend>{panelWords.language}</legend>
          <div class="choices">
            <For each={LANGUAGES}>
              {(each) => (
                <label>
                  <input
                    type="radio"
                    name="language"
                    checked={chosenLanguage() === each}
                    aria-describedby="language-hint"
                    onChange={() => chooseLanguage(each)}
                  />
                  <span lang={each || undefined} translate={each ? 'no' : undefined}>
                    {panelWords.languages[each]}
                  </span>
                </label>
              )}
            </For>
          </div>
          <p id="language-hint" class="hint">
            {panelWords.languageHint}
          </p>
        </fieldset>
        <Show when={boardStore.may('board.govern')}>
          <fieldset>
            <legend>{hostWords.guests}</legend>
            <div class="choices">
              <For each={ADDINGS}>
                {(each) => (
                  <label>
                    <input
                      type="radio"
                      name="adding"
                      checked={settings().adding === each}
                      aria-describedby="adding-hint"
                      onChange={() => setAdding(app, each)}
                    />
                    <span>{hostWords.adding[each]}</span>
                  </label>
                )}
              </For>
            </div>
            <p id="adding-hint" class="hint">
              {hostWords.addingHints[settings().adding]}
            </p>
          </fieldset>
        </Show>
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
