import { isBoardId } from '@wirephoto/board'
import { createMemo, createSignal, For, type JSX, Show } from 'solid-js'
import { boardUrl } from '../browser/board-links.ts'
import { inBackground } from '../browser/in-background.ts'
import { ForeignAnswer, request } from '../browser/server-requests.ts'
import { Icon } from '../look/icon.tsx'
import '../look/late-icons.ts'
import { SHARED } from '../offline/shared-files.ts'
import { sentenceOf } from '../state/link-exchange.ts'
import { type MadeLink, rememberLinks } from '../state/sharing.ts'
import { homeWords } from '../words/home.ts'
import { words } from '../words/page.ts'
import { BoardActs, createOwns } from './board-acts.tsx'
import { BoardCard } from './board-card.tsx'
import './boards.css'
import './home.css'
import { nameOf } from './board-name.ts'
import { forget, type Visit, visits } from './visited-boards.ts'

/** Returns the boards that somebody finds at home: those that this browser has been on, but for the front board. */
export const homeBoards = (): Visit[] => visits().filter(({ id }) => id !== 'main')

/** Lists one's boards, where the front board doesn't open. Its child is the way to others. */
export function Home(props: { readonly children: JSX.Element }): JSX.Element {
  const [boards, setBoards] = createSignal(homeBoards())
  const [text, setText] = createSignal('')
  /** The outcome of the last act, or why it failed. */
  const [told, setTold] = createSignal(location.search === SHARED ? homeWords.shared : '')
  const isOwn = createOwns()
  const byId = createMemo(() => new Map(boards().map((visit) => [visit.id, visit])))
  // By their ids, so that a row stays as its board is renamed.
  const found = createMemo(() =>
    boards().flatMap((visit) => (fold(nameOf(visit)).includes(fold(text())) ? visit.id : [])),
  )
  let list!: HTMLUListElement
  let search!: HTMLInputElement
  const tell = (sentence: string): void => {
    const before = found()
    setBoards(homeBoards())
    setTold(sentence)
    const nth = before.findIndex((id) => !byId().has(id))
    if (nth < 0) return
    const links = list.querySelectorAll('a')
    const next = links[Math.min(nth, links.length - 1)] ?? search
    next.focus()
  }
  const create = async (): Promise<void> => {
    try {
      const made = await request<{ id: string; links: MadeLink[] }>('POST', '/api/boards')
      // Something else may have answered.
      if (!isBoardId(made.id)) throw new ForeignAnswer('no board')
      rememberLinks(made.id, made.links)
      location.assign(boardUrl(made.id))
    } catch (error) {
      setTold(sentenceOf(error))
    }
  }
  const leave = (visit: Visit): void => {
    forget(visit.id)
    tell(homeWords.forgotten(nameOf(visit)))
  }

  return (
    <section class="home boards" aria-label={homeWords.title}>
      <div class="about">
        <input
          ref={search}
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
      {props.children}
      <p class="hint told" role="status">
        {found().length === 0 && boards().length > 0 ? homeWords.nothing : told()}
      </p>
      <ul ref={list}>
        <For each={found()}>
          {(id) => (
            // Its row may outlive it for a moment.
            <Show when={byId().get(id)}>
              {(visit) => (
                <li>
                  <BoardCard visit={visit()} />
                  <BoardActs
                    visit={visit()}
                    isOwn={isOwn(id)}
                    onForget={() => leave(visit())}
                    onDone={tell}
                  />
                </li>
              )}
            </Show>
          )}
        </For>
      </ul>
    </section>
  )
}

/** Removes case and accents. */
const fold = (text: string): string => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase()
