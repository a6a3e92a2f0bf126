import type { Board } from '@wirephoto/client'
import { createEffect, type JSX, onCleanup, onMount, Show } from 'solid-js'
import { lateActions } from '../actions/late.ts'
import { menuItems } from '../actions/menu-lists.ts'
import { useApp } from '../app.ts'
import { takeSharedPictures } from '../drop/shared-pictures.ts'
import { followLook } from '../look/follow-look.ts'
import { loadReader } from '../state/blur.ts'
import { keepForOffline } from '../state/keep-for-offline.ts'
import { keepScreenOn } from '../state/keep-screen-on.ts'
import { tellMissingPart } from '../state/missing-part.ts'
import { cacheOwnPictures } from '../state/own-picture-cache.ts'
import { sendLater } from '../state/send-later.ts'
import { Unseen } from '../state/unseen.ts'
import { Menu } from '../ui/menu.tsx'
import { overlayWords } from '../words/overlay.ts'
import { CaptionField } from './caption.tsx'
import { Failures } from './failures.tsx'
import { FarCanvas } from './far-canvas.tsx'
import { Floating, FloatingContext } from './floating.ts'
import { keepFocus } from './focus-keeper.ts'
import { GreetedPictures } from './greetings.tsx'
import { setLateViews } from './late-views.ts'
import { Marquee, MarqueeBox } from './marquee.tsx'
import { tellOfOthers } from './others.ts'
import { RemoteCursors, RemoteSelections } from './remote-cursors.tsx'
import { ResizeHandles } from './resize.tsx'
import { describe } from './seen-by.ts'
import { SelectionBar } from './selection-bar.tsx'
import { SentCount } from './sent-count.tsx'
import { ShownCard } from './shown-card.tsx'
import { TileDetails } from './tile-details.tsx'
import { UnseenChips } from './unseen-chips.tsx'
import './overlay.css'
import '../look/late-icons.ts'
// Loaded with this chunk, so that they work without a connection too.
import '../actions/lazy-actions.ts'
import { noticeOf } from '../words/notices.ts'

setLateViews({ TileDetails, describe, FarCanvas, Marquee, MarqueeBox })

/** Shows what lies over the pictures: other visitors' selections and cursors, handles, chips and menus. */
export function Overlay(): JSX.Element {
  const app = useApp()
  const { boardStore, camera, captionEditing, drop, menus, standingParts, toasts } = app
  Object.assign(app.actions, lateActions(app))
  app.setUnseen(new Unseen(boardStore, camera))
  warnBeforeLoss(boardStore.board)
  keepFocus(app)
  tellOfOthers(app)
  onCleanup(
    boardStore.board.on('kept', ({ id, notices }) => {
      const name = boardStore.get(id)?.name ?? ''
      for (const notice of notices) toasts.say(noticeOf(notice, name))
    }),
  )
  onCleanup(
    boardStore.board.on('obstacle', (obstacle) => {
      if (obstacle === 'missing-code') tellMissingPart(boardStore, toasts, true)
      else toasts.warn(overlayWords.obstacles[obstacle])
    }),
  )
  createEffect((wasTold) => {
    const { connection, unsent } = boardStore.status()
    const isToTell = connection === 'offline' && unsent > 0 && boardStore.board.losesUnsent
    if (isToTell && !wasTold) toasts.warn(overlayWords.notKept)
    return connection !== 'live' && (wasTold || isToTell)
  }, false)
  onCleanup(keepForOffline(boardStore.board))
  onCleanup(keepScreenOn(boardStore.board))
  cacheOwnPictures(boardStore, camera)
  onCleanup(sendLater(boardStore.board))
  takeSharedPictures(drop)
  // A paste comes without the warning that a drag gives.
  onMount(() => drop.preload())
  onMount(loadReader)
  followLook()
  onMount(() => boardStore.board.preload())
  return (
    <FloatingContext.Provider value={new Floating(camera, standingParts)}>
      <SelectionBar hidden={menus.now() !== null} />
      <div class="overlay">
        <GreetedPictures />
        <RemoteSelections />
        <ResizeHandles hidden={captionEditing.now() !== null} />
        <RemoteCursors />
        <Failures />
        <UnseenChips />
        <SentCount />
        <CaptionField />
      </div>
      <ShownCard />
      <Show when={menus.now()} keyed>
        {(menu) => (
          <Menu
            at={menu.at}
            label={menu.label}
            items={menuItems(app.actions, menu.name)}
            onClose={menus.close}
          />
        )}
      </Show>
    </FloatingContext.Provider>
  )
}

/** Has the browser ask before a page goes that would take something unsent with it. */
function warnBeforeLoss(board: Board): void {
  const ask = (event: BeforeUnloadEvent): void => {
    if (board.losesUnsent) event.preventDefault()
  }
  addEventListener('beforeunload', ask)
  onCleanup(() => removeEventListener('beforeunload', ask))
}
