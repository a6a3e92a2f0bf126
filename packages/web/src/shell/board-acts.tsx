import { createSignal, type JSX, Match, Show, Switch } from 'solid-js'
import { keptLinks } from '../browser/board-links.ts'
import { inBackground } from '../browser/in-background.ts'
import { IconButton } from '../look/button.tsx'
import { deleteBoard, isServerOwner, renameBoard } from '../state/board-changes.ts'
import { sentenceOf } from '../state/link-exchange.ts'
import { Ask } from '../ui/ask.tsx'
import { homeWords } from '../words/home.ts'
import { words } from '../words/page.ts'
import './board-acts.css'
import { nameOf } from './board-name.ts'
import { NameField } from './board-name-field.tsx'
import { forget, remember, type Visit } from './visited-boards.ts'

interface BoardActsProps {
  readonly visit: Visit
  /** Whether one may rename and delete it; the server has the last word. */
  readonly isOwn: boolean
  readonly onForget: () => void
  /** Called after each attempt with the sentence about it. The list may have changed. */
  readonly onDone: (told: string) => void
}

/** Shows what can be done with a board of a list: rename it, delete it, and take it off the list. */
export function BoardActs(props: BoardActsProps): JSX.Element {
  const [asked, setAsked] = createSignal<'name' | 'remove' | null>(null)
  const name = (): string => nameOf(props.visit)
  let acts!: HTMLDivElement
  const attempt = async (act: () => Promise<string>): Promise<void> => {
    const told = await act().catch(sentenceOf)
    leave()
    props.onDone(told)
  }
  const rename = (title: string): Promise<void> =>
    attempt(async () => {
      const visit = { ...props.visit, title }
      await renameBoard(visit.id, title)
      remember(visit)
      return homeWords.renamed(nameOf(visit))
    })
  const remove = (): Promise<void> =>
    attempt(async () => {
      const { id } = props.visit
      const told = homeWords.removed(name())
      await deleteBoard(id)
      forget(id)
      return told
    })
  const leave = (): void => {
    const nth = asked() === 'remove' ? 1 : 0
    setAsked(null)
    acts.querySelectorAll('button')[nth]?.focus()
  }
  return (
    <>
      <div ref={acts} class="acts">
        <Show when={props.isOwn}>
          <IconButton
            icon="pencil"
            label={homeWords.rename(name())}
            onClick={() => setAsked('name')}
          />
          <IconButton
            icon="trash"
            label={homeWords.remove(name())}
            onClick={() => setAsked('remove')}
          />
        </Show>
        <IconButton icon="x" label={homeWords.forget(name())} onClick={() => props.onForget()} />
      </div>
      <Switch>
        <Match when={asked() === 'name'}>
          <NameField
            board={props.visit}
            onKeep={(title) => inBackground(rename(title))}
            onLeave={leave}
          />
        </Match>
        <Match when={asked() === 'remove'}>
          <Ask
            question={homeWords.askRemove(name())}
            keep={homeWords.keep}
            act={words.delete}
            onKeep={leave}
            onAct={() => inBackground(remove())}
          />
        </Match>
      </Switch>
    </>
  )
}

/** Returns whether this browser may own a board: it has a link for that, or owns the server. */
export function createOwns(): (id: string) => boolean {
  const [ownsServer, setOwnsServer] = createSignal(false)
  inBackground(isServerOwner().then(setOwnsServer))
  return (id) => ownsServer() || Object.values(keptLinks(id)).some(({ role }) => role === 'own')
}
