import { type ArchiveAnswer, type NewArchive, WireError } from '@wirephoto/board'
import type { Board } from '@wirephoto/client'
import { type Accessor, createSignal } from 'solid-js'
import { request } from '../browser/server-requests.ts'
import { serverUrl } from '../browser/server-url.ts'
import { formatSize } from '../words/format-size.ts'
import { messageOf } from '../words/language.ts'
import { overlayWords } from '../words/overlay.ts'
import { words } from '../words/page.ts'
import { saveWords } from '../words/save.ts'
import type { Toasts } from './toasts.ts'

/** Time after which the browser alone tells of a download, where the server says nothing. */
const SILENCE_MS = 20_000

/** All pictures, those selected, or a folder. */
export type Saved = 'all' | 'chosen' | 'folder'

/** A download of this page. */
interface Download {
  readonly saved: Saved
  readonly text: string
  /** From 0 to 1; null where nobody knows. */
  readonly share: number | null
}

const [download, setDownload] = createSignal<Download | null>(null)

/** The download that the page began last, until it has ended. */
export const downloadNow: Accessor<Download | null> = download

/** Ends the news of the earlier download. */
let forgetLast = (): void => {}

/** Saves pictures of a board as one zip, which the browser downloads. The server tells how far it is. */
export async function saveArchive(
  board: Board,
  toasts: Toasts,
  saved: Saved,
  ids: readonly string[] | null = null,
): Promise<void> {
  forgetLast()
  setDownload({ saved, text: saveWords.planning, share: null })
  try {
    const form = saved === 'folder' ? 'folder' : 'pictures'
    const asked: NewArchive = { form, ...(ids && { ids: [...ids] }) }
    const path = `/api/boards/${board.id}/archives`
    const {
      path: address,
      bytes,
      pictures,
      absent,
    } = await request<ArchiveAnswer>('POST', path, asked)
    if (absent.length > 0) toasts.warn(saveWords.leftOut(absent.length))
    if (pictures === 0) {
      setDownload(null)
      if (absent.length === 0) toasts.say(saveWords.nothing)
      return
    }
    const id = crypto.getRandomValues(new Uint32Array(4)).join('-')
    follow(board, toasts, { saved, id, pictures })
    setDownload({ saved, text: saveWords.saving('0', formatSize(bytes)), share: 0 })
    toasts.say(saveWords.begun(pictures, formatSize(bytes)))
    const href = `${serverUrl}${address}&download=${id}`
    Object.assign(document.createElement('a'), { href, download: '' }).click()
  } catch (error) {
    setDownload(null)
    if (error instanceof WireError) toasts.warn(messageOf(error))
    else if (error instanceof TypeError || error instanceof DOMException)
      toasts.warn(words.needsConnection)
    else toasts.warn(overlayWords.answeredBetween)
  }
}

/** Shows how far a download is until it has ended, also where it breaks off and goes on. */
function follow(
  board: Board,
  toasts: Toasts,
  { saved, id, pictures }: { saved: Saved; id: string; pictures: number },
): void {
  const end = (): void => {
    clearTimeout(silence)
    stop()
    setDownload(null)
  }
  const silence = setTimeout(() => {
    toasts.say(saveWords.started)
    setDownload(null)
  }, SILENCE_MS)
  const stop = board.on('downloads', (downloads) => {
    const now = downloads[id]
    if (!now) return
    clearTimeout(silence)
    const [sent, total] = [formatSize(now.sent), formatSize(now.total)]
    if (now.state === 'sent') {
      end()
      toasts.say(saveWords.saved(pictures))
      return
    }
    const isBroken = now.state === 'broken'
    if (isBroken) toasts.warn(saveWords.brokenOff(sent, total))
    const share = now.sent / now.total
    setDownload(isBroken ? null : { saved, text: saveWords.saving(sent, total), share })
  })
  forgetLast = end
}
