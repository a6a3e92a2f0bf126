import { createComputed, createSignal, type JSX, on, onCleanup, Show } from 'solid-js'
import { prefersReducedMotion } from '../look/motion.ts'
import type { TransferState } from '../state/transfer-state.ts'

/** How long the line takes to leave at the bottom. */
const LEAVING_MS = 200

/** Draws the wire line across a picture: the part above it has been sent, at full strength. */
export function ProgressLine(props: { transfer: TransferState | null }): JSX.Element {
  const [leaving, setLeaving] = createSignal(false)
  let timer: ReturnType<typeof setTimeout> | undefined
  createComputed(
    on(
      () => props.transfer === null,
      (isStored, was) => {
        clearTimeout(timer)
        setLeaving(isStored && was === false && !prefersReducedMotion())
        timer = setTimeout(() => setLeaving(false), LEAVING_MS)
      },
    ),
  )
  onCleanup(() => clearTimeout(timer))
  return (
    <Show when={leaving() || (props.transfer && props.transfer.state !== 'failed')}>
      <div
        class="progress-line"
        classList={{ leaving: leaving(), stalled: props.transfer?.state === 'stalled' }}
        style={{ '--sent': leaving() ? 1 : share(props.transfer) }}
      >
        <div class="unsent" />
        <div class="scan" />
      </div>
    </Show>
  )
}

/** Returns the share that has been sent, in steps of a tenth if motion is reduced. */
function share(transfer: TransferState | null): number {
  const sent = Math.min(1, transfer?.share ?? 0)
  return prefersReducedMotion() ? Math.floor(sent * 10) / 10 : sent
}
