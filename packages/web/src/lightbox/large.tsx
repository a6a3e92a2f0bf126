import { blobUrl } from '@wirephoto/client'
import { createComputed, createMemo, createSignal, type JSX, onCleanup, onMount } from 'solid-js'
import { useApp } from '../app.ts'
import type { Size } from '../geometry/view.ts'
import { blurOf, paperOf } from '../state/blur.ts'
import { createLargePreview } from '../state/large-preview.ts'
import { awaitsVariant, sideFor, variantUrl } from '../state/resolution.ts'
import { transferStateOf } from '../state/transfer-state.ts'
import { createObjectUrl } from '../ui/object-url.ts'
import { ProgressLine } from '../ui/progress-line.tsx'
import { SharpPicture } from '../ui/sharp-picture.tsx'
import { nameOf } from './about.tsx'
import { BESIDE_GAP_PX } from './picture-motion.ts'
import { fitted } from './size.ts'

/** The side of the variant that a tile has usually loaded already. */
const AT_HAND_SIDE_PX = 320
/** How long a variant is awaited before the file is loaded instead. */
const VARIANT_WAIT_MS = 2_000

interface LargeProps {
  readonly id: string
  readonly frameSize: Size
  /** 0 for the picture that is shown; 1 and -1 for the next and the previous one, while they come in beside it. */
  readonly side: -1 | 0 | 1
  /** How far it is zoomed. */
  readonly scale: number
  readonly onFirst: (element: HTMLElement) => void
}

/** Shows a picture as it is at hand at once, then as sharp as it is zoomed. */
export function Large(props: LargeProps): JSX.Element {
  const { boardStore } = useApp()
  const { id } = props
  const current = boardStore.picture(id)
  const record = createMemo<ReturnType<typeof current>>((last) => current() ?? last)
  const transfer = transferStateOf(boardStore, id, record)
  const preview = boardStore.preview(id)
  const size = createMemo(() => fitted(record() ?? { width: 1, height: 1, w: 1 }, props.frameSize))
  let element!: HTMLDivElement

  const previewed = createObjectUrl(preview)
  const availableUrl = (): string | undefined => {
    const { blob, thumbhash, replacedAt } = record() ?? {}
    const own = boardStore.fileUrl(id) ?? previewed()
    if (own && !replacedAt) return own
    const stored = blob ? variantUrl(boardStore.board, record()!, AT_HAND_SIDE_PX) : null
    return stored ?? ((thumbhash && blurOf(thumbhash)) || undefined)
  }
  // A person who enlarges a picture asked for it, so its file is loaded if its variant takes long.
  const [hasWaited, setWaited] = createSignal(false)
  createComputed(() => {
    if (!record()?.blob) return
    const timer = setTimeout(() => setWaited(true), VARIANT_WAIT_MS)
    onCleanup(() => clearTimeout(timer))
  })
  // A file that was loaded for a nearer view stays.
  const largestScale = createMemo<number>((last) => Math.max(last, props.scale), 1)
  const largePreviewOf = createLargePreview(boardStore, id)
  const sharp = createMemo<string | null>((last) => {
    const now = record()
    const pixels = size().pixels * largestScale()
    if (!now?.blob) return largePreviewOf(pixels) ?? last
    // The large preview of one that has just come stays meanwhile.
    if (!hasWaited() && awaitsVariant(now, pixels)) return last
    return blobUrl(boardStore.board, now, sideFor(now, pixels))
  }, null)
  onMount(() => props.onFirst(element))
  onCleanup(() => boardStore.releaseFile(id))

  return (
    <div
      ref={element}
      class="large framed"
      classList={{ beside: props.side !== 0 }}
      role="img"
      aria-label={nameOf(record())}
      aria-hidden={props.side !== 0}
      data-large={props.side === 0 ? id : undefined}
      style={{
        background: paperOf(record()?.thumbhash),
        '--w': `${size().w}px`,
        '--h': `${size().h}px`,
        '--side': props.side,
        '--gap': `${BESIDE_GAP_PX}px`,
      }}
    >
      <SharpPicture available={availableUrl()} sharp={sharp()} />
      <ProgressLine transfer={transfer()} />
    </div>
  )
}
