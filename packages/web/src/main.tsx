import './look/fonts.css'
import './look/tokens.css'
import './look/base.css'
import { openBoard } from '@wirephoto/client'
import { render } from 'solid-js/web'
import { Page } from './page.tsx'

const [, id = 'main'] = /^\/b\/([\w-]+)/.exec(location.pathname) ?? []

render(() => <Page board={openBoard({ url: location.origin, board: id })} />, document.body)
