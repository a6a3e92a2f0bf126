import './look/fonts.css'
import './look/tokens.css'
import './look/base.css'
import { openBoard } from '@wirephoto/client'
import { lazy } from 'solid-js'
import { render } from 'solid-js/web'
import { Page } from './page.tsx'

const Wall = lazy(() => import('./wall/wall.tsx').then(({ Wall }) => ({ default: Wall })))

const [, id = 'main', wall] = /^\/b\/([\w-]+)(\/show)?/.exec(location.pathname) ?? []
const board = openBoard({ url: location.origin, board: id })

render(() => (wall ? <Wall board={board} /> : <Page board={board} />), document.body)
