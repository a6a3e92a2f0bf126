import { createUniqueId, type JSX } from 'solid-js'
import { useApp } from '../app.ts'
import { createShownFile } from '../ui/shown-file.ts'
import { overlayWords } from '../words/overlay.ts'
import { words } from '../words/page.ts'
import './shown-card.css'

/** Shows a file that somebody shows to everybody in a card beside the board, until it is closed or its time is over. */
export function ShownCard(): JSX.Element {
  const { boardStore } = useApp()
  const shown = createShownFile(boardStore.board)
  const label = createUniqueId()
  return (
    <aside
      class="shown-card sheet"
      hidden={!shown.isShown()}
      aria-labelledby={label}
      onKeyDown={({ key }) => key === 'Escape' && shown.hide()}
    >
      <div class="shown-file" ref={shown.drawInto} />
      <p id={label} role="status">
        {shown.isShown() && overlayWords.shownToAll}
      </p>
      <button type="button" class="outlined" onClick={shown.hide}>
        {words.close}
      </button>
    </aside>
  )
}
