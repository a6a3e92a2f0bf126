import type { ImageRecord } from '@wirephoto/board'
import {
  type Accessor,
  createComputed,
  createMemo,
  createSignal,
  getOwner,
  onCleanup,
  runWithOwner,
  untrack,
} from 'solid-js'
import { useApp } from '../app.ts'
import type { TransferState } from '../state/transfer-state.ts'
import { createScreenPixels, createStoredUrl } from './stored-picture.ts'

/** How long a decoded layer stands before those below it go: a browser may draw it some frames late. */
const COVERED_AFTER_MS = 400

export interface PictureProps {
  readonly id: string
  readonly record: ImageRecord | undefined
  readonly transfer: TransferState | null
  readonly alt: string
}

/** One image of a picture. Sharper layers lie over less sharp ones. */
export interface Layer {
  readonly url: string
  /** `live` is the file while it arrives, drawn as far as it is there. */
  readonly kind: 'preview' | 'live' | 'picture'
}

interface PictureLayers {
  readonly all: Accessor<readonly Layer[]>
  /** Whether a decoded layer hides everything below it. */
  readonly isCovered: Accessor<boolean>
  /** Whether any layer is decoded. */
  readonly isAnyDecoded: Accessor<boolean>
  isDecoded(layer: Layer): boolean
  markDecoded(layer: Layer): void
  remove(layer: Layer): void
}

/**
 * Creates the layers of a picture: its preview, its file while that arrives, and the stored picture. One's
 * own file makes the others needless once it is drawn.
 */
export function createLayers(
  props: PictureProps,
  isOwn: Accessor<boolean>,
  isOwnDrawn: Accessor<boolean>,
): PictureLayers {
  const { boardStore } = useApp()
  const { id } = props
  const record = (): ImageRecord | undefined => props.record
  const [layers, setLayers] = createSignal<readonly Layer[]>([])
  const [decoded, setDecoded] = createSignal<ReadonlySet<Layer>>(new Set())
  const [isCovered, setCovered] = createSignal(false)
  const timers = new Set<ReturnType<typeof setTimeout>>()
  onCleanup(() => {
    for (const timer of timers) clearTimeout(timer)
  })

  const preview = boardStore.preview(id)
  createComputed(() => {
    const blob = preview()
    if (isOwnDrawn()) setLayers([])
    if (!blob || isOwnDrawn() || untrack(layers).some(({ kind }) => kind === 'picture')) return
    const url = URL.createObjectURL(blob)
    setLayers((all) => {
      const end = all.findLastIndex(({ kind }) => kind === 'preview') + 1
      return all.toSpliced(end, 0, { url, kind: 'preview' })
    })
    onCleanup(() => URL.revokeObjectURL(url))
  })
  const pixels = createScreenPixels(record)
  const arrival = boardStore.arrival(id)
  const isArriving = (): boolean => arrival()?.state === 'arriving' && !isOwn() && !record()?.blob
  const showSooner = (layer: Layer): (() => void) => {
    setLayers((all) => [...all.filter(({ kind }) => kind !== 'live'), layer])
    return () => setLayers((all) => all.filter((other) => other !== layer))
  }
  const isSooner = createMemo<boolean>(
    (was) => was || (isArriving() && (arrival()!.live || arrival()!.large)),
    false,
  )
  const owner = getOwner()
  let isGone = false
  let endLiveRead = (): void => {}
  onCleanup(() => {
    isGone = true
  })
  createComputed(() => {
    if (!isSooner()) return
    import('./sooner-layers.ts').then(
      ({ createSoonerLayers }) =>
        isGone ||
        runWithOwner(owner, () => {
          endLiveRead = createSoonerLayers({ id, pixels, isArriving, show: showSooner })
        }),
      () => {
        // Without that code, nothing is read before it is there.
      },
    )
  })
  const storedUrl = createStoredUrl(id, record, isOwn, pixels)
  createComputed(() => {
    const url = storedUrl()
    if (!url) return
    setLayers((all) => {
      // A layer that is still loading is of no use any more.
      const kept = all.filter((layer) => layer.kind !== 'picture' || untrack(decoded).has(layer))
      return kept.at(-1)?.url === url ? kept : [...kept, { url, kind: 'picture' }]
    })
  })

  return {
    all: layers,
    isCovered,
    isAnyDecoded: () => layers().some((layer) => decoded().has(layer)),
    isDecoded: (layer) => decoded().has(layer),
    markDecoded(layer) {
      setDecoded((all) => new Set(all).add(layer))
      const timer = setTimeout(() => {
        setCovered(true)
        setLayers((all) => all.slice(Math.max(0, all.indexOf(layer))))
      }, COVERED_AFTER_MS)
      timers.add(timer)
    },
    remove(layer) {
      if (layer.kind === 'live') endLiveRead()
      setLayers((all) => all.filter((other) => other !== layer))
    },
  }
}
