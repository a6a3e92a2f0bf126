import { createEffect, createMemo, createSignal, For, type JSX, onCleanup, Show } from 'solid-js'
import { useApp } from '../app.ts'
import { toScreen } from '../geometry/view.ts'
import newsIcon from '../look/icon-news.svg?url'
import { GREETED_MS, Greetings } from '../state/greetings.ts'
import { colourToken } from '../ui/person-colour.ts'
import { words } from '../words/page.ts'
import './greetings.css'

/** A halo begins to fade so long before its time is over. */
const FADE_MS = 400

/** Greets new pictures of others with a halo and a name in their colour. The tab tells of those that came unseen. */
export function GreetedPictures(): JSX.Element {
  const { boardStore, camera } = useApp()
  const greetings = new Greetings(boardStore, camera)
  tellInTab(greetings)
  return <For each={greetings.now()}>{(id) => <Greeting id={id} all={greetings.now()} />}</For>
}

function Greeting(props: { id: string; all: readonly string[] }): JSX.Element {
  const { boardStore, drag, camera } = useApp()
  const { id } = props
  const record = boardStore.picture(id)
  const held = drag.position(id)
  const place = createMemo(() => {
    const { x = 0, y = 0, w = 0, width = 1, height = 1 } = record() ?? {}
    const now = held() ?? { x, y }
    const across = (now.w ?? w) * camera.view().zoom
    return { ...toScreen(camera.view(), now), w: across, h: (across * height) / width }
  })
  const author = (): string => record()?.author ?? ''
  /** The first of several pictures of one person has the name. */
  const isFirst = createMemo(() => {
    const first = props.all.find((other) => boardStore.get(other)?.author === author())
    return first === id
  })
  const [isOver, setOver] = createSignal(false)
  const timer = setTimeout(() => setOver(true), GREETED_MS - FADE_MS)
  onCleanup(() => clearTimeout(timer))
  return (
    <div
      class="greeting"
      classList={{ over: isOver() }}
      aria-hidden="true"
      data-greeted={id}
      style={{
        transform: `translate(${place().x}px, ${place().y}px)`,
        width: `${place().w}px`,
        height: `${place().h}px`,
        '--colour': colourToken(boardStore.colourOf(author())),
      }}
    >
      <Show when={isFirst()}>
        <span class="name-tab" dir="auto" translate="no">
          {(record() && boardStore.authorOf(record()!)) || words.guest}
        </span>
      </Show>
    </div>
  )
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
