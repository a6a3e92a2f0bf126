import type { HeldPicture } from '@wirephoto/board'
import { createEffect, createMemo, createSignal, For, type JSX, onCleanup, Show } from 'solid-js'
import { useApp } from '../app.ts'
import { inBackground } from '../browser/in-background.ts'
import { blurOf } from '../state/blur.ts'
import { variantUrl } from '../state/resolution.ts'
import { canRetry } from '../state/transfer-state.ts'
import { hostWords } from '../words/host.ts'
import { overlayWords } from '../words/overlay.ts'
import { words } from '../words/page.ts'
import './waiting-tray.css'

/** The side of the variant that a small picture shows. */
const THUMBNAIL_SIDE_PX = 64

/** Shows a guest those of their own pictures that wait for the host, and says which were refused. */
export function WaitingTray(): JSX.Element {
  const { boardStore, toasts } = useApp()
  const { board } = boardStore
  const [revision, setRevision] = createSignal(0)
  const update = (): void => {
    setRevision((n) => n + 1)
  }
  onCleanup(board.on('uploads', update))
  onCleanup(
    board.on('waiting', (told) => {
      update()
      const refused = [...told.values()].filter((outcome) => outcome === 'refused').length
      if (refused > 0) toasts.say(hostWords.notTaken(refused))
    }),
  )
  // The server may have refused some while adding was paused. They go on when it is open again.
  createEffect(() => {
    if (boardStore.isGuestWhile('paused')) return
    for (const { id, error } of board.uploads.values())
      if (error?.code === 'adding-paused') board.retry(id)
  })
  const held = createMemo<ReadonlyMap<string, HeldPicture>>(() => {
    revision()
    return new Map(board.waiting)
  })
  const ids = createMemo<readonly string[]>(
    () => {
      revision()
      boardStore.revision()
      const sending = boardStore.isGuestWhile('held') ? board.uploads.keys() : []
      return [...new Set([...held().keys(), ...sending])]
        .filter((id) => !boardStore.boxes.has(id))
        .sort()
    },
    [],
    { equals: (a, b) => a.length === b.length && a.every((id, i) => id === b[i]) },
  )
  return (
    <Show when={ids().length > 0}>
      <section class="waiting-tray sheet" aria-label={hostWords.waitForHost(ids().length)}>
        <p>{hostWords.waitForHost(ids().length)}</p>
        <p class="hint">{hostWords.waitForHostHint}</p>
        {/* A part that scrolls must be reachable by keyboard. */}
        <ul tabindex={0} aria-label={hostWords.waitForHost(ids().length)}>
          <For each={ids()}>{(id) => <Waiting id={id} held={held().get(id)} />}</For>
        </ul>
      </section>
    </Show>
  )
}

function Waiting(props: { id: string; held: HeldPicture | undefined }): JSX.Element {
  const { boardStore } = useApp()
  const { board } = boardStore
  const { id } = props
  const upload = boardStore.upload(id)
  const name = (): string => props.held?.caption || props.held?.name || upload()?.name || ''
  const source = (): string | undefined => {
    const { held } = props
    const own = boardStore.fileUrl(id)
    if (own) return own
    const stored = held?.blob ? variantUrl(board, held, THUMBNAIL_SIDE_PX) : null
    return stored ?? (held?.thumbhash ? (blurOf(held.thumbhash) ?? undefined) : undefined)
  }
  const isFailed = (): boolean => upload()?.state === 'failed'
  const takeBack = (): void => {
    if (board.uploads.has(id)) inBackground(board.cancel(id))
    else board.remove([id])
  }
  const state = (): string => {
    const own = upload()
    if (isFailed()) return overlayWords.notSent
    if (own && own.sent < own.total) return words.percent(own.sent / own.total)
    return props.held?.state === 'waiting' ? hostWords.waits : hostWords.arriving
  }
  onCleanup(() => boardStore.releaseFile(id))
  return (
    <li data-waiting={id} classList={{ failed: isFailed() }}>
      <img src={source()} alt={name()} title={name()} decoding="async" draggable={false} />
      <span class="mono">{state()}</span>
      <Show when={isFailed() && canRetry(upload()!)}>
        <button type="button" class="quiet" onClick={() => board.retry(id)}>
          {words.retry}
        </button>
      </Show>
      <button
        type="button"
        class="quiet"
        aria-label={`${hostWords.takeBack}: ${name()}`}
        onClick={takeBack}
      >
        {hostWords.takeBack}
      </button>
    </li>
  )
}
