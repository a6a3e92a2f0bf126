import {
  createComputed,
  createMemo,
  createSignal,
  For,
  type JSX,
  on,
  onCleanup,
  Show,
  untrack,
} from 'solid-js'
import { useApp } from '../app.ts'
import { blurOf, paperOf } from '../state/blur.ts'
import { ProgressLine } from '../ui/progress-line.tsx'
import { createLayers, type Layer, type PictureProps } from './picture-layers.ts'

/**
 * Shows a picture: its blur, then each sharper layer once it is decoded, with the wire line over it while
 * it arrives. One's own file comes over them all in its turn, and shows as soon as the browser has drawn it.
 */
export function PictureImage(props: PictureProps): JSX.Element {
  const { boardStore, paintReporter } = useApp()
  const { id } = props
  /** Whether this browser can't read one's own file. The server may still be able to. */
  const [isUnreadable, setUnreadable] = createSignal(false)
  /** The URL of one's own file, from its turn on. */
  const [ownUrl, setOwnUrl] = createSignal<string | null>(null)
  const isOwn = createMemo(
    on(
      [isUnreadable, ownUrl, () => props.record?.replacedAt, () => props.transfer],
      ([isLost, url, isOther]) => !isLost && !isOther && (url !== null || boardStore.hasFile(id)),
    ),
  )
  const [isOwnDrawn, setOwnDrawn] = createSignal(false)
  let endTurn = (): void => {}
  createComputed(() => {
    if (!isOwn()) return
    // Its preview is drawn first, which the decoding of a large file would hold up.
    const start = (): void => {
      requestAnimationFrame(() => requestAnimationFrame(() => setOwnUrl(boardStore.fileUrl(id))))
    }
    endTurn = boardStore.ownFileTurns.request(id, start)
    onCleanup(endTurn)
  })
  const layers = createLayers(props, isOwn, isOwnDrawn)
  /** The blur. It goes once covered, so that transparent pictures lie on plain paper. */
  const blur = createMemo<string | null>(() => {
    const hash = props.record?.thumbhash
    return hash && !isOwnDrawn() && !layers.isCovered() ? blurOf(hash) : null
  })
  const [isBlurDrawn, setBlurDrawn] = createSignal(false)
  const isBlank = (): boolean => !isBlurDrawn() && !isOwnDrawn() && !layers.isAnyDecoded()
  onCleanup(() => {
    paintReporter.forget(id)
    boardStore.releaseFile(id)
  })

  return (
    <div
      class="picture-image"
      classList={{ blank: isBlank(), own: isOwn() }}
      aria-hidden="true"
      style={{ background: paperOf(props.record?.thumbhash) }}
    >
      <Show when={blur()}>
        {(url) => (
          <img
            class="blur"
            src={url()}
            alt=""
            draggable={false}
            decoding="sync"
            onLoad={() => setBlurDrawn(true)}
          />
        )}
      </Show>
      <For each={layers.all()}>
        {(layer) => (
          <LayerImage
            layer={layer}
            alt={props.alt}
            isReady={layers.isDecoded(layer)}
            isInView={paintReporter.isInView(id)}
            onDecoded={() => {
              layers.markDecoded(layer)
              paintReporter.markPainted(id)
            }}
            onFailed={() => layers.remove(layer)}
          />
        )}
      </For>
      <Show when={isOwn() && ownUrl()}>
        {(url) => (
          <img
            class="picture"
            classList={{ ready: isOwnDrawn() }}
            src={url()}
            alt={props.alt}
            draggable={false}
            decoding="async"
            onLoad={({ currentTarget }) =>
              onceDecoded(currentTarget, () => {
                setOwnDrawn(true)
                endTurn()
              })
            }
            onError={() => setUnreadable(true)}
          />
        )}
      </Show>
      <ProgressLine transfer={props.transfer} />
    </div>
  )
}

interface LayerImageProps {
  readonly layer: Layer
  readonly alt: string
  readonly isReady: boolean
  readonly isInView: boolean
  readonly onDecoded: () => void
  readonly onFailed: () => void
}

/** Shows one layer, invisible until it is decoded. */
function LayerImage(props: LayerImageProps): JSX.Element {
  const { url, kind } = props.layer
  const loaded = (image: HTMLImageElement): void => {
    // A live read may end early. It never counts as painted.
    if (kind === 'live') return
    onceDecoded(image, () => {
      if (image.isConnected) props.onDecoded()
    })
  }
  let element!: HTMLImageElement
  onCleanup(() => {
    // Without its source, the browser ends at once a request that nothing needs any more.
    if (kind !== 'preview' && !props.isReady) element.removeAttribute('src')
  })
  return (
    <img
      ref={element}
      class={kind}
      classList={{ ready: props.isReady }}
      fetchpriority={untrack(() => props.isInView) ? 'high' : 'low'}
      src={url}
      alt={kind === 'picture' ? props.alt : ''}
      draggable={false}
      // A browser may draw an image that was not decoded at once some frames late. A preview is small.
      decoding={kind === 'preview' ? 'sync' : 'async'}
      onLoad={({ currentTarget }) => loaded(currentTarget)}
      // The stored picture is asked for again, like every image of the page.
      onError={() => kind !== 'picture' && props.onFailed()}
    />
  )
}

/** Calls back once an image is decoded. The browser draws it in the frame that takes away what lay below it. */
function onceDecoded(image: HTMLImageElement, show: () => void): void {
  const decoded = (): void => {
    image.decoding = 'sync'
    show()
  }
  image.decode().then(decoded, decoded)
}
