import { createMemo, createSignal, type JSX, onCleanup, Show } from 'solid-js'
import { useApp } from '../app.ts'
import { GREETED_MS } from '../state/greetings.ts'
import { words } from '../words/page.ts'
import { colourToken } from './person-colour.ts'
import './greeting.css'

/** A halo begins to fade so long before its time is over. */
const FADE_MS = 400

interface GreetingProps {
  readonly id: string
  /** All that are greeted now, the oldest first. */
  readonly all: readonly string[]
  /** Where it stands; the style sheet says so if absent. */
  readonly place?: JSX.CSSProperties
}

/** Greets a new picture of somebody else with a halo, and with their name if it is their first. */
export function Greeting(props: GreetingProps): JSX.Element {
  const { boardStore } = useApp()
  const { id } = props
  const record = boardStore.picture(id)
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
      style={{ ...props.place, '--colour': colourToken(boardStore.colourOf(author())) }}
    >
      <Show when={isFirst()}>
        <span class="name-tab" dir="auto" translate="no">
          {(record() && boardStore.authorOf(record()!)) || words.guest}
        </span>
      </Show>
    </div>
  )
}
