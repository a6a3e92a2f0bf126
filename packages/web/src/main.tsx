import './look/fonts.css'
import './look/tokens.css'
import './look/base.css'
import { type Board, openBoard } from '@wirephoto/client'
import { render } from 'solid-js/web'
import { inBackground } from './browser/in-background.ts'
import { keepImagesLoading, retryNow } from './browser/picture-retry.ts'
import { serverPath, serverUrl } from './browser/server-url.ts'
import { setWaitingLink, waitingLink } from './browser/waiting-link.ts'
import { Page } from './page.tsx'

/** Time after which a wall whose code couldn't be had loads itself again, if its server is there. */
const WALL_RELOAD_MS = 10_000

const [, , boardId, view] = location.pathname.slice(serverPath.length).split('/')
const id = boardId || 'main'
const isWall = view === 'show'
let board: Board | null = null

keepImagesLoading()
takeLink()
if (waitingLink(id) === null) begin()
else inBackground(enter().finally(begin))
addEventListener('hashchange', () => {
  if (takeLink()) inBackground(enter().then((isOpen) => isOpen && board?.reconnect()))
})

/** Takes a link's secret from the address bar, and leaves a view behind it. Returns whether there was one. */
function takeLink(): boolean {
  const [, secret, view = ''] = /^#([\w-]{22,128})(#.*)?$/.exec(location.hash) ?? []
  if (!secret) return false
  setWaitingLink(id, secret)
  history.replaceState(null, '', location.pathname + location.search + view)
  return true
}

/** Exchanges the link, and resolves with whether the board opens by it. */
async function enter(): Promise<boolean> {
  const { enter } = await import('./shell/enter.tsx')
  return enter(id, board !== null)
}

function begin(): void {
  const opened = openBoard({ url: serverUrl, board: id, isWall, keepsCopy: true })
  board = opened
  opened.on('status', ({ connection }) => {
    if (connection === 'live') retryNow()
  })
  if (!isWall) render(() => <Page board={opened} />, document.body)
  else
    import('./wall/wall.tsx').then(
      ({ Wall }) => render(() => <Wall board={opened} />, document.body),
      // Nobody touches a wall: it would stay blank.
      () => setInterval(() => reloadIfServed(opened), WALL_RELOAD_MS),
    )
}

function reloadIfServed({ status: { connection, refused } }: Board): void {
  if (connection === 'live' || refused) location.reload()
}
