import { createMemo, createSignal, For, type JSX, onCleanup, Show } from 'solid-js'
import { useApp } from '../app.ts'
import { setNameAskedInList } from '../state/name-question.ts'
import { sentCount } from '../state/sent-count.ts'
import { stableList } from '../state/stable-list.ts'
import { NameForm } from '../ui/name-form.tsx'
import { feedWords } from '../words/feed.ts'
import { hostWords } from '../words/host.ts'
import { overlayWords } from '../words/overlay.ts'
import { words } from '../words/page.ts'
import { OwnPicture } from './own-picture.tsx'
import './own-pictures.css'

/** How many are listed before all are asked for. */
const FIRST_SHOWN_COUNT = 6

/** Lists a guest's own pictures, the newest first, with what became of each, or says why one can't add any. */
export function OwnPictures(): JSX.Element {
  const { boardStore, people } = useApp()
  const { board } = boardStore
  const [revision, setRevision] = createSignal(0)
  const [showsAll, setShowsAll] = createSignal(false)
  onCleanup(board.on('waiting', () => setRevision((n) => n + 1)))
  setNameAskedInList(true)
  onCleanup(() => setNameAskedInList(false))

  const isFailed = (id: string): boolean => board.uploads.get(id)?.state === 'failed'
  const ids = createMemo<readonly string[]>((last) => {
    revision()
    boardStore.revision()
    // The visitor isn't known before the board is live.
    boardStore.status()
    const { visitor } = board
    const stored = [...boardStore.boxes.keys()].filter(
      (id) => visitor !== null && boardStore.get(id)?.author === visitor,
    )
    const all = new Set([...board.uploads.keys(), ...board.waiting.keys(), ...stored])
    const here = [...all].filter((id) => !board.pictures.get(id)?.deletedAt)
    // Ids begin with their time. Those that need somebody stand first.
    const next = here.sort((a, b) => Number(isFailed(b)) - Number(isFailed(a)) || (a < b ? 1 : -1))
    return stableList(last, next)
  }, [])
  const shown = createMemo<readonly string[]>(
    (last) => stableList(last, showsAll() ? ids() : ids().slice(0, FIRST_SHOWN_COUNT)),
    [],
  )
  const count = (): string => {
    const sent = sentCount()
    return sent ? overlayWords.stored(sent.stored, sent.all) : String(ids().length)
  }
  const isKnown = (): boolean => boardStore.status().loaded
  const notice = (): string => {
    if (!boardStore.may('image.add')) return words.lookOnly
    if (boardStore.isGuestWhile('paused')) return boardStore.whyNoAdding()
    return boardStore.isGuestWhile('held') ? hostWords.waitForHostHint : ''
  }

  return (
    <>
      <Show when={isKnown() && notice()}>{(sentence) => <p class="notice">{sentence()}</p>}</Show>
      <Show when={people.isAsked() && !people.isOpen()}>
        <NameForm onDone={() => {}} />
      </Show>
      <Show
        when={ids().length > 0}
        fallback={
          <Show when={isKnown() && boardStore.mayAdd()}>
            <h2 class="invitation">{feedWords.addYours}</h2>
            <Show when={!boardStore.isGuestWhile('held')}>
              <p class="hint">{words.emptyHintForAll}</p>
            </Show>
          </Show>
        }
      >
        <h2 id="own-pictures">
          {feedWords.ownPictures} <span class="mono">{count()}</span>
        </h2>
        <ul class="rows" aria-labelledby="own-pictures">
          <For each={shown()}>{(id) => <OwnPicture id={id} revision={revision()} />}</For>
        </ul>
        <Show when={ids().length > FIRST_SHOWN_COUNT}>
          <button type="button" class="outlined" onClick={() => setShowsAll(!showsAll())}>
            {showsAll() ? feedWords.showFewer : feedWords.showAll(ids().length)}
          </button>
        </Show>
      </Show>
      <Show when={boardStore.count() > 0}>
        <h2>
          {feedWords.everybodys} <span class="mono">{boardStore.count()}</span>
        </h2>
      </Show>
    </>
  )
}
