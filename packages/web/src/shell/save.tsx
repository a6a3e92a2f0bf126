import { picturesOnBoard } from '@wirephoto/board'
import { createSignal, type JSX, Show } from 'solid-js'
import { type Action, can } from '../actions/action.ts'
import { useApp } from '../app.ts'
import { inBackground } from '../browser/in-background.ts'
import { Icon } from '../look/icon.tsx'
import '../look/late-icons.ts'
import { downloadNow, type Saved } from '../state/archive-download.ts'
import { Dialog } from '../ui/dialog.tsx'
import { saveWords } from '../words/save.ts'
import './save.css'
import { formatSize } from '../words/format-size.ts'
import { printBoard } from './print-board.ts'
import { saveActions, savePicture } from './save-actions.ts'

/** Shows the ways to take a board home, each with how far it is. */
export function Save(): JSX.Element {
  const app = useApp()
  const { boardStore, panels } = app
  const actions = saveActions(app)
  const stored = () => {
    boardStore.revision()
    return picturesOnBoard(boardStore.board.pictures).filter(({ blob }) => blob)
  }
  const size = (): string =>
    formatSize(
      stored().reduce((sum, { bytes, original }) => sum + (original?.bytes ?? bytes ?? 0), 0),
    )
  const [drawn, setDrawn] = createSignal<number | null>(null)
  const [loaded, setLoaded] = createSignal<number | null>(null)
  const savingOf = (saved: Saved) => {
    const now = downloadNow()
    return now?.saved === saved ? now : null
  }
  const counted = (count: number | null, say: (n: number, of: number) => string) =>
    count === null ? null : { text: say(count, stored().length), share: count / stored().length }
  const draw = (): void => {
    setDrawn(0)
    inBackground(savePicture(app, setDrawn).finally(() => setDrawn(null)))
  }
  const printNow = (): void => {
    setLoaded(0)
    const printing = printBoard(boardStore, setLoaded).finally(() => {
      setLoaded(null)
      panels.close()
    })
    inBackground(printing)
  }
  return (
    <Dialog class="save" label={saveWords.board} title={saveWords.board}>
      <div class="body">
        <Show when={stored().length > 0} fallback={<p class="hint">{saveWords.nothing}</p>}>
          <SaveButton
            action={actions.all}
            hint={saveWords.allHint(stored().length, size())}
            now={savingOf('all')}
          />
          <Show when={can(actions.chosen)}>
            <SaveButton
              action={actions.chosen}
              hint={saveWords.chosenHint}
              now={savingOf('chosen')}
            />
          </Show>
          <SaveButton
            action={actions.folder}
            hint={saveWords.folderHint}
            now={savingOf('folder')}
          />
          <SaveButton
            action={{ ...actions.picture, run: draw }}
            hint={saveWords.pictureHint}
            now={counted(drawn(), saveWords.drawing)}
          />
          <SaveButton
            action={{ ...actions.print, run: printNow }}
            hint={saveWords.printHint}
            now={counted(loaded(), saveWords.printing)}
          />
        </Show>
      </div>
    </Dialog>
  )
}

interface SaveButtonProps {
  readonly action: Action
  readonly hint: string
  /** How far it is; null while it isn't under way. */
  readonly now: { readonly text: string; readonly share: number | null } | null
}

/** Shows a way to save as a button that says how far it is. */
function SaveButton(props: SaveButtonProps): JSX.Element {
  return (
    <button
      type="button"
      class="one"
      aria-disabled={props.now !== null}
      style={{ '--share': String(props.now?.share ?? 0) }}
      onClick={() => {
        if (!props.now) props.action.run()
      }}
    >
      <Icon name={props.action.icon} />
      <span class="what">
        <span>{props.now?.text ?? props.action.label}</span>
        <small>{props.hint}</small>
      </span>
    </button>
  )
}
