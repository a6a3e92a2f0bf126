import './wall.css'
import type { ImageRecord } from '@wirephoto/board'
import type { Board } from '@wirephoto/client'
import { createEffect, createMemo, createSignal, For, type JSX, onCleanup, Show } from 'solid-js'
import { pageBuild } from '../browser/page-build.ts'
import { createReload } from '../browser/reload.ts'
import type { Size } from '../geometry/view.ts'
import { keepForOffline } from '../state/keep-for-offline.ts'
import { lockScreen } from '../state/keep-screen-on.ts'
import { slotsOn } from '../state/wall-slots.ts'
import { createShownFile } from '../ui/shown-file.ts'
import { messageOf } from '../words/language.ts'
import { wallWords } from '../words/wall.ts'
import { createInvitation, InvitationCode } from './invitation.tsx'
import { Mosaic } from './mosaic.tsx'
import { Playback } from './playback.ts'
import { canBeShown } from './screen-image.ts'
import { SlideView } from './slide-view.tsx'
import { SlotWall } from './slot-wall.tsx'
import { createSettings, toggleFullScreen, WallPanel } from './wall-panel.tsx'

/** Time between two looks whether the server has another version of the wall, and whether the screen stays on. */
const LOOK_INTERVAL_MS = 2_000
/** Time after which a wall that was refused asks again: nobody is there to reload it. */
const ASK_AGAIN_MS = 30_000

/** Shows a board on a screen that nobody touches: each picture as it comes, or one that is pushed to it. */
export function Wall(props: { board: Board }): JSX.Element {
  const { board } = props
  document.documentElement.dataset['theme'] = 'dark'
  const settings = createSettings(() => playback.refresh())
  const hasSlots = (): boolean => settings.slots().length > 0
  const playback = new Playback(board, settings.quietView)
  onCleanup(() => playback.close())
  const shown = createShownFile(board)
  // Pictures that come meanwhile wait.
  createEffect(() => playback.clock.setCovered(shown.isShown() || hasSlots()))
  const [status, setStatus] = createSignal(board.status)
  const [title, setTitle] = createSignal(board.title)
  onCleanup(board.on('status', setStatus))
  onCleanup(board.on('settings', ({ title }) => setTitle(title)))
  createEffect(() => {
    document.title = wallWords.title(title())
  })
  const size = createScreenSize()
  const invitation = createInvitation(board)
  const pictures = createMemo<readonly ImageRecord[]>(() => {
    playback.revision()
    return playback.hasMosaic() ? playback.newestFirst() : []
  })
  const knownSlots = createMemo<readonly string[]>(() => {
    playback.revision()
    return slotsOn(board)
  })
  const isEmpty = createMemo(() => {
    playback.revision()
    return (
      status().loaded &&
      !board.pictures
        .values()
        .some((record) => record.deletedAt === null && canBeShown(board, record))
    )
  })
  /** Why the board isn't shown; null while it is. A page that is too old reloads by itself. */
  const refusal = createMemo<string | null>((last) => {
    const { refused, connection } = status()
    if (refused && refused.code !== 'old-page') return messageOf(refused)
    // While it asks again, nothing is shown that may be nobody's business any more.
    return connection === 'live' ? null : last
  }, null)
  const about = (canAdd: boolean): string => {
    if (!canAdd) return wallWords.scanToSee
    return isEmpty() ? wallWords.scanToBegin : wallWords.scanToAdd
  }
  onCleanup(keepForOffline(board))
  keepUp(board)

  return (
    <main
      class="wall"
      classList={{
        inviting: (isEmpty() && !hasSlots()) || refusal() !== null,
        'showing-mosaic': playback.isMosaic() && !hasSlots(),
      }}
      aria-label={wallWords.title(title())}
      onDblClick={toggleFullScreen}
    >
      <Show
        when={refusal() === null}
        fallback={
          <p class="wall-empty" role="status">
            {refusal()}
          </p>
        }
      >
        <Show when={hasSlots()}>
          <SlotWall
            board={board}
            slots={settings.slots()}
            revision={playback.revision}
            size={size()}
          />
        </Show>
        <Show when={playback.hasMosaic() && !hasSlots()}>
          <Mosaic
            board={board}
            pictures={pictures()}
            revision={playback.revision}
            isSeen={() => playback.clock.isRunning && playback.isMosaic()}
          />
        </Show>
        <For each={hasSlots() ? [] : playback.slides()}>
          {(slide) => <SlideView board={board} playback={playback} slide={slide} size={size()} />}
        </For>
        <div class="wall-shown" classList={{ over: !shown.isShown() }} ref={shown.drawInto} />
        <Show when={isEmpty() && !shown.isShown() && !hasSlots()}>
          <p class="wall-empty">{wallWords.empty}</p>
        </Show>
        <Show when={title() || invitation()}>
          <aside class="wall-side">
            <Show when={title()}>
              <h1 dir="auto">{title()}</h1>
            </Show>
            <Show when={invitation()}>
              {(shown) => <InvitationCode invitation={shown()} about={about(shown().canAdd)} />}
            </Show>
          </aside>
        </Show>
      </Show>
      <Show when={status().connection !== 'live' && refusal() === null}>
        <p class="wall-status" role="status">
          {status().refused ? messageOf(status().refused!) : wallWords.reconnecting}
        </p>
      </Show>
      <WallPanel settings={settings} knownSlots={knownSlots()} />
    </main>
  )
}

/** Returns the size of the page, which changes as the screen is turned. */
function createScreenSize(): () => Size {
  const read = (): Size => ({ w: innerWidth, h: innerHeight })
  const [size, setSize] = createSignal(read())
  const resized = (): void => {
    setSize(read())
  }
  addEventListener('resize', resized)
  onCleanup(() => removeEventListener('resize', resized))
  return size
}

/** Keeps the screen on, and the wall up to date, for nobody touches it. */
function keepUp(board: Board): void {
  const lock = lockScreen(() => true)
  const reload = createReload(() => {
    const isOther = board.serverBuild !== null && board.serverBuild !== pageBuild()
    return isOther || board.status.refused?.code === 'old-page'
  })
  const timer = setInterval(() => {
    reload()
    lock.review()
  }, LOOK_INTERVAL_MS)
  const again = setInterval(() => {
    const { refused } = board.status
    if (refused && refused.code !== 'old-page') board.reconnect()
  }, ASK_AGAIN_MS)
  onCleanup(() => {
    clearInterval(timer)
    clearInterval(again)
    lock.end()
  })
}
