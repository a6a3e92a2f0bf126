import type { ImageRecord } from '@wirephoto/board'
import {
  type Accessor,
  createComputed,
  createMemo,
  createSignal,
  onCleanup,
  untrack,
} from 'solid-js'
import { useApp } from '../app.ts'
import { wantsLiveRead } from '../state/resolution.ts'
import type { TransferState } from '../state/transfer-state.ts'
import { createScreenPixels, createStoredUrl } from './stored-picture.ts'

/** How long a decoded layer takes to fade in over those below it. */
const FADE_MS = 400

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
  isDecoded(layer: Layer): boolean
  markDecoded(layer: Layer): void
  remove(layer: Layer): void
}

/** Creates the layers of a picture: its preview, its file while that arrives, and the stored picture. */
export function createLayers(props: PictureProps, own: Accessor<string | null>): PictureLayers {
  const { boardStore, paintReporter } = useApp()
  const { id } = props
  const record = (): ImageRecord | undefined => props.record
  const { liveReads } = boardStore
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
    if (!blob || own() || untrack(layers).some(({ kind }) => kind === 'picture')) return
    const url = URL.createObjectURL(blob)
    setLayers((above) => [{ url, kind: 'preview' }, ...above])
    onCleanup(() => URL.revokeObjectURL(url))
  })
  const pixels = createScreenPixels(record)
  const arrival = boardStore.arrival(id)
  const wantsLive = createMemo<boolean>(() => {
    const { live, state } = arrival() ?? {}
    if (!live || state !== 'arriving' || own() || record()?.blob) return false
    return wantsLiveRead(pixels()) && paintReporter.isInView(id)
  })
  createComputed(() => {
    if (!wantsLive()) return
    liveReads.request(id)
    onCleanup(() => liveReads.release(id))
  })
  createComputed(() => {
    if (!liveReads.isReading(id)) return
    const live: Layer = { url: liveReads.url(id), kind: 'live' }
    setLayers((all) => [...all.filter(({ kind }) => kind !== 'live'), live])
  })
  const storedUrl = createStoredUrl(id, record, own, pixels)
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
    isDecoded: (layer) => decoded().has(layer),
    markDecoded(layer) {
      setDecoded((all) => new Set(all).add(layer))
      const timer = setTimeout(() => {
        setCovered(true)
        setLayers((all) => all.slice(Math.max(0, all.indexOf(layer))))
      }, FADE_MS)
      timers.add(timer)
    },
    remove(layer) {
      if (layer.kind === 'live') liveReads.release(id)
      setLayers((all) => all.filter((other) => other !== layer))
    },
  }
}
