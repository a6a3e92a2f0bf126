import type { Role } from '@wirephoto/board'
import type { Board } from '@wirephoto/client'
import { createSignal, type JSX, onCleanup, Show } from 'solid-js'
import { renderSVG } from 'uqr'
import { boardUrl } from '../browser/board-links.ts'
import { inBackground } from '../browser/in-background.ts'
import { request } from '../browser/server-requests.ts'
import { isPassing } from '../state/link-exchange.ts'
import { isOnThisComputer, urlForOthers } from '../state/shared-address.ts'
import { wallWords } from '../words/wall.ts'

/** Time after which a wall asks by which code it invites, as its owner may choose another link. */
const ASK_CODE_MS = 30_000
/** The light margin that a QR code needs around it, in its own squares (ISO 18004). */
const QR_BORDER_COUNT = 4

/** The way to a board that its wall shows. */
export interface Invitation {
  readonly url: string
  /** The letters to type; empty where the address is enough. */
  readonly code: string
  /** Whether those who come by it may add pictures. */
  readonly canAdd: boolean
}

interface JoinCode {
  readonly url: string
  readonly code: string
  readonly role: Role
  /** When the code ends, and when another one comes, in milliseconds since 1970. */
  readonly until: number
  readonly renewsAt: number
}

/**
 * Returns the way to the board: an open board's address, another one's code for the link that its owner chose. Null
 * where there is none, and where nobody else reaches this server.
 */
export function createInvitation(board: Board): () => Invitation | null {
  const [invitation, setInvitation] = createSignal<Invitation | null>(null)
  const path = `/api/boards/${board.id}`
  let timer: ReturnType<typeof setTimeout> | undefined
  let isEnded = false
  let until = Number.POSITIVE_INFINITY
  const ask = async (): Promise<void> => {
    let waitMs = ASK_CODE_MS
    try {
      const base = await urlForOthers()
      const { isOpen } = await request<{ isOpen: boolean }>('GET', `${path}/session`)
      until = Number.POSITIVE_INFINITY
      if (base === null) setInvitation(null)
      else if (isOpen) setInvitation({ url: boardUrl(board.id, base), code: '', canAdd: true })
      else {
        const told = await request<JoinCode>('GET', `${path}/join-code`)
        const { code, role, renewsAt } = told
        until = told.until
        const url = isOnThisComputer(new URL(told.url).hostname) ? `${base}/j/${code}` : told.url
        setInvitation({ url, code, canAdd: role !== 'view' })
        waitMs = Math.min(waitMs, Math.max(1_000, renewsAt - Date.now()))
      }
    } catch (error) {
      // While the server is away, the last code stays good for most of an hour.
      if (!isPassing(error) || Date.now() > until) setInvitation(null)
    }
    if (!isEnded) timer = setTimeout(() => inBackground(ask()), waitMs)
  }
  inBackground(ask())
  onCleanup(() => {
    isEnded = true
    clearTimeout(timer)
  })
  return invitation
}

/** Shows the way to the board as a QR code, and as an address to type. */
export function InvitationCode(props: { invitation: Invitation; about: string }): JSX.Element {
  return (
    <div class="wall-invitation">
      <div
        class="wall-code"
        role="img"
        aria-label={wallWords.codeFor(props.invitation.url)}
        innerHTML={renderSVG(props.invitation.url, { border: QR_BORDER_COUNT })}
      />
      <div class="wall-way">
        <p class="wall-about">{props.about}</p>
        <p class="wall-address" translate="no">
          {addressOf(props.invitation)}
        </p>
        <Show when={props.invitation.code}>
          {(code) => (
            <p class="wall-letters" translate="no">
              {code()}
            </p>
          )}
        </Show>
      </div>
    </div>
  )
}

/** Returns the shortest address that leads there: with a code, it is typed on the server's own page. */
function addressOf({ url, code }: Invitation): string {
  const { host, pathname } = new URL(url)
  const path = code === '' ? pathname : pathname.replace(/\/j\/[^/]*$/, '')
  return host + path.replace(/\/$/, '')
}
