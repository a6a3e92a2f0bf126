import {
  createEffect,
  createRenderEffect,
  createSignal,
  For,
  type JSX,
  onCleanup,
  onMount,
} from 'solid-js'
import { forgetRetry, retryLater } from '../browser/picture-retry.ts'
import { prefersReducedMotion } from '../look/motion.ts'
import { FADE_MS } from './playback.ts'
import { decoded, release, type Source } from './screen-image.ts'

interface Layer {
  readonly source: Source
  readonly image: HTMLImageElement
}

interface FadingImageProps {
  readonly source: Source | null
  readonly alt: string
  /** An image that is decoded already, and needs no fade. */
  readonly first?: Layer
  /** Called with each image as it comes on. */
  readonly onImage?: (image: HTMLImageElement) => void
}

/** Shows one picture after the other in the same place. Each is decoded before it fades in over the last. */
export function FadingImage(props: FadingImageProps): JSX.Element {
  const { first, onImage } = props
  const [layers, setLayers] = createSignal<readonly Layer[]>([])
  let fading: ReturnType<typeof setTimeout> | undefined
  // An element that is put together outside of the document has another one: the image would be loaded again.
  onMount(() => {
    if (!first) return
    setLayers([first])
    onImage?.(first.image)
  })
  const dropOld = (): void => {
    for (const { image } of layers().slice(0, -1)) release(image)
    setLayers((all) => all.slice(-1))
  }
  createEffect(() => {
    const { source } = props
    if (source === null || layers().at(-1)?.source === source) return
    let isWanted = true
    const load = (): void => {
      decoded(source).then(
        (image) => {
          forgetRetry(load)
          if (!isWanted) return release(image)
          onImage?.(image)
          setLayers((all) => [...all.slice(-1), { source, image }])
          clearTimeout(fading)
          fading = setTimeout(dropOld, prefersReducedMotion() ? 0 : FADE_MS)
        },
        () => isWanted && retryLater(load, load),
      )
    }
    load()
    onCleanup(() => {
      isWanted = false
      forgetRetry(load)
    })
  })
  onCleanup(() => {
    clearTimeout(fading)
    for (const { image } of layers()) release(image)
  })
  return (
    <For each={layers()}>
      {({ image }, i) => {
        image.className = image === first?.image ? '' : 'wall-coming'
        createRenderEffect(() => {
          image.alt = i() === layers().length - 1 ? props.alt : ''
        })
        return image
      }}
    </For>
  )
}
