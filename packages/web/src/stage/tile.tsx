import { heightOf, type ImageRecord } from '@wirephoto/board'
import { createEffect, createMemo, type JSX, on } from 'solid-js'
import { useApp } from '../app.ts'
import { transferStateOf } from '../state/transfer-state.ts'
import { words } from '../words/page.ts'
import { PictureImage } from './picture.tsx'
import { describe, PictureInfo } from './picture-info.tsx'

interface TileProps {
  readonly id: string
  /** Its place in the stack of what is drawn. */
  readonly layer: number
}

/** One picture: a right-size box with what there is of it, and how far it is on its way. */
export function Tile(props: TileProps): JSX.Element {
  const { boardStore, drag, selection } = useApp()
  const { id } = props
  const current = boardStore.picture(id)
  // A picture that goes is drawn as it was until its node goes too.
  const record = createMemo<ImageRecord | undefined>((last) => current() ?? last)
  const way = transferStateOf(boardStore, id, record)
  const seenBy = boardStore.seenBy(id)
  const away = drag.position(id)
  const place = createMemo(() => {
    const { x = 0, y = 0, w = 1, width = 1, height = 1 } = record() ?? {}
    const at = away() ?? { x, y }
    const across = at.w ?? w
    return { ...at, w: across, h: heightOf({ w: across, width, height }) }
  })
  const name = (): string => record()?.caption || record()?.name || ''
  const state = (): string => way()?.state ?? 'stored'
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
      aria-description={describe(seenBy(), boardStore.nameOf)}
      tabindex={selection.isActive(id) ? 0 : -1}
      data-image={id}
      data-state={state()}
      style={{
        left: `${place().x}px`,
        top: `${place().y}px`,
        width: `${place().w}px`,
        height: `${place().h}px`,
        '--w': place().w,
        '--layer': props.layer,
      }}
      onFocus={() => selection.activate(id, element.matches(':focus-visible'))}
    >
      {/* Its name. What stands below it says more than a name, and to who looks only. */}
      <span class="unseen">{words.pictureLabel(name(), state())}</span>
      <PictureImage id={id} record={record()} transfer={way()} alt={name()} />
      <PictureInfo record={record()} transfer={way()} seenBy={seenBy()} />
    </div>
  )
}
