import { For, type JSX } from 'solid-js'
import { type Action, isOffered, nameKey } from '../actions/action.ts'
import { useApp } from '../app.ts'
import { Dialog } from '../ui/dialog.tsx'
import { words } from '../words/page.ts'
import { panelWords } from '../words/panels.ts'
import './key-sheet.css'

const GROUPS = [
  ['pictures', panelWords.keysPictures],
  ['view', panelWords.keysView],
  ['board', panelWords.keysBoard],
] as const

/** Lists every key, and the gestures of mouse and fingers. */
export function KeySheet(): JSX.Element {
  const { actions } = useApp()
  const all = Object.values<Action>(actions).filter(isOffered)
  return (
    <Dialog class="key-sheet" label={words.keySheet} title={words.keySheet}>
      {/* A part that scrolls must be reachable by keyboard. */}
      <div class="body" tabindex={0} role="group" aria-label={words.keySheet}>
        <For each={GROUPS}>
          {([group, title]) => (
            <section>
              <h3>{title}</h3>
              <dl>
                <For each={all.filter(({ group: own, keys }) => own === group && keys.length > 0)}>
                  {(action) => (
                    <div>
                      <dt>{action.label}</dt>
                      <dd>
                        <For each={action.keys}>
                          {(chord) => <kbd translate="no">{nameKey(chord)}</kbd>}
                        </For>
                      </dd>
                    </div>
                  )}
                </For>
              </dl>
            </section>
          )}
        </For>
        <GestureList title={panelWords.byMouse} rows={panelWords.gestures} />
        <GestureList title={panelWords.byTouch} rows={panelWords.fingers} />
        <GestureList title={panelWords.inLarge} rows={panelWords.large} />
      </div>
    </Dialog>
  )
}

function GestureList(props: {
  title: string
  rows: readonly (readonly [string, string])[]
}): JSX.Element {
  return (
    <section class="gestures">
      <h3>{props.title}</h3>
      <dl>
        <For each={props.rows}>
          {([input, what]) => (
            <div>
              <dt>{input}</dt>
              <dd>{what}</dd>
            </div>
          )}
        </For>
      </dl>
    </section>
  )
}
