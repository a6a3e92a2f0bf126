import { WireError } from '@wirephoto/board'
import { createSignal, For, type JSX, onMount, Show } from 'solid-js'
import { useApp } from '../app.ts'
import { boardUrl } from '../browser/board-links.ts'
import { inBackground } from '../browser/in-background.ts'
import { request } from '../browser/server-requests.ts'
import { deleteBoard, renameBoard } from '../state/board-changes.ts'
import { sentenceOf } from '../state/link-exchange.ts'
import { closeBoard } from '../state/sharing.ts'
import { formatTime } from '../ui/format-time.ts'
import { homeWords } from '../words/home.ts'
import { ownerWords } from '../words/owners.ts'
import { words } from '../words/page.ts'
import { panelWords } from '../words/panels.ts'
import './board-acts.css'
import './server-boards.css'
import { formatSize } from '../words/format-size.ts'
import { nameOf } from './board-name.ts'
import { NameField } from './board-name-field.tsx'
import { Owners } from './owners.tsx'
import { SignIn } from './sign-in.tsx'
import { forget } from './visited-boards.ts'

/** A board as the server lists it for its owner. */
interface ServerBoard {
  readonly id: string
  readonly title: string
  readonly pictures: number
  readonly bytes: number
  /** Milliseconds since 1970. */
  readonly createdAt: number
  /** Whether it opens by its address. */
  readonly isOpen: boolean
  /** Whether the server's settings say who may see it: it is neither closed nor deleted here. */
  readonly isFixed: boolean
}

/** Lists all boards of the server for its owner, who closes and deletes them. Others may enter the owner code. */
export function ServerBoards(): JSX.Element {
  const { boardStore, toasts } = useApp()
  const [boards, setBoards] = createSignal<readonly ServerBoard[]>([])
  /** Where the next part of the list begins; null at its end, and before its first part. */
  const [next, setNext] = createSignal<string | null>(null)
  const [isLoading, setLoading] = createSignal(true)
  const [needsCode, setNeedsCode] = createSignal(false)
  const [fault, setFault] = createSignal('')
  /** The board that is deleted once that is confirmed. */
  const [doomed, setDoomed] = createSignal<string | null>(null)
  /** The board whose new name is being typed. */
  const [named, setNamed] = createSignal<string | null>(null)
  let list: HTMLUListElement | undefined

  /** Does what may be refused, and says why if it is. */
  const attempt = async (act: () => Promise<void>): Promise<void> => {
    setLoading(true)
    setFault('')
    try {
      await act()
    } catch (error) {
      const isStranger = error instanceof WireError && error.code === 'owner-needed'
      if (isStranger) setNeedsCode(true)
      else setFault(sentenceOf(error))
    }
    setLoading(false)
  }
  const load = async (place: string | null): Promise<void> => {
    const query = place === null ? '' : `?after=${place}`
    const part = await request<{ boards: ServerBoard[]; next: string | null }>(
      'GET',
      `/api/boards${query}`,
    )
    setBoards([...(place === null ? [] : boards()), ...part.boards])
    setNext(part.next)
  }
  const enter = async (code: string): Promise<void> => {
    await request('POST', '/api/owner', { code })
    setNeedsCode(false)
    await load(null)
  }
  const close = async (board: ServerBoard): Promise<void> => {
    await closeBoard(board.id)
    setBoards(boards().map((each) => (each.id === board.id ? { ...each, isOpen: false } : each)))
    toasts.say(panelWords.boardClosed(nameOf(board)))
  }
  const remove = async (board: ServerBoard): Promise<void> => {
    const nth = boards().findIndex(({ id }) => id === board.id)
    await deleteBoard(board.id)
    forget(board.id)
    setDoomed(null)
    setBoards(boards().filter(({ id }) => id !== board.id))
    toasts.say(panelWords.boardDeleted(nameOf(board)))
    const links = list?.querySelectorAll('a') ?? []
    links[Math.min(nth, links.length - 1)]?.focus()
  }
  const rename = async (board: ServerBoard, title: string): Promise<void> => {
    await renameBoard(board.id, title)
    setNamed(null)
    setBoards(boards().map((each) => (each.id === board.id ? { ...each, title } : each)))
    toasts.say(homeWords.renamed(nameOf({ ...board, title })))
    focusOn(board.id, 'rename')
  }
  const focusOn = (id: string, what: 'rename' | 'delete'): void =>
    list?.querySelector<HTMLElement>(`[data-board="${id}"] .${what}`)?.focus()
  const keepName = (id: string): void => {
    setNamed(null)
    focusOn(id, 'rename')
  }
  const ask = (id: string): void => {
    setDoomed(id)
    list?.querySelector<HTMLElement>('.keep')?.focus()
  }
  const keep = (id: string): void => {
    setDoomed(null)
    focusOn(id, 'delete')
  }
  onMount(() => inBackground(attempt(() => load(null))))

  return (
    <div class="server-boards body">
      <Show when={needsCode()}>
        <CodeForm onEnter={(code) => inBackground(attempt(() => enter(code)))} />
        <SignIn board={boardStore.board.id} />
      </Show>
      <p class="fault" role="alert">
        {fault()}
      </p>
      <ul ref={list} aria-label={panelWords.serverBoards}>
        <For each={boards()}>
          {(board) => (
            <li data-board={board.id}>
              <a href={boardUrl(board.id)} dir="auto">
                {nameOf(board)}
              </a>
              <p class="mono">{factsOf(board)}</p>
              <Show
                when={doomed() === board.id}
                fallback={
                  <div class="row">
                    <button
                      type="button"
                      class="outlined rename"
                      aria-label={homeWords.rename(nameOf(board))}
                      onClick={() => setNamed(board.id)}
                    >
                      {homeWords.keepName}
                    </button>
                    <Show when={!board.isFixed}>
                      <Show when={board.isOpen}>
                        <button
                          type="button"
                          class="outlined"
                          aria-label={`${panelWords.closeBoard}: ${nameOf(board)}`}
                          onClick={() => inBackground(attempt(() => close(board)))}
                        >
                          {panelWords.closeBoard}
                        </button>
                      </Show>
                      <button
                        type="button"
                        class="outlined delete"
                        aria-label={`${words.delete}: ${nameOf(board)}`}
                        onClick={() => ask(board.id)}
                      >
                        {words.delete}
                      </button>
                    </Show>
                  </div>
                }
              >
                <div class="row" role="alertdialog" aria-labelledby={`ask-${board.id}`}>
                  <p id={`ask-${board.id}`}>{panelWords.askDeleteBoard(board.pictures)}</p>
                  <button type="button" class="outlined keep" onClick={() => keep(board.id)}>
                    {panelWords.keep}
                  </button>
                  <button
                    type="button"
                    class="main"
                    onClick={() => inBackground(attempt(() => remove(board)))}
                  >
                    {panelWords.deleteForGood}
                  </button>
                </div>
              </Show>
              <Show when={named() === board.id}>
                <NameField
                  board={board}
                  onKeep={(title) => inBackground(attempt(() => rename(board, title)))}
                  onLeave={() => keepName(board.id)}
                />
              </Show>
            </li>
          )}
        </For>
      </ul>
      <p class="hint" role="status">
        {isLoading() ? panelWords.askingServer : ''}
      </p>
      <Show when={next()}>
        {(place) => (
          <button
            type="button"
            class="outlined"
            disabled={isLoading()}
            onClick={() => inBackground(attempt(() => load(place())))}
          >
            {panelWords.moreBoards}
          </button>
        )}
      </Show>
      <Show when={boards().length > 0}>
        <Owners path="/api/owners" title={ownerWords.ofServer} />
      </Show>
    </div>
  )
}

/** Takes the code by which somebody becomes the server's owner. */
function CodeForm(props: { readonly onEnter: (code: string) => void }): JSX.Element {
  let field!: HTMLInputElement
  const submit = (event: SubmitEvent): void => {
    event.preventDefault()
    if (field.value.trim() === '') field.focus()
    else props.onEnter(field.value)
  }
  onMount(() => field.focus())
  return (
    <form onSubmit={submit} noValidate>
      <label for="owner-code">{panelWords.ownerCode}</label>
      <div class="row">
        <input
          ref={field}
          id="owner-code"
          autocomplete="off"
          autocapitalize="characters"
          spellcheck={false}
          enterkeyhint="go"
          maxlength={64}
          aria-describedby="owner-code-hint"
        />
        <button type="submit" class="main">
          {panelWords.enterCode}
        </button>
      </div>
      <p id="owner-code-hint" class="hint">
        {panelWords.ownerCodeHint}
      </p>
    </form>
  )
}

const factsOf = ({ pictures, bytes, createdAt, isOpen }: ServerBoard): string =>
  [
    panelWords.pictures(pictures),
    formatSize(bytes),
    formatTime(createdAt),
    ...(isOpen ? [panelWords.opensByAddress] : []),
  ].join(' · ')
