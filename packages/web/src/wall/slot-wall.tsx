import type { ImageRecord } from '@wirephoto/board'
import { type Board, blobUrl, LatestFrame } from '@wirephoto/client'
import {
  createEffect,
  createMemo,
  createSignal,
  For,
  type JSX,
  on,
  onCleanup,
  Show,
} from 'solid-js'
import type { Size } from '../geometry/view.ts'
import { paperOf } from '../state/blur.ts'
import { createFrameAge } from '../ui/frame-age.ts'
import { LatestImage } from '../ui/latest-image.ts'
import { wallWords } from '../words/wall.ts'
import { columnsFor } from './slot-grid.ts'

/** A stored frame may be older than one that came by the socket within this time. */
const SOCKET_LEAD_MS = 3_000
/** The shape of a slot that has no tile yet. */
const USUAL_SHAPE_FACTOR = 4 / 3

interface SlotWallProps {
  readonly board: Board
  /** The names of the slots. */
  readonly slots: readonly string[]
  /** Changes with every change of the board's pictures. */
  readonly revision: () => number
  readonly size: Size
}

/** Shows live slots: one on the whole wall, or several in a grid, each of them whole. */
export function SlotWall(props: SlotWallProps): JSX.Element {
  const tiles = createMemo<readonly (ImageRecord | null)[]>(() => {
    props.revision()
    return props.slots.map((name) => tileOf(props.board, name))
  })
  const columns = createMemo(() => {
    const ratios = tiles().map((tile) => (tile ? tile.width / tile.height : USUAL_SHAPE_FACTOR))
    return columnsFor(ratios, props.size)
  })
  return (
    <ul class="wall-slots" style={{ '--columns': columns() }}>
      <For each={props.slots}>
        {(name, i) => (
          <li>
            <Show
              when={tiles()[i()]?.id}
              keyed
              fallback={<p class="wall-no-frame">{wallWords.noFrame(name)}</p>}
            >
              {(id) => <SlotTile board={props.board} id={id} revision={props.revision} />}
            </Show>
          </li>
        )}
      </For>
    </ul>
  )
}

/** Shows the frames of one slot, and how old the last one is. */
function SlotTile(props: { board: Board; id: string; revision: () => number }): JSX.Element {
  const { board, id } = props
  const record = createMemo<ImageRecord>((last) => {
    props.revision()
    return board.pictures.get(id) ?? last
  }, board.pictures.get(id)!)
  const { replacedAt, storedAt } = record()
  const age = createFrameAge(board, id, record, replacedAt ?? storedAt)
  const [element, setElement] = createSignal<HTMLElement | null>(null)
  let cameAt = Number.NEGATIVE_INFINITY
  const isBySocket = (): boolean => performance.now() - cameAt < SOCKET_LEAD_MS
  createEffect(() => {
    const place = element()
    if (!place) return
    const frames = new LatestFrame((image) => {
      place.replaceChildren(image)
      return false
    })
    onCleanup(
      board.on('frame', (frame) => {
        if (frame.id !== id) return
        cameAt = performance.now()
        frames.draw(frame.bytes)
      }),
    )
    const stored = new LatestImage(place)
    createEffect(
      on(
        () => record().blob,
        () => {
          const url = blobUrl(board, record())
          if (url && !isBySocket()) stored.draw(url).catch(() => {})
        },
      ),
    )
  })
  return (
    <figure class="wall-slot">
      <div class="wall-frame">
        <div
          ref={setElement}
          class="wall-print"
          data-paper={paperOf(record().thumbhash)}
          style={{ '--ratio': record().width / record().height }}
        />
      </div>
      <figcaption classList={{ late: age.isLate() }}>
        <span class="wall-slot-name" dir="auto">
          {record().caption || record().slot}
        </span>
        <span class="wall-slot-age">{age.text()}</span>
      </figcaption>
    </figure>
  )
}

/** Finds the tile of a slot: the oldest, if there are two. */
function tileOf(board: Board, name: string): ImageRecord | null {
  let found: ImageRecord | null = null
  for (const record of board.pictures.values())
    if (record.slot === name && record.deletedAt === null && !(found && found.id < record.id))
      found = record
  return found
}
