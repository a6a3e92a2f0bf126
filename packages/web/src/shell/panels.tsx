import { createEffect, createMemo, type JSX, onCleanup, Show } from 'solid-js'
import { useApp } from '../app.ts'
import type { PanelLoaders } from '../state/panels.ts'

/** The loaders of the panels in this folder. */
export const shellPanels = {
  palette: () => import('./palette.tsx').then(({ Palette }) => Palette),
  keys: () => import('./key-sheet.tsx').then(({ KeySheet }) => KeySheet),
  trash: () => import('./trash.tsx').then(({ Trash }) => Trash),
  activity: () => import('./activity.tsx').then(({ Activity }) => Activity),
  boards: () => import('./boards.tsx').then(({ Boards }) => Boards),
  share: () => import('./share.tsx').then(({ Share }) => Share),
  settings: () => import('./settings.tsx').then(({ Settings }) => Settings),
} satisfies Partial<PanelLoaders>

/** Shows the panel that is open over the board. */
export function OpenPanel(): JSX.Element {
  const { boardStore, panels } = useApp()
  const isLive = createMemo(() => boardStore.status().connection === 'live')
  // Panels that couldn't be had on one connection may be had on the next.
  createEffect(() => {
    if (isLive()) onCleanup(panels.preload())
  })
  return (
    <Show when={panels.view()} keyed>
      {(View) => <View />}
    </Show>
  )
}
