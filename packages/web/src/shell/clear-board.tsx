import { createMemo, type JSX } from 'solid-js'
import { deletePictures } from '../actions/pictures.ts'
import { useApp } from '../app.ts'
import { Dialog } from '../ui/dialog.tsx'
import { hostWords } from '../words/host.ts'
import './clear-board.css'

/** Moves all pictures of the board to the trash, once that is confirmed. */
export function ClearBoard(): JSX.Element {
  const app = useApp()
  const { boardStore, panels } = app
  const { settings } = boardStore
  const ids = createMemo<readonly string[]>(() => {
    boardStore.revision()
    return [...boardStore.boxes.keys()]
  })
  const clear = (): void => {
    const all = ids()
    panels.close()
    deletePictures(app, all, hostWords.cleared)
  }
  return (
    <Dialog class="clear-board" label={hostWords.clearBoard} title={hostWords.clearBoard}>
      <div class="body">
        <p>{hostWords.askClear(ids().length)}</p>
        <p class="hint">{hostWords.clearHint(settings().trashDays)}</p>
        <div class="buttons">
          <button type="button" class="outlined" autofocus onClick={panels.close}>
            {hostWords.keepBoard}
          </button>
          <button type="button" class="main" disabled={ids().length === 0} onClick={clear}>
            {hostWords.clear(ids().length)}
          </button>
        </div>
      </div>
    </Dialog>
  )
}
