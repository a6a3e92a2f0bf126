import { heightOf, type ImageRecord } from '@wirephoto/board'
import { createEffect, createMemo, type JSX, on, Show } from 'solid-js'
import { useApp } from '../app.ts'
import { transferStateOf } from '../state/transfer-state.ts'
import { words } from '../words/page.ts'
import { lateViews } from './late-views.ts'
import { PictureImage } from './picture.tsx'

/** More than the tiles that a page draws. */
const MAX_TILE_COUNT = 100_000

interface TileProps {
  readonly id: string
  /** The place in the stack of drawn tiles, from 1 at the bottom. */
  readonly layer: number
}

/** Shows one picture: its image in a box of the right size, and the strip below. */
export function Tile(props: TileProps): JSX.Element {
  const { boardStore, drag, selection } = useApp()
  const { id } = props
  const current = boardStore.picture(id)
  // A removed picture keeps its last look until its node goes.
  const record = createMemo<ImageRecord | undefined>((last) => current() ?? last)
  const transfer = transferStateOf(boardStore, id, record)
  const seenBy = boardStore.seenBy(id)
  const dragged = drag.position(id)
  const place = createMemo(() => {
    const { x = 0, y = 0, w = 1, width = 1, height = 1 } = record() ?? {}
    const at = dragged() ?? { x, y }
    const across = at.w ?? w
    return { ...at, w: across, h: heightOf({ w: across, width, height }) }
  })
  const name = (): string => record()?.caption || record()?.name || ''
  const state = (): string => transfer()?.state ?? 'stored'
  let element!: HTMLDivElement

  createEffect(
    on(
      () => selection.isActive(id) && selection.byKey(),
      (focus) => focus && element.focus({ preventScroll: true }),
    ),
  )

  return (
    <div
      ref={element}
      class="tile"
      classList={{
        selected: selection.has(id),
        lifted: drag.isDragging() && selection.has(id),
        landing: boardStore.hasJustLanded(id),
      }}
      role="option"
      aria-selected={selection.has(id)}
      aria-description={lateViews()?.describe(seenBy(), boardStore.nameOf)}
      tabindex={selection.isActive(id) ? 0 : -1}
      data-image={id}
      data-state={state()}
      style={{
        left: `${place().x}px`,
        top: `${place().y}px`,
        width: `${place().w}px`,
        height: `${place().h}px`,
        '--w': place().w,
        // Above all others while it moves, below their info strips.
        '--layer': props.layer + (dragged() ? MAX_TILE_COUNT : 0),
      }}
      onFocus={() => selection.activate(id, element.matches(':focus-visible'))}
    >
      {/* The accessible name. The author and the time follow. */}
      <span class="visually-hidden">{words.pictureLabel(name(), state())}</span>
      <PictureImage id={id} record={record()} transfer={transfer()} alt={name()} />
      <Show when={lateViews()} keyed>
        {({ TileDetails }) => (
          <TileDetails record={record()} transfer={transfer()} seenBy={seenBy()} />
        )}
      </Show>
    </div>
  )
}
