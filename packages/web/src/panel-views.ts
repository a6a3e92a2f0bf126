import { Filmstrip } from './lightbox/filmstrip.tsx'
import { Lightbox } from './lightbox/lightbox.tsx'
import { Activity } from './shell/activity.tsx'
import { Boards } from './shell/boards.tsx'
import { ClearBoard } from './shell/clear-board.tsx'
import { KeySheet } from './shell/key-sheet.tsx'
import { Palette } from './shell/palette.tsx'
import { Save } from './shell/save.tsx'
import { Settings } from './shell/settings.tsx'
import { Share } from './shell/share.tsx'
import { Trash } from './shell/trash.tsx'
import { WaitingPanel } from './shell/waiting-panel.tsx'
import type { PanelViews } from './state/panels.ts'

/** All panels. They come in one file, so the page fetches them by one name. */
export const panelViews: PanelViews = {
  palette: Palette,
  keys: KeySheet,
  save: Save,
  trash: Trash,
  activity: Activity,
  boards: Boards,
  share: Share,
  settings: Settings,
  clear: ClearBoard,
  waiting: WaitingPanel,
  lightbox: Lightbox,
  filmstrip: Filmstrip,
}
