import { createEffect, createMemo, For, type JSX, onCleanup } from 'solid-js'
import { useApp } from '../app.ts'
import { toScreen } from '../geometry/view.ts'
import newsIcon from '../look/icon-news.svg?url'
import { idsInFeed } from '../state/feed-view.ts'
import { Greetings, setGreetings } from '../state/greetings.ts'
import { Greeting } from '../ui/greeting.tsx'

/** Greets new pictures of others with a halo and a name in their colour. The tab tells of those that came unseen. */
export function GreetedPictures(): JSX.Element {
  const { boardStore, camera } = useApp()
  const greetings = new Greetings(boardStore, camera)
  setGreetings(greetings)
  onCleanup(() => setGreetings(null))
  tellInTab(greetings)
  const onBoard = (): readonly string[] => (idsInFeed() ? [] : greetings.now())
  return <For each={onBoard()}>{(id) => <GreetedPicture id={id} all={onBoard()} />}</For>
}

function GreetedPicture(props: { id: string; all: readonly string[] }): JSX.Element {
  const { boardStore, drag, camera } = useApp()
  const { id } = props
  const record = boardStore.picture(id)
  const held = drag.position(id)
  const place = createMemo((): JSX.CSSProperties => {
    const { x = 0, y = 0, w = 0, width = 1, height = 1 } = record() ?? {}
    const now = held() ?? { x, y }
    const across = (now.w ?? w) * camera.view().zoom
    const at = toScreen(camera.view(), now)
    return {
      transform: `translate(${at.x}px, ${at.y}px)`,
      width: `${across}px`,
      height: `${(across * height) / width}px`,
    }
  })
  return <Greeting id={id} all={props.all} place={place()} />
}

/** Writes the number of unseen pictures before the tab's title, and a dot on its icon. */
function tellInTab(greetings: Greetings): void {
  const { boardStore } = useApp()
  const link = document.querySelector<HTMLLinkElement>('link[rel="icon"]')
  const usual = link?.href ?? ''
  let prefix = ''
  const tell = (count: number): void => {
    const title = document.title.startsWith(prefix)
      ? document.title.slice(prefix.length)
      : document.title
    prefix = count > 0 ? `(${count}) ` : ''
    document.title = prefix + title
    const href = count > 0 ? newsIcon : usual
    if (link && link.href !== href) link.href = href
  }
  createEffect(() => {
    // The shell writes the title anew when it changes.
    boardStore.title()
    tell(greetings.missedCount())
  })
  onCleanup(() => tell(0))
}
