import { blobUrl } from '@wirephoto/client'
import {
  createComputed,
  createMemo,
  createSignal,
  type JSX,
  onCleanup,
  onMount,
  Show,
} from 'solid-js'
import { useApp } from '../app.ts'
import type { Size } from '../geometry/view.ts'
import { blurOf } from '../state/blur.ts'
import { awaitsVariant, sideFor, variantUrl } from '../state/resolution.ts'
import { transferStateOf } from '../state/transfer-state.ts'
import { createObjectUrl } from '../ui/object-url.ts'
import { ProgressLine } from '../ui/progress-line.tsx'
import { fitted } from './size.ts'

/** The side of the variant that a tile has usually loaded already. */
const AT_HAND_SIDE_PX = 320
/** How long a variant is awaited before the file is loaded instead. */
const VARIANT_WAIT_MS = 2_000

interface LargeProps {
  readonly id: string
  readonly frameSize: Size
  readonly name: string
  readonly onFirst: (element: HTMLElement) => void
}

/** Shows a picture as it is at hand at once, and over that the sharp one once it is decoded. */
export function Large(props: LargeProps): JSX.Element {
  const { boardStore } = useApp()
  const { id } = props
  const current = boardStore.picture(id)
  const record = createMemo<ReturnType<typeof current>>((last) => current() ?? last)
  const transfer = transferStateOf(boardStore, id, record)
  const preview = boardStore.preview(id)
  const size = createMemo(() => fitted(record() ?? { width: 1, height: 1, w: 1 }, props.frameSize))
  const [ready, setReady] = createSignal<string | null>(null)
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
  const sharp = createMemo(() => {
    const now = record()
    if (!now?.blob || (!hasWaited() && awaitsVariant(now, size().pixels))) return null
    return blobUrl(boardStore.board, now, sideFor(now, size().pixels))
  })
  onMount(() => props.onFirst(element))
  onCleanup(() => boardStore.releaseFile(id))

  return (
    <div
      ref={element}
      class="large"
      role="img"
      aria-label={props.name}
      data-large={id}
      style={{ width: `${size().w}px`, height: `${size().h}px` }}
    >
      <Show when={ready() === null || ready() !== sharp()}>
        <img src={availableUrl()} alt="" draggable={false} />
      </Show>
      <Show when={sharp()} keyed>
        {(address) => (
          <img
            class="sharp"
            classList={{ ready: ready() === address }}
            src={address}
            alt=""
            draggable={false}
            onLoad={({ currentTarget }) => {
              // A picture of an earlier size may come late: it is left out.
              const drawn = () => sharp() === address && setReady(address)
              currentTarget.decode().then(drawn, drawn)
            }}
          />
        )}
      </Show>
      <ProgressLine transfer={transfer()} />
    </div>
  )
}
