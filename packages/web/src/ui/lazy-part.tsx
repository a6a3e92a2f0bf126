import { type Component, createEffect, createSignal, type JSX, Show } from 'solid-js'
import { useApp } from '../app.ts'
import { isOldPage, tellMissingPart } from '../state/missing-part.ts'

/** How long the board has been shown before such a part is fetched. */
const LOAD_DELAY_MS = 300

interface LazyPartProps {
  readonly load: () => Promise<Component>
  /** Whether it is needed at once. */
  readonly now?: boolean
  readonly onFailed?: () => void
}

/** Shows a part of the page that a first drop doesn't need, fetched once the board is live, or shown from its copy. */
export function LazyPart(props: LazyPartProps): JSX.Element {
  const { boardStore, toasts } = useApp()
  const [view, set] = createSignal<Component | null>(null)
  createEffect(() => {
    const { connection, copiedAt } = boardStore.status()
    if (view() || !(connection === 'live' || copiedAt || props.now)) return
    // A part that fails to load is fetched again when the board is live again.
    setTimeout(
      () => {
        props.load().then(
          (part) => set(() => part),
          () => {
            if (props.now || isOldPage(boardStore)) tellMissingPart(boardStore, toasts)
            props.onFailed?.()
          },
        )
      },
      props.now ? 0 : LOAD_DELAY_MS,
    )
  })
  return (
    <Show when={view()} keyed>
      {(View) => <View />}
    </Show>
  )
}
