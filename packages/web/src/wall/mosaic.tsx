import type { Box, ImageRecord } from '@wirephoto/board'
import type { Board } from '@wirephoto/client'
import {
  createComputed,
  createMemo,
  createSignal,
  For,
  type JSX,
  onCleanup,
  onMount,
  Show,
  untrack,
} from 'solid-js'
import type { Size } from '../geometry/view.ts'
import { paperOf } from '../state/blur.ts'
import { FadingImage } from './fading-image.tsx'
import { maxTileCount, mosaicBoxes } from './mosaic-layout.ts'
import { type MosaicPicture, MosaicTurns, shapeFactor } from './mosaic-turns.ts'
import { blurOf, sourceOf } from './screen-image.ts'

const CHANGE_INTERVAL_MS = 4_000
/** The gap between tiles, as a share of the screen's shorter side, and its bounds. */
const GAP_FACTOR = 0.009
const GAP_PX = { min: 4, max: 20 }
/** A shape that differs more from its tile's stands whole on a blur of itself; others are cut to the tile. */
const MAX_CUT_FACTOR = 1.25

interface MosaicProps {
  readonly board: Board
  /** Newest first. */
  readonly pictures: readonly ImageRecord[]
  /** Changes with every change of the pictures. */
  readonly revision: () => number
  /** Whether somebody may see it. */
  readonly isSeen: () => boolean
}

/** Shows as many pictures as the screen has room for, all whole, and changes one every few seconds. */
export function Mosaic(props: MosaicProps): JSX.Element {
  const turns = new MosaicTurns()
  const [size, setSize] = createSignal<Size>({ w: 0, h: 0 })
  const [tiles, setTiles] = createSignal<readonly string[]>([])
  const [boxes, setBoxes] = createSignal<readonly Box[]>([])
  const shapes = createMemo<readonly MosaicPicture[]>(() =>
    props.pictures.map(({ id, width, height }) => ({ id, ratio: width / height })),
  )
  let laidOutFor: Size | null = null
  createComputed(() => {
    const { w, h } = size()
    if (w === 0) return
    const isOther = turns.settle(shapes(), maxTileCount({ w, h }))
    if (isOther || laidOutFor !== size()) {
      laidOutFor = size()
      const ratioOf = new Map(shapes().map(({ id, ratio }) => [id, ratio]))
      const gap = Math.round(
        Math.max(GAP_PX.min, Math.min(GAP_PX.max, Math.min(w, h) * GAP_FACTOR)),
      )
      const ratios = turns.tiles.map((id) => ratioOf.get(id)!)
      setBoxes(mosaicBoxes(ratios, { w, h }, gap))
    }
    setTiles(turns.tiles)
  })
  const timer = setInterval(() => {
    if (!props.isSeen()) return
    turns.change(
      untrack(shapes),
      boxes().map(({ w, h }) => w / h),
    )
    setTiles(turns.tiles)
  }, CHANGE_INTERVAL_MS)
  onCleanup(() => clearInterval(timer))
  let list!: HTMLUListElement
  onMount(() => {
    const observer = new ResizeObserver(() =>
      setSize({ w: list.clientWidth, h: list.clientHeight }),
    )
    observer.observe(list)
    onCleanup(() => observer.disconnect())
  })
  return (
    <ul class="wall-mosaic" ref={list}>
      <For each={[...tiles().keys()]}>
        {(i) => (
          <MosaicTile
            board={props.board}
            id={tiles()[i] ?? ''}
            box={boxes()[i] ?? null}
            revision={props.revision}
          />
        )}
      </For>
    </ul>
  )
}

interface MosaicTileProps {
  readonly board: Board
  readonly id: string
  readonly box: Box | null
  readonly revision: () => number
}

/** Shows the pictures that take turns on one tile. */
function MosaicTile(props: MosaicTileProps): JSX.Element {
  const { board } = props
  const record = createMemo<ImageRecord | undefined>((last) => {
    props.revision()
    return board.pictures.get(props.id) ?? last
  })
  const source = createMemo(() => {
    const now = record()
    if (!now || !props.box) return null
    return sourceOf(board, now, Math.max(props.box.w, props.box.h) * devicePixelRatio)
  })
  const isWhole = (): boolean => {
    const now = record()
    if (!now || !props.box) return false
    return shapeFactor(now.width / now.height, props.box.w / props.box.h) > MAX_CUT_FACTOR
  }
  const [backdrop, setBackdrop] = createSignal<HTMLCanvasElement | null>(null)
  return (
    <li
      classList={{ whole: isWhole() }}
      style={{
        background: paperOf(record()?.thumbhash),
        left: `${props.box?.x ?? 0}px`,
        top: `${props.box?.y ?? 0}px`,
        width: `${props.box?.w ?? 0}px`,
        height: `${props.box?.h ?? 0}px`,
      }}
    >
      <Show when={isWhole()}>
        <div class="wall-backdrop" aria-hidden="true">
          {backdrop()}
        </div>
      </Show>
      <FadingImage
        source={source()}
        alt={record()?.caption || record()?.name || ''}
        onImage={(image) => setBackdrop(isWhole() ? blurOf(image) : null)}
      />
    </li>
  )
}
