import type { Accessor } from 'solid-js'
import type { Drop } from './drop/drop.ts'
import type { BoardStore } from './state/board-store.ts'
import type { Camera } from './state/camera.ts'
import type { CaptionEditing } from './state/caption-editing.ts'
import type { DragState } from './state/drag.ts'
import type { Menus } from './state/menus.ts'
import type { PaintReporter } from './state/paint-reports.ts'
import type { Panels } from './state/panels.ts'
import type { People } from './state/people.ts'
import type { Selection } from './state/selection.ts'
import type { StandingParts } from './state/standing-parts.ts'
import type { Toasts } from './state/toasts.ts'
import type { Unseen } from './state/unseen.ts'

export type Tool = 'select' | 'hand'

/** The state and the services that actions work on. */
export interface AppState {
  readonly boardStore: BoardStore
  readonly camera: Camera
  readonly selection: Selection
  readonly drag: DragState
  readonly paintReporter: PaintReporter
  readonly people: People
  /** New pictures out of view; null until their code is here. */
  readonly unseen: Accessor<Unseen | null>
  setUnseen(unseen: Unseen): void
  readonly captionEditing: CaptionEditing
  readonly toasts: Toasts
  readonly panels: Panels
  readonly standingParts: StandingParts
  readonly menus: Menus
  readonly drop: Drop
  readonly tool: Accessor<Tool>
  setTool(tool: Tool): void
  /** Opens the browser's file dialog, or a phone's camera. */
  choose(from?: 'files' | 'camera'): void
}
