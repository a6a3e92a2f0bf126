import type { ErrorCode } from '@wirephoto/board'
import { createEffect, createMemo, type JSX, Show } from 'solid-js'
import { useApp } from '../app.ts'
import { isOnline } from '../state/online.ts'
import { formatTime } from '../ui/format-time.ts'
import { messageOf } from '../words/language.ts'
import { words } from '../words/page.ts'

/** Troubles that pass sooner than anybody reads of them. */
const PASSING: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['busy', 'too-many', 'stopping'])

/** Says whether the board is connected, and why it takes nothing if it doesn't. */
export function Connection(): JSX.Element {
  const { boardStore, toasts } = useApp()
  const trouble = createMemo(() => {
    const { connection, slow, loaded, copiedAt, trouble: why } = boardStore.status()
    if (why?.code === 'away') return words.databaseAway
    if (why && !PASSING.has(why.code)) return messageOf(why)
    if (connection === 'live' && slow) return words.slow
    if (connection !== 'offline') return null
    const cause = why ? messageOf(why) : isOnline() ? words.serverGone : words.offline
    if (!loaded) return words.noCopy(cause)
    return copiedAt === null ? words.changesKept(cause) : words.asOf(cause, formatTime(copiedAt))
  })

  let wasOffline = false
  let kept = 0
  createEffect(() => {
    const { connection, loaded, unsent } = boardStore.status()
    if (connection === 'offline' && loaded) {
      wasOffline = true
      kept = Math.max(kept, unsent)
    } else if (wasOffline && connection === 'live' && unsent === 0) {
      toasts.say(words.backOnline(kept))
      wasOffline = false
      kept = 0
    }
  })

  return (
    <Show when={!boardStore.status().refused}>
      <div class="connection sheet" classList={{ trouble: trouble() !== null }} role="status">
        <Show
          when={trouble() || boardStore.status().connection === 'live'}
          fallback={<span>{words.connecting}</span>}
        >
          <span class="dot" aria-hidden="true" />
          <span>{trouble() ?? words.live}</span>
        </Show>
      </div>
    </Show>
  )
}
