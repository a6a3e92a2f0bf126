import { type JSX, onCleanup } from 'solid-js'
import { useApp } from '../app.ts'
import { PageVersion } from './page-version.tsx'
import { layOutForBrowser } from './print-board.ts'
import { Visited } from './visited-boards.ts'

/** Holds what has nothing to show once the board is live, in one part: each costs the first script its name. */
export function LateParts(): JSX.Element {
  onCleanup(layOutForBrowser(useApp().boardStore))
  return (
    <>
      <Visited />
      <PageVersion />
    </>
  )
}
