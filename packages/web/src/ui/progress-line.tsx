import { createComputed, createSignal, type JSX, on, onCleanup, Show } from 'solid-js'
import { prefersReducedMotion } from '../look/motion.ts'
import type { TransferState } from '../state/transfer-state.ts'

/** Milliseconds in which the line leaves at the bottom. */
const LEAVING = 200

/** The wire line: above it is what has been sent, at full strength. */
export function ProgressLine(props: { way: TransferState | null }): JSX.Element {
  const [leaving, setLeaving] = createSignal(false)
  let timer: ReturnType<typeof setTimeout> | undefined
  createComputed(
    on(
      () => props.way === null,
      (isStored, was) => {
        clearTimeout(timer)
        setLeaving(isStored && was === false && !prefersReducedMotion())
        timer = setTimeout(() => setLeaving(false), LEAVING)
      },
    ),
  )
  onCleanup(() => clearTimeout(timer))
  return (
    <Show when={leaving() || (props.way && props.way.state !== 'failed')}>
      <div
        class="wire"
        classList={{ leaving: leaving(), stalled: props.way?.state === 'stalled' }}
        style={{ '--sent': leaving() ? 1 : share(props.way) }}
      >
        <div class="unsent" />
        <div class="scan" />
      </div>
    </Show>
  )
}

/** In steps where motion is unwelcome. */
function share(way: TransferState | null): number {
  const sent = Math.min(1, way?.share ?? 0)
  return prefersReducedMotion() ? Math.floor(sent * 10) / 10 : sent
}
