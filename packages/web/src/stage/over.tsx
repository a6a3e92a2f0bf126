import type { JSX } from 'solid-js'
import { useApp } from '../app.ts'
import { CaptionField } from './caption.tsx'
import { Chips } from './chip.tsx'
import { Cursors, OthersSelections } from './others.tsx'
import { ResizeHandles } from './resize.tsx'
// So that it is here without a connection, too.
import './deeds.ts'
import './handling.css'

/** What lies over the pictures: others' selections and pointers, handles, chips, a caption's field. */
export function Over(): JSX.Element {
  const { captioning } = useApp()
  return (
    <div class="over">
      <OthersSelections />
      <ResizeHandles hidden={captioning.now() !== null} />
      <Cursors />
      <Chips />
      <CaptionField />
    </div>
  )
}
