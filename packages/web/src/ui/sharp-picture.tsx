import { createMemo, createSignal, For, type JSX, Show } from 'solid-js'
import './sharp-picture.css'

interface SharpPictureProps {
  /** The address of the picture that can be shown at once. */
  readonly available: string | undefined
  /** The address of the sharp one; null as long as there is none. */
  readonly sharp: string | null
  /** Called when one of both is decoded and shown, with its address. */
  readonly onDrawn?: (address: string) => void
}

/**
 * Shows a picture as it is at hand at once, and over that the sharp one when it is decoded. It fills its parent. When a
 * sharper one is to follow, the one that stands goes only when that is decoded.
 */
export function SharpPicture(props: SharpPictureProps): JSX.Element {
  const [drawn, setDrawn] = createSignal<string | null>(null)
  const layers = createMemo<readonly string[]>(() => {
    const { sharp } = props
    if (sharp === null) return []
    const last = drawn()
    return last === null || last === sharp ? [sharp] : [last, sharp]
  })
  return (
    <>
      {/* An image element without an address is drawn as a broken one. */}
      <Show when={!layers().some((address) => address === drawn()) && props.available}>
        {(address) => (
          <img
            class="available"
            src={address()}
            alt=""
            draggable={false}
            onLoad={({ currentTarget }) => props.onDrawn?.(currentTarget.src)}
          />
        )}
      </Show>
      <For each={layers()}>
        {(address) => (
          <img
            class="sharp"
            classList={{ ready: drawn() === address }}
            src={address}
            alt=""
            draggable={false}
            onLoad={({ currentTarget }) => {
              // One of an earlier size may come late: it is left out.
              const show = (): void => {
                if (props.sharp !== address) return
                setDrawn(address)
                props.onDrawn?.(address)
              }
              currentTarget.decode().then(show, show)
            }}
          />
        )}
      </For>
    </>
  )
}
