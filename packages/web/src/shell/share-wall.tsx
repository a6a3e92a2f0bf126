import { createSignal, type JSX } from 'solid-js'
import { useApp } from '../app.ts'
import { inBackground } from '../browser/in-background.ts'
import { serverUrl } from '../browser/server-url.ts'
import { Icon } from '../look/icon.tsx'
import { copyText } from '../state/clipboard.ts'
import { type QuietView, quietViewFrom, wallUrl } from '../state/quiet-view.ts'
import { slotsOn } from '../state/wall-slots.ts'
import { QuietViewFields } from '../ui/quiet-view-fields.tsx'
import { SlotFields } from '../ui/slot-fields.tsx'
import { overlayWords } from '../words/overlay.ts'
import { shareWords } from '../words/share.ts'

interface WallToShareProps {
  readonly board: string
  /** Where others reach the server. */
  readonly base: string
  /** The secret by which another screen may look; null if the board is open, or this browser has none. */
  readonly secret: string | null
  /** Whether a screen opens the wall by its address alone. */
  readonly isOpen: boolean
}

/** Chooses the view of a wall, and hands out the address that opens with it. */
export function WallToShare(props: WallToShareProps): JSX.Element {
  const { toasts, boardStore } = useApp()
  const [slots, setSlots] = createSignal<readonly string[]>([])
  const known = (): string[] => {
    boardStore.revision()
    return slotsOn(boardStore.board)
  }
  const [view, setView] = createSignal<QuietView>(quietViewFrom(''))
  const address = (): string => {
    const { board, base, secret } = props
    return wallUrl(board, { base, view: view(), slots: slots(), secret })
  }
  // This browser has its right already.
  const open = (): void => {
    window.open(
      wallUrl(props.board, { base: serverUrl, view: view(), slots: slots(), secret: null }),
    )
  }
  const copy = async (): Promise<void> => {
    const url = address()
    toasts.say((await copyText(url)) ? overlayWords.linkCopied : overlayWords.copyByHand(url))
  }
  const hint = (): string =>
    props.isOpen || props.secret !== null ? shareWords.wallHint : shareWords.wallNeedsLink
  return (
    <details class="wall-to-share">
      <summary>{shareWords.wall}</summary>
      <div class="quiet-fields">
        <QuietViewFields view={view()} onChange={setView} />
        <SlotFields known={known()} chosen={slots()} onChange={setSlots} />
      </div>
      <div class="wall-ways">
        <input
          class="link"
          readOnly
          aria-label={shareWords.wallAddress}
          aria-describedby="wall-address-hint"
          value={address()}
          onFocus={({ currentTarget }) => currentTarget.select()}
        />
        <button
          type="button"
          class="outlined"
          aria-label={shareWords.copyWall}
          onClick={() => inBackground(copy())}
        >
          <Icon name="link" />
          {shareWords.copyShort}
        </button>
        <button type="button" class="outlined" onClick={open}>
          <Icon name="wall" />
          {shareWords.openThisWall}
        </button>
      </div>
      <p id="wall-address-hint" class="hint">
        {hint()}
      </p>
    </details>
  )
}
