import { type ImageRecord, limits } from '@wirephoto/board'
import {
  createEffect,
  createMemo,
  createSignal,
  For,
  type JSX,
  on,
  onCleanup,
  Show,
} from 'solid-js'
import { useApp } from '../app.ts'
import { blurOf } from '../state/blur.ts'
import { variantUrl } from '../state/resolution.ts'
import { Dialog } from '../ui/dialog.tsx'
import { words } from '../words/page.ts'
import { panelWords } from '../words/panels.ts'
import './trash.css'

const DAY_MS = 86_400_000
/** The side of a picture in the list. */
const THUMBNAIL_SIDE_PX = 320

/** Lists the trashed pictures that one may put back, or purge. */
export function Trash(): JSX.Element {
  const { boardStore, toasts } = useApp()
  const { board, settings } = boardStore
  const trashed = createMemo<readonly ImageRecord[]>(() => {
    boardStore.revision()
    return [...board.pictures.values()]
      .filter(({ id, deletedAt }) => deletedAt !== null && boardStore.may('image.restore', id))
      .sort((a, b) => b.deletedAt! - a.deletedAt! || (a.id < b.id ? 1 : -1))
  })
  const mayPurge = (): boolean => boardStore.may('image.purge')
  const [ticked, setTicked] = createSignal<ReadonlySet<string>>(new Set())
  const chosen = createMemo(() => trashed().flatMap(({ id }) => (ticked().has(id) ? id : [])))
  const isMarked = (id: string): boolean => board.pictures.get(id)?.purgeAt != null
  const unmarked = (ids: readonly string[]): string[] => ids.filter((id) => !isMarked(id))
  const areSomeMarked = createMemo(() => trashed().some(({ purgeAt }) => purgeAt !== null))
  const now = secondsWhile(areSomeMarked, () => board.serverTime)
  /** The pictures to purge once that is confirmed; null while nothing is asked. */
  const [doomed, setDoomed] = createSignal<readonly string[] | null>(null)
  const tick = (id: string, isTicked: boolean): void => {
    const next = new Set(ticked())
    if (isTicked) next.add(id)
    else next.delete(id)
    setTicked(next)
  }
  const putBack = (ids: readonly string[]): void => {
    board.restore(ids)
    toasts.say(panelWords.didPutBack(ids.length))
  }
  const keep = (ids: readonly string[]): void => {
    board.keep(ids)
    toasts.say(panelWords.didKeep(ids.length))
  }
  const purge = (): void => {
    const ids = unmarked(doomed() ?? []).filter((id) => board.pictures.get(id)?.deletedAt)
    board.purge(ids)
    setDoomed(null)
    toasts.say(panelWords.goForGood(ids.length), {
      label: words.undo,
      run: () => board.keep(ids.filter(isMarked)),
      isPossible() {
        boardStore.revision()
        return ids.some(isMarked)
      },
    })
  }
  let panel!: HTMLDivElement
  keepFocus(() => panel, trashed, doomed)

  return (
    <Dialog class="trash" label={words.trash} title={words.trash}>
      <div ref={panel} class="trash-panel">
        <Show when={trashed().length > 0} fallback={<Nothing />}>
          <ul class="body" aria-label={panelWords.trashed(trashed().length)}>
            <For each={trashed()}>
              {(record) => (
                <Trashed
                  record={record}
                  days={settings().trashDays}
                  now={now()}
                  isTicked={ticked().has(record.id)}
                  onTick={(isTicked) => tick(record.id, isTicked)}
                  onPutBack={() => putBack([record.id])}
                  onKeep={() => keep([record.id])}
                />
              )}
            </For>
          </ul>
        </Show>
        <footer>
          <Show
            when={doomed()}
            fallback={boardStore.may('board.patch') && <Days days={settings().trashDays} />}
          >
            {(ids) => (
              <div class="ask" role="alertdialog" aria-labelledby="ask-for-good">
                <p id="ask-for-good">{panelWords.askForGood(ids().length)}</p>
                <button type="button" class="outlined keep" onClick={() => setDoomed(null)}>
                  {panelWords.keep}
                </button>
                <button type="button" class="main" onClick={purge}>
                  {panelWords.deleteForGood}
                </button>
              </div>
            )}
          </Show>
          <Show when={trashed().length > 0 && !doomed()}>
            <div class="trash-actions">
              <button
                type="button"
                class="quiet tick-all"
                onClick={() =>
                  setTicked(new Set(chosen().length > 0 ? [] : trashed().map(({ id }) => id)))
                }
              >
                {chosen().length > 0 ? panelWords.chooseNone : panelWords.chooseAll}
              </button>
              <span class="mono" role="status">
                {chosen().length > 0 ? panelWords.chosen(chosen().length) : ''}
              </span>
              <Show
                when={chosen().length > 0}
                fallback={
                  <Show when={mayPurge() && trashed().some(({ purgeAt }) => purgeAt === null)}>
                    <button
                      type="button"
                      class="outlined"
                      onClick={() => setDoomed(unmarked(trashed().map(({ id }) => id)))}
                    >
                      {panelWords.emptyTrash}
                    </button>
                  </Show>
                }
              >
                <button type="button" class="outlined" onClick={() => putBack(chosen())}>
                  {panelWords.putBack}
                </button>
                <Show
                  when={mayPurge() && unmarked(chosen()).length > 0}
                  fallback={
                    <Show when={mayPurge() && chosen().some(isMarked)}>
                      <button type="button" class="outlined" onClick={() => keep(chosen())}>
                        {panelWords.keep}
                      </button>
                    </Show>
                  }
                >
                  <button
                    type="button"
                    class="outlined"
                    onClick={() => setDoomed(unmarked(chosen()))}
                  >
                    {panelWords.deleteForGood}
                  </button>
                </Show>
              </Show>
            </div>
          </Show>
        </footer>
      </div>
    </Dialog>
  )
}

function Nothing(): JSX.Element {
  return (
    <div class="nothing">
      <p>{panelWords.trashEmpty}</p>
      <p class="hint">{panelWords.trashEmptyHint}</p>
    </div>
  )
}

interface TrashedProps {
  readonly record: ImageRecord
  readonly days: number
  /** The server's time. */
  readonly now: number
  readonly isTicked: boolean
  readonly onTick: (isTicked: boolean) => void
  readonly onPutBack: () => void
  readonly onKeep: () => void
}

function Trashed(props: TrashedProps): JSX.Element {
  const { boardStore } = useApp()
  const { board } = boardStore
  const { record } = props
  const name = record.caption || record.name
  const source = (): string | undefined => {
    const stored = variantUrl(board, record, THUMBNAIL_SIDE_PX)
    return stored ?? (record.thumbhash ? (blurOf(record.thumbhash) ?? undefined) : undefined)
  }
  return (
    <li data-trashed={record.id}>
      <label>
        <img src={source()} alt="" loading="lazy" decoding="async" draggable={false} />
        <input
          type="checkbox"
          aria-label={name}
          checked={props.isTicked}
          onChange={({ currentTarget }) => props.onTick(currentTarget.checked)}
        />
      </label>
      <p class="mono" dir="auto" title={name}>
        {name}
      </p>
      <p class="mono" classList={{ going: record.purgeAt !== null }}>
        {record.purgeAt === null
          ? panelWords.daysLeft(daysLeft(record, props.days))
          : panelWords.goneIn(record.purgeAt - props.now)}
      </p>
      <Show
        when={record.purgeAt === null || !boardStore.may('image.keep')}
        fallback={
          <button
            type="button"
            class="quiet"
            aria-label={`${panelWords.keep}: ${name}`}
            onClick={() => props.onKeep()}
          >
            {panelWords.keep}
          </button>
        }
      >
        <button
          type="button"
          class="quiet"
          aria-label={`${panelWords.putBack}: ${name}`}
          onClick={() => props.onPutBack()}
        >
          {panelWords.putBack}
        </button>
      </Show>
    </li>
  )
}

/** Returns the time as a signal that goes on each second while somebody waits. */
function secondsWhile(isAwaited: () => boolean, read: () => number): () => number {
  const [now, setNow] = createSignal(read())
  createEffect(() => {
    if (!isAwaited()) return
    setNow(read())
    const timer = setInterval(() => setNow(read()), 1_000)
    onCleanup(() => clearInterval(timer))
  })
  return now
}

/** Sets how many days this board keeps its trash. */
function Days(props: { days: number }): JSX.Element {
  const { board } = useApp().boardStore
  const set = (input: HTMLInputElement): void => {
    const days = Math.round(Number(input.value))
    const within = Math.min(limits.maxTrashDays, Math.max(1, days || props.days))
    input.value = String(within)
    if (within !== props.days) board.set({ trashDays: within })
  }
  return (
    <label class="days">
      {panelWords.trashDaysBefore}
      <input
        type="number"
        min={1}
        max={limits.maxTrashDays}
        aria-label={panelWords.trashDays}
        value={props.days}
        onChange={({ currentTarget }) => set(currentTarget)}
      />
      {panelWords.trashDaysAfter}
    </label>
  )
}

/** Returns the whole days that a picture has left; 0 on its last day. */
const daysLeft = ({ deletedAt }: ImageRecord, days: number): number =>
  Math.max(0, Math.floor((deletedAt! + days * DAY_MS - Date.now()) / DAY_MS + 0.5))

/** Moves the focus on when the focused picture leaves the trash, to the one that took its place. */
function keepFocus(
  panel: () => HTMLElement,
  trashed: () => readonly ImageRecord[],
  doomed: () => unknown,
): void {
  let nth = 0
  createEffect(() => {
    const noted = (): void => {
      const row = document.activeElement?.closest('[data-trashed]')
      if (row) nth = [...row.parentElement!.children].indexOf(row)
    }
    panel().addEventListener('focusin', noted)
    onCleanup(() => panel().removeEventListener('focusin', noted))
  })
  createEffect(
    on(
      [trashed, doomed],
      () => {
        if (document.activeElement !== document.body) return
        const rows = panel().querySelectorAll<HTMLElement>('[data-trashed] input')
        const next =
          panel().querySelector<HTMLElement>('.keep') ??
          rows[Math.min(nth, rows.length - 1)] ??
          panel().querySelector<HTMLElement>('input')
        next?.focus({ preventScroll: false })
      },
      { defer: true },
    ),
  )
}
