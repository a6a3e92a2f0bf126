import { forgetCopy } from '@wirephoto/client'
import { createSignal, type JSX, onMount, Show } from 'solid-js'
import { useApp } from '../app.ts'
import { keepLinks, keptLinks } from '../browser/board-links.ts'
import { inBackground } from '../browser/in-background.ts'
import { request } from '../browser/server-requests.ts'
import { serverUrl } from '../browser/server-url.ts'
import { browserData } from '../browser/site-data.ts'
import { sentenceOf } from '../state/link-exchange.ts'
import { ownership, signOut } from '../state/ownership.ts'
import { Ask } from '../ui/ask.tsx'
import { locale } from '../words/locale.ts'
import { ownerWords } from '../words/owners.ts'
import { forget } from './visited-boards.ts'

/** Ends what this browser may do: that it owns the server, or else its right on this board. */
export function Leave(): JSX.Element {
  const { boardStore, toasts } = useApp()
  const { board } = boardStore
  /** When it ends that this browser owns the server, in milliseconds since 1970; null if it doesn't. */
  const [until, setUntil] = createSignal<number | null>(null)
  /** Whether this browser has a right on the board that the board's address alone doesn't give. */
  const [hasRight, setRight] = createSignal(false)
  const [isAsking, setAsking] = createSignal(false)
  let button: HTMLButtonElement | undefined

  const load = async (): Promise<void> => {
    const [owner, { isOpen }] = await Promise.all([
      ownership(),
      request<{ isOpen: boolean }>('GET', `/api/boards/${board.id}/session`),
    ])
    setUntil(owner.until)
    setRight(!isOpen && !owner.isOwner)
  }
  // A page that can't ask offers neither, and says so elsewhere.
  onMount(() => inBackground(load().catch(() => {})))
  const tryTo = (act: () => Promise<void>): void =>
    inBackground(act().catch((error: unknown) => toasts.warn(sentenceOf(error))))
  const endOwnership = async (): Promise<void> => {
    await signOut()
    toasts.say(ownerWords.signedOut)
    board.reconnect()
    await load()
  }
  const leave = async (): Promise<void> => {
    await request('DELETE', `/api/boards/${board.id}/session`)
    const links = Object.keys(keptLinks(board.id)).map((id) => [id, null] as const)
    keepLinks(board.id, Object.fromEntries(links))
    browserData.set(`role:${board.id}`, null)
    forget(board.id)
    // An open board would write its copy again as the page goes.
    await board.close()
    await forgetCopy({ url: serverUrl, id: board.id }).catch(() => {})
    location.assign(`${serverUrl}/`)
  }
  const stay = (): void => {
    setAsking(false)
    button?.focus()
  }
  return (
    <Show when={until() !== null || hasRight()}>
      <fieldset>
        <legend>{ownerWords.you}</legend>
        <Show when={until()}>
          {(time) => (
            <>
              <button type="button" class="outlined" onClick={() => tryTo(endOwnership)}>
                {ownerWords.signOut}
              </button>
              <p class="hint">{ownerWords.ownsUntil(new Date(time()).toLocaleString(locale))}</p>
            </>
          )}
        </Show>
        <Show when={hasRight()}>
          <Show
            when={isAsking()}
            fallback={
              <>
                <button ref={button} type="button" class="outlined" onClick={() => setAsking(true)}>
                  {ownerWords.leave}
                </button>
                <p class="hint">{ownerWords.cameByLink}</p>
              </>
            }
          >
            <Ask
              question={ownerWords.askLeave}
              keep={ownerWords.stay}
              act={ownerWords.leave}
              onKeep={stay}
              onAct={() => tryTo(leave)}
            />
          </Show>
        </Show>
      </fieldset>
    </Show>
  )
}
