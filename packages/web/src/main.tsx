import './look/fonts.css'
import './look/tokens.css'
import './look/base.css'
import { openBoard } from '@wirephoto/client'
import { render } from 'solid-js/web'
import { keepImagesLoading, retryNow } from './browser/picture-retry.ts'
import { serverPath, serverUrl } from './browser/server-url.ts'
import { followLook } from './look/theme.ts'
import { Page } from './page.tsx'

/** Time after which a wall whose code couldn't be had loads itself again, if its server is there. */
const WALL_RELOAD_MS = 10_000

const [, , id, view] = location.pathname.slice(serverPath.length).split('/')
const isWall = view === 'show'
const board = openBoard({ url: serverUrl, board: id || 'main', isWall, keepsCopy: true })
keepImagesLoading()
board.on('status', ({ connection }) => {
  if (connection === 'live') retryNow()
})

if (isWall)
  import('./wall/wall.tsx').then(
    ({ Wall }) => render(() => <Wall board={board} />, document.body),
    // Nobody touches a wall: it would stay blank.
    () => setInterval(reloadIfServed, WALL_RELOAD_MS),
  )
else {
  followLook()
  render(() => <Page board={board} />, document.body)
}

function reloadIfServed(): void {
  const { connection, refused } = board.status
  if (connection === 'live' || refused) location.reload()
}
