import type { HeldPictures } from '@wirephoto/board'
import { createEffect, createMemo, createSignal, type JSX, onCleanup, Show } from 'solid-js'
import { keyOf } from '../actions/action.ts'
import { useApp } from '../app.ts'
import { inBackground } from '../browser/in-background.ts'
import { request } from '../browser/server-requests.ts'
import { Icon } from '../look/icon.tsx'
import '../look/late-icons.ts'
import { setWaiting, WaitingPictures, waiting } from '../state/waiting-pictures.ts'
import { hostWords } from '../words/host.ts'
import './waiting-button.css'

/** Time between two looks for the first picture that waits. From then on they are followed. */
const LOOK_INTERVAL_MS = 2_000

/** Shows owners how many pictures wait for them, which a click leads to, and guests that adding is paused. */
export function WaitingButton(): JSX.Element {
  const app = useApp()
  followWaiting()
  const count = (): number => waiting()?.pictures().length ?? 0
  const isPaused = (): boolean => app.boardStore.isGuestWhile('paused')
  return (
    <Show when={!isPaused()} fallback={<p class="paused">{hostWords.isPaused}</p>}>
      <Show when={count() > 0 && app.actions.waitingPictures}>
        {(open) => (
          <button
            type="button"
            class="quiet waiting-button tipped"
            data-tip={`${open().label}  ${keyOf(open())}`}
            aria-label={hostWords.waitForYou(count())}
            onClick={() => open().run()}
          >
            <Icon name="inbox" />
            <span>{hostWords.wait(count())}</span>
          </button>
        )}
      </Show>
    </Show>
  )
}

/** Follows what waits beside the board, once there is something, for those who own it. */
function followWaiting(): void {
  const { boardStore, toasts } = useApp()
  const { board } = boardStore
  const [exists, setExists] = createSignal(false)
  const isOwner = createMemo(
    () => boardStore.status().connection === 'live' && boardStore.may('board.govern'),
  )
  const isLooking = createMemo(() => isOwner() && !exists())
  const isHeld = createMemo(() => boardStore.settings().adding === 'held')
  createEffect(() => {
    if (!isLooking()) return
    const looksOn = isHeld()
    let timer: ReturnType<typeof setTimeout> | undefined
    let isOver = false
    const look = async (): Promise<void> => {
      const path = `/api/boards/${board.id}/held`
      const found = await request<HeldPictures>('GET', path).catch(() => null)
      if (isOver) return
      if (found && found.pictures.length > 0) setExists(true)
      else if (looksOn) timer = setTimeout(() => inBackground(look()), LOOK_INTERVAL_MS)
    }
    inBackground(look())
    onCleanup(() => {
      isOver = true
      clearTimeout(timer)
    })
  })
  const isFollowed = createMemo(() => exists() && boardStore.may('board.govern'))
  createEffect(() => {
    if (!isFollowed()) return
    setWaiting(new WaitingPictures(board, toasts))
    onCleanup(() => setWaiting(null))
  })
}
