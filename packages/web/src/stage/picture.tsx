import type { ImageRecord } from '@wirephoto/board'
import { blobUrl } from '@wirephoto/client'
import {
  createComputed,
  createMemo,
  createSignal,
  For,
  type JSX,
  onCleanup,
  Show,
  untrack,
} from 'solid-js'
import { useApp } from '../app.ts'
import { blurOf } from '../state/blur.ts'
import { awaitsVariants, sideFor, wantsLiveRead } from '../state/resolution.ts'
import type { TransferState } from '../state/transfer-state.ts'
import { ProgressLine } from '../ui/progress-line.tsx'

/** Screen pixels below which a picture's blur says as much as the picture, at the least zoom of a level. */
const MIN_LOADED_PX = 12
/** Milliseconds until a picture that didn't load is asked for again; doubled each time. */
const RELOAD_DELAY_MS = { first: 1_000, most: 30_000 }
/** Milliseconds that variants are waited for, and in which one layer covers another. */
const VARIANTS_WAIT_MS = 2_000
const FADE_MS = 400

interface PictureImageProps {
  readonly id: string
  readonly record: ImageRecord | undefined
  readonly transfer: TransferState | null
  readonly alt: string
}

/** What there is of a picture, the sharper over the less sharp. */
interface Layer {
  readonly address: string
  /** `tail`: the file while it comes, drawn as far as it is there. */
  readonly kind: 'preview' | 'tail' | 'picture'
}

/**
 * The picture itself: its blur, its preview, the variant or file that its size on the screen asks for,
 * each shown once it is decoded and until the next one is; over it the wire line while it arrives. One's
 * own file stands at once and is replaced by nothing.
 */
export function PictureImage(props: PictureImageProps): JSX.Element {
  const { boardStore, paintReporter, camera } = useApp()
  const { id } = props
  /** One's own file is in a form that this browser can't read, but the server may. */
  const [broken, setBroken] = createSignal(false)
  const own = createMemo<string | null>((kept) => {
    if (broken()) return null
    void props.transfer
    return kept ?? boardStore.fileUrl(id)
  }, null)
  const [layers, setLayers] = createSignal<readonly Layer[]>([])
  const [ready, setReady] = createSignal<ReadonlySet<Layer>>(new Set())
  /** Once something is decoded and faded in, the blur goes: transparent pictures stand on plain sheet. */
  const [covered, setCovered] = createSignal(false)
  const timers = new Set<ReturnType<typeof setTimeout>>()
  const after = (milliseconds: number, run: () => void): void => {
    timers.add(setTimeout(run, milliseconds))
  }

  const preview = boardStore.preview(id)
  createComputed(() => {
    const blob = preview()
    if (!blob || own() || untrack(layers).some(({ kind }) => kind === 'picture')) return
    const address = URL.createObjectURL(blob)
    setLayers((above) => [{ address, kind: 'preview' }, ...above])
    onCleanup(() => URL.revokeObjectURL(address))
  })
  const pixels = createMemo<number>((most) => {
    const { w = 0, width = 1, height = 1 } = props.record ?? {}
    const longest = w * Math.max(1, height / width)
    return Math.max(most, longest * camera.detail() * devicePixelRatio)
  }, 0)
  const arrival = boardStore.arrival(id)
  const wants = createMemo<boolean>(() => {
    const { live, state } = arrival() ?? {}
    if (!live || state !== 'arriving' || own() || props.record?.blob) return false
    return wantsLiveRead(pixels()) && paintReporter.isInView(id)
  })
  createComputed(() => {
    if (!wants()) return
    boardStore.liveReads.request(id)
    onCleanup(() => boardStore.liveReads.release(id))
  })
  createComputed(() => {
    if (!boardStore.liveReads.isReading(id)) return
    const tail: Layer = { address: boardStore.liveReads.url(id), kind: 'tail' }
    setLayers((all) => [...all.filter(({ kind }) => kind !== 'tail'), tail])
  })
  const stored = storedAddress(props, own, pixels)
  createComputed(() => {
    const address = stored()
    if (address) setLayers((below) => [...below, { address, kind: 'picture' }])
  })

  const decoded = (layer: Layer): void => {
    setReady((all) => new Set(all).add(layer))
    paintReporter.markPainted(id)
    after(FADE_MS, () => {
      setCovered(true)
      setLayers((all) => all.slice(Math.max(0, all.indexOf(layer))))
    })
  }
  const lost = (layer: Layer): void => {
    if (layer.kind === 'tail') boardStore.liveReads.release(id)
    setLayers((all) => all.filter((other) => other !== layer))
  }
  /** One's own file is drawn when the browser gets to it; until then its blur may shine through. */
  const isBlurred = (): boolean => {
    if (!own()) return !covered()
    void props.transfer
    return boardStore.board.uploads.get(id)?.file.type === 'image/jpeg'
  }
  onCleanup(() => {
    for (const timer of timers) clearTimeout(timer)
    paintReporter.forget(id)
    boardStore.releaseFile(id)
  })

  return (
    <div class="print" aria-hidden="true">
      <Show when={isBlurred() && props.record?.thumbhash}>
        {(hash) => <img class="blur" src={blurOf(hash()) ?? undefined} alt="" draggable={false} />}
      </Show>
      <For each={layers()}>
        {(layer) => (
          <LayerImage
            layer={layer}
            alt={props.alt}
            isReady={ready().has(layer)}
            isInView={paintReporter.isInView(id)}
            onDecoded={() => decoded(layer)}
            onLost={() => lost(layer)}
          />
        )}
      </For>
      <Show when={own()}>
        {(address) => (
          <img
            class="picture ready"
            src={address()}
            alt={props.alt}
            draggable={false}
            decoding="async"
            onError={() => setBroken(true)}
          />
        )}
      </Show>
      <ProgressLine way={props.transfer} />
    </div>
  )
}

/** Where the stored picture is read from, in the size that the screen asks for, and never a lesser one. */
function storedAddress(
  props: PictureImageProps,
  own: () => string | null,
  pixels: () => number,
): () => string | null {
  const { boardStore, camera } = useApp()
  const near = createMemo<boolean>(
    (was) => was || (props.record?.w ?? 0) * camera.level() >= MIN_LOADED_PX,
    false,
  )
  const [waited, setWaited] = createSignal(false)
  createComputed(() => {
    if (!props.record?.blob) return
    const timer = setTimeout(() => setWaited(true), VARIANTS_WAIT_MS)
    onCleanup(() => clearTimeout(timer))
  })
  const source = createMemo<{ blob: string; side: number } | null>((last) => {
    const { record } = props
    if (own() || !near() || !record?.blob || !blobUrl(boardStore.board, record)) return last
    if (!last && !waited() && awaitsVariants(record)) return null
    const side = sideFor(record, pixels())
    return last?.blob === record.blob && last.side >= side ? last : { blob: record.blob, side }
  }, null)
  return createMemo(() => {
    const chosen = source()
    const record = untrack(() => props.record)
    return chosen && record ? blobUrl(boardStore.board, record, chosen.side) : null
  })
}

interface LayerImageProps {
  readonly layer: Layer
  readonly alt: string
  readonly isReady: boolean
  readonly isInView: boolean
  readonly onDecoded: () => void
  readonly onLost: () => void
}

/** One layer, invisible until it is decoded. */
function LayerImage(props: LayerImageProps): JSX.Element {
  const { address, kind } = props.layer
  let wait = RELOAD_DELAY_MS.first
  let timer: ReturnType<typeof setTimeout> | undefined
  const loaded = async (image: HTMLImageElement): Promise<void> => {
    // What ends early is no less than it was.
    if (kind === 'tail') return
    await image.decode().catch(() => {})
    if (image.isConnected) props.onDecoded()
  }
  const failed = (image: HTMLImageElement): void => {
    if (kind !== 'picture') return props.onLost()
    timer = setTimeout(() => {
      image.src = address
    }, wait)
    wait = Math.min(wait * 2, RELOAD_DELAY_MS.most)
  }
  onCleanup(() => clearTimeout(timer))
  return (
    <img
      class={kind}
      classList={{ ready: props.isReady }}
      fetchpriority={untrack(() => props.isInView) ? 'high' : 'low'}
      src={address}
      alt={kind === 'picture' ? props.alt : ''}
      draggable={false}
      decoding="async"
      onLoad={({ currentTarget }) => void loaded(currentTarget)}
      onError={({ currentTarget }) => failed(currentTarget)}
    />
  )
}
