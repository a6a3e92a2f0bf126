import './look/fonts.css'
import './look/tokens.css'
import './look/base.css'
import { openBoard } from '@wirephoto/client'
import { render } from 'solid-js/web'
import { keepImagesLoading, retryNow } from './browser/picture-retry.ts'
import { serverPath, serverUrl } from './browser/server-url.ts'
import { followLook } from './look/theme.ts'
import { Page } from './page.tsx'

const [, , id, view] = location.pathname.slice(serverPath.length).split('/')
const isWall = view === 'show'
const board = openBoard({ url: serverUrl, board: id || 'main', isWall, keepsCopy: true })
keepImagesLoading()
board.on('status', ({ connection }) => {
  if (connection === 'live') retryNow()
})

if (isWall)
  void import('./wall/wall.tsx').then(({ Wall }) =>
    render(() => <Wall board={board} />, document.body),
  )
else {
  followLook()
  render(() => <Page board={board} />, document.body)
}
