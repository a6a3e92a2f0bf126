import { errors, type Role, WireError } from '@wirephoto/board'
import { boardUrl, keepLinks, keptLinks } from '../browser/board-links.ts'
import { ForeignAnswer, request } from '../browser/server-requests.ts'
import { browserData } from '../browser/site-data.ts'
import { setWaitingLink, waitingLink } from '../browser/waiting-link.ts'
import { messageOf } from '../words/language.ts'
import { overlayWords } from '../words/overlay.ts'
import { words } from '../words/page.ts'
import { isOnline } from './online.ts'

/** The secret of a link, alone or at the end of an address. */
const LINK = /(?:^|#)([\w-]{22,128})$/
/** The letters of a join code; an owner code has more. */
const JOIN_CODE_LENGTH = 6

/** Returns a sentence for an error of a request. */
export function sentenceOf(error: unknown): string {
  if (error instanceof WireError) return messageOf(error)
  if (error instanceof ForeignAnswer) return overlayWords.answeredBetween
  return isOnline() ? words.serverGone : words.offline
}

/** Whether the same request may succeed later. */
export const isPassing = (error: unknown): boolean =>
  !(error instanceof WireError) || errors[error.code] >= 500 || errors[error.code] === 429

/**
 * Exchanges the link's secret that this tab was opened with, or else by which this browser came, for its right.
 * Rejects as `request` does. A secret that no longer works is forgotten.
 */
export async function exchange(board: string, passphrase?: string): Promise<void> {
  const secret = waitingLink(board) ?? keptLinks(board)['']?.secret
  if (secret === undefined) throw new WireError('link-needed')
  try {
    const { role } = await request<{ role: Role }>('POST', `/api/boards/${board}/session`, {
      secret,
      ...(passphrase !== undefined && { passphrase }),
    })
    keepLinks(board, { '': { role, secret, madeAt: 0 } })
    browserData.set(`role:${board}`, role)
    setWaitingLink(board, null)
  } catch (error) {
    if (!isPassing(error) && !needsPassphrase(error)) {
      if (waitingLink(board) === null) keepLinks(board, { '': null })
      setWaitingLink(board, null)
    }
    throw error
  }
}

export const needsPassphrase = (error: unknown): boolean =>
  error instanceof WireError &&
  (error.code === 'passphrase-needed' || error.code === 'wrong-passphrase')

/**
 * Takes what somebody has typed to be let in: a link, its secret, a join code or the server's owner code. Resolves with
 * the address to go to, or with null if this board opens now. Rejects as `request` does.
 */
export async function redeem(
  typed: string,
  board: string,
  passphrase?: string,
): Promise<string | null> {
  const text = typed.trim()
  if (/^https?:\/\//i.test(text) && URL.canParse(text)) {
    const url = new URL(text)
    // Another server's boards are its own.
    if (url.hash || url.pathname !== location.pathname) return url.href
  }
  const [, secret] = LINK.exec(text) ?? []
  if (secret !== undefined) {
    setWaitingLink(board, secret)
    await exchange(board, passphrase)
    return null
  }
  const code = text.toUpperCase().replace(/[^A-Z0-9]/g, '')
  if (code.length > JOIN_CODE_LENGTH) {
    await request('POST', '/api/owner', { code })
    return null
  }
  const joined = await request<{ board: string; role: Role }>('POST', '/api/join', {
    code,
    ...(passphrase !== undefined && { passphrase }),
  })
  browserData.set(`role:${joined.board}`, joined.role)
  return joined.board === board ? null : boardUrl(joined.board)
}
