import { type CommandAnswer, isBoardId, limits, uuidv7 } from '@wirephoto/board'
import { createMemo, createSignal, For, type JSX, Show } from 'solid-js'
import { boardUrl, keptLinks } from '../browser/board-links.ts'
import { inBackground } from '../browser/in-background.ts'
import { request } from '../browser/server-requests.ts'
import { serverUrl } from '../browser/server-url.ts'
import { isComposed } from '../input/keys.ts'
import { IconButton } from '../look/button.tsx'
import { Icon } from '../look/icon.tsx'
import '../look/late-icons.ts'
import { SHARED } from '../offline/shared-files.ts'
import { sentenceOf } from '../state/link-exchange.ts'
import { type MadeLink, rememberLinks } from '../state/sharing.ts'
import { formatTime } from '../ui/format-time.ts'
import { homeWords } from '../words/home.ts'
import { words } from '../words/page.ts'
import './boards.css'
import './home.css'
import { messageOf } from '../words/language.ts'
import { nameOf } from './board-name.ts'
import { forget, remember, type Visit, visits } from './visited-boards.ts'

/** Returns the boards that somebody finds at home: those that this browser has been on, but for the front board. */
export const homeBoards = (): Visit[] => visits().filter(({ id }) => id !== 'main')

/** A question about one board of the list. */
interface Asked {
  readonly id: string
  readonly what: 'name' | 'remove'
}

/** Lists one's boards, where the front board doesn't open. */
export function Home(): JSX.Element {
  const [boards, setBoards] = createSignal(homeBoards())
  const [text, setText] = createSignal('')
  const [asked, setAsked] = createSignal<Asked | null>(null)
  /** The outcome of the last act, or why it failed. */
  const [told, setTold] = createSignal(location.search === SHARED ? homeWords.shared : '')
  const found = createMemo(() =>
    boards().filter((visit) => fold(nameOf(visit)).includes(fold(text()))),
  )
  const isAsked = (id: string, what: Asked['what']): boolean =>
    asked()?.id === id && asked()?.what === what

  const attempt = async (act: () => Promise<string>): Promise<void> => {
    try {
      setTold(await act())
    } catch (error) {
      setTold(sentenceOf(error))
    }
    setAsked(null)
    setBoards(homeBoards())
  }
  const create = (): Promise<void> =>
    attempt(async () => {
      const made = await request<{ id: string; links: MadeLink[] }>('POST', '/api/boards')
      if (!isBoardId(made.id)) return words.serverGone
      rememberLinks(made.id, made.links)
      location.assign(boardUrl(made.id))
      return ''
    })
  const rename = (visit: Visit, title: string): Promise<void> =>
    attempt(async () => {
      const { refused } = await request<CommandAnswer>('POST', `/b/${visit.id}/commands`, {
        client: uuidv7(Date.now(), crypto.getRandomValues(new Uint8Array(10))),
        n: 1,
        commands: [{ kind: 'board.patch', set: { title } }],
      })
      const [refusal] = refused
      if (refusal) return messageOf(refusal.error)
      remember({ ...visit, title })
      return homeWords.renamed(nameOf({ ...visit, title }))
    })
  const remove = (visit: Visit): Promise<void> =>
    attempt(async () => {
      await request('DELETE', `/api/boards/${visit.id}`)
      forget(visit.id)
      return homeWords.removed(nameOf(visit))
    })
  const leave = (visit: Visit): void => {
    forget(visit.id)
    setBoards(homeBoards())
    setTold(homeWords.forgotten(nameOf(visit)))
  }

  return (
    <section class="home boards" aria-label={homeWords.title}>
      <div class="about">
        <input
          type="search"
          aria-label={homeWords.find}
          placeholder={homeWords.find}
          onInput={({ currentTarget }) => setText(currentTarget.value)}
        />
        <button type="button" class="main" onClick={() => inBackground(create())}>
          <Icon name="plus" />
          {words.newBoard}
        </button>
      </div>
      <p class="hint" role="status">
        {found().length === 0 && boards().length > 0 ? homeWords.nothing : told()}
      </p>
      <ul>
        <For each={found()}>
          {(visit) => (
            <li>
              <a href={boardUrl(visit.id)}>
                <span class="cover">
                  <Show when={visit.picture}>
                    {(picture) => (
                      <img src={serverUrl + picture()} alt="" loading="lazy" draggable={false} />
                    )}
                  </Show>
                </span>
                <span class="name" dir="auto">
                  {nameOf(visit)}
                </span>
                <span class="mono">{formatTime(visit.at ?? 0)}</span>
              </a>
              <div class="acts">
                <Show when={isOwn(visit.id)}>
                  <IconButton
                    icon="pencil"
                    label={homeWords.rename(nameOf(visit))}
                    onClick={() => setAsked({ id: visit.id, what: 'name' })}
                  />
                  <IconButton
                    icon="trash"
                    label={homeWords.remove(nameOf(visit))}
                    onClick={() => setAsked({ id: visit.id, what: 'remove' })}
                  />
                </Show>
                <IconButton
                  icon="x"
                  label={homeWords.forget(nameOf(visit))}
                  onClick={() => leave(visit)}
                />
              </div>
              <Show when={isAsked(visit.id, 'name')}>
                <NameField
                  visit={visit}
                  onKeep={(title) => inBackground(rename(visit, title))}
                  onLeave={() => setAsked(null)}
                />
              </Show>
              <Show when={isAsked(visit.id, 'remove')}>
                <div class="ask" role="alertdialog" aria-label={homeWords.remove(nameOf(visit))}>
                  <p>{homeWords.askRemove(nameOf(visit))}</p>
                  <button
                    ref={(button) => queueMicrotask(() => button.focus())}
                    type="button"
                    class="outlined"
                    onClick={() => setAsked(null)}
                  >
                    {homeWords.keep}
                  </button>
                  <button type="button" class="main" onClick={() => inBackground(remove(visit))}>
                    {words.delete}
                  </button>
                </div>
              </Show>
            </li>
          )}
        </For>
      </ul>
    </section>
  )
}

interface NameFieldProps {
  readonly visit: Visit
  readonly onKeep: (title: string) => void
  readonly onLeave: () => void
}

/** Edits a board's name: Enter keeps it, Escape drops it. */
function NameField(props: NameFieldProps): JSX.Element {
  let field!: HTMLInputElement
  return (
    <form
      class="ask"
      onSubmit={(event) => {
        event.preventDefault()
        props.onKeep(field.value.trim())
      }}
    >
      <input
        ref={(input) => {
          field = input
          queueMicrotask(() => input.select())
        }}
        value={props.visit.title}
        maxLength={limits.titleLength}
        dir="auto"
        aria-label={homeWords.name(nameOf(props.visit))}
        onKeyDown={(event) => {
          if (event.key === 'Escape' && !isComposed(event)) props.onLeave()
        }}
      />
      <button type="submit" class="outlined">
        {homeWords.keepName}
      </button>
    </form>
  )
}

/** Returns whether this browser has a link that lets own a board. The server has the last word. */
const isOwn = (id: string): boolean =>
  Object.values(keptLinks(id)).some(({ role }) => role === 'own')

/** Removes case and accents. */
const fold = (text: string): string => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase()
