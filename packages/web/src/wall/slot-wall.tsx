import type { Box, ImageRecord } from '@wirephoto/board'
import { type Board, blobUrl, LatestFrame, type ListedSlot } from '@wirephoto/client'
import {
  createEffect,
  createMemo,
  createSignal,
  For,
  type JSX,
  on,
  onCleanup,
  onMount,
  Show,
} from 'solid-js'
import { request } from '../browser/server-requests.ts'
import type { Size } from '../geometry/view.ts'
import { loadReader, paperOf } from '../state/blur.ts'
import { createFrameAge } from '../ui/frame-age.ts'
import { LatestImage } from '../ui/latest-image.ts'
import { wallWords } from '../words/wall.ts'
import { slotBoxes } from './slot-boxes.ts'

/** A stored frame may be older than one that came by the socket within this time. */
const SOCKET_LEAD_MS = 3_000
/** The size of the names, as a share of the screen's shorter side, and its bounds. */
const TEXT_FACTOR = 0.02
const TEXT_PX = { min: 14, max: 44 }
/** Measures in sizes of the text: the gap between tiles, the room for a name, and the least width for it. */
const GAP_FACTOR = 1
const FOOT_FACTOR = { oneLine: 1.8, twoLines: 3.1 }
const NARROW_FACTOR = { oneLine: 13, twoLines: 8 }
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

/** Shows live slots: one on the whole wall, or several in rows or columns, each of them whole. */
export function SlotWall(props: SlotWallProps): JSX.Element {
  const tiles = createMemo<readonly (ImageRecord | null)[]>(() => {
    props.revision()
    return props.slots.map((name) => tileOf(props.board, name))
  })
  const [listed, setListed] = createSignal<readonly ListedSlot[]>([])
  const path = `/api/boards/${props.board.id}/slots`
  request<{ slots: ListedSlot[] }>('GET', path).then(
    ({ slots }) => setListed(slots),
    () => {
      // Frames that come tell the same in time.
    },
  )
  loadReader()
  const [room, setRoom] = createSignal<Size>({ w: 0, h: 0 })
  const text = (): number =>
    Math.max(TEXT_PX.min, Math.min(TEXT_PX.max, Math.min(props.size.w, props.size.h) * TEXT_FACTOR))
  const shape = createMemo<{ boxes: readonly Box[]; isNarrow: boolean }>(() => {
    const ratios = tiles().map((tile) => (tile ? tile.width / tile.height : USUAL_SHAPE_FACTOR))
    const gap = text() * GAP_FACTOR
    const layOut = (lines: 'oneLine' | 'twoLines'): readonly Box[] =>
      slotBoxes(ratios, {
        ...room(),
        gap,
        foot: text() * FOOT_FACTOR[lines],
        narrowest: text() * NARROW_FACTOR[lines],
      })
    const boxes = layOut('oneLine')
    const isNarrow = boxes.some(({ w }) => w < text() * NARROW_FACTOR.oneLine)
    return { boxes: isNarrow ? layOut('twoLines') : boxes, isNarrow }
  })
  let list!: HTMLUListElement
  onMount(() => {
    const observer = new ResizeObserver(() =>
      setRoom({ w: list.clientWidth, h: list.clientHeight }),
    )
    observer.observe(list)
    onCleanup(() => observer.disconnect())
  })
  return (
    <ul
      ref={list}
      class="wall-slots"
      classList={{ narrow: shape().isNarrow }}
      style={{ 'font-size': `${text()}px` }}
    >
      <For each={props.slots}>
        {(name, i) => (
          <li style={placeOf(shape().boxes[i()])}>
            <Show
              when={tiles()[i()]?.id}
              keyed
              fallback={<p class="wall-no-frame">{wallWords.noFrame(name)}</p>}
            >
              {(id) => (
                <SlotTile
                  board={props.board}
                  id={id}
                  revision={props.revision}
                  usualMs={listed().find((slot) => slot.id === id)?.intervalMs ?? null}
                />
              )}
            </Show>
          </li>
        )}
      </For>
    </ul>
  )
}

/** Returns the style of a tile in its box. */
const placeOf = ({ x, y, w, h }: Box = { x: 0, y: 0, w: 0, h: 0 }): JSX.CSSProperties => ({
  left: `${x}px`,
  top: `${y}px`,
  width: `${w}px`,
  height: `${h}px`,
})

interface SlotTileProps {
  readonly board: Board
  readonly id: string
  readonly revision: () => number
  /** The usual time between two frames; null while nobody knows it. */
  readonly usualMs: number | null
}

/** Shows the frames of one slot, and how old the last one is. */
function SlotTile(props: SlotTileProps): JSX.Element {
  const { board, id } = props
  const record = createMemo<ImageRecord>((last) => {
    props.revision()
    return board.pictures.get(id) ?? last
  }, board.pictures.get(id)!)
  const { replacedAt, storedAt } = record()
  const age = createFrameAge(board, id, record, replacedAt ?? storedAt)
  createEffect(() => {
    if (props.usualMs !== null) age.expect(props.usualMs)
  })
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
      <div
        ref={setElement}
        class="wall-print"
        style={{ background: paperOf(record().thumbhash) }}
      />
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
