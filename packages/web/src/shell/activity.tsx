import type { AuditEntry, ImageRecord } from '@wirephoto/board'
import { For, type JSX, Show } from 'solid-js'
import { useApp } from '../app.ts'
import { blurOf } from '../state/blur.ts'
import { variantUrl } from '../state/resolution.ts'
import { Dialog } from '../ui/dialog.tsx'
import { formatTime } from '../ui/format-time.ts'
import { activityWords } from '../words/activity.ts'
import { overlayWords } from '../words/overlay.ts'
import { panelWords } from '../words/panels.ts'
import './activity.css'
import { AuditPages } from './audit-pages.ts'

/** Pictures that an entry shows, and names that it has. */
const SHOWN_PICTURES_COUNT = 6
const SHOWN_NAMES_COUNT = 3
/** The side of a picture in the list. */
const THUMBNAIL_SIDE_PX = 64

/** Lists what was done on the board, to its owners. */
export function Activity(): JSX.Element {
  const { board } = useApp().boardStore
  const pages = new AuditPages(board.id)
  const isEmpty = (): boolean => pages.entries()?.length === 0
  return (
    <Dialog class="activity" label={overlayWords.activity} title={overlayWords.activity}>
      <p class="hint about">{activityWords.hint}</p>
      <Show when={!isEmpty()} fallback={<Nothing />}>
        <ol class="body" aria-label={activityWords.entries} aria-busy={pages.isFetching()}>
          <For each={pages.entries()}>{(entry) => <Entry entry={entry} />}</For>
          <Show when={pages.hasEarlier() && pages.fault() === null}>
            <li class="further">
              <button type="button" class="outlined" onClick={() => pages.fetchEarlier()}>
                {activityWords.earlier}
              </button>
            </li>
          </Show>
          <Show when={pages.entries() === null && pages.fault() === null}>
            <li class="hint">{activityWords.loading}</li>
          </Show>
        </ol>
      </Show>
      <Show when={pages.fault()}>
        {(fault) => (
          <footer role="alert">
            <p>{fault()}</p>
            <button type="button" class="outlined" onClick={() => pages.refresh()}>
              {activityWords.again}
            </button>
          </footer>
        )}
      </Show>
    </Dialog>
  )
}

function Nothing(): JSX.Element {
  return (
    <div class="nothing">
      <p>{activityWords.empty}</p>
      <p class="hint">{activityWords.emptyHint}</p>
    </div>
  )
}

function Entry(props: { entry: AuditEntry }): JSX.Element {
  const { boardStore, panels, toasts } = useApp()
  const { board } = boardStore
  const { entry } = props
  const who = (): string => {
    boardStore.status()
    const isOwn = entry.visitor === board.visitor
    return isOwn ? activityWords.you : entry.name || activityWords.somebody
  }
  /** Returns the pictures of the entry that are still here. */
  const records = (): ImageRecord[] => {
    boardStore.revision()
    return entry.pictures.flatMap(({ id }) => board.pictures.get(id) ?? [])
  }
  const trashed = (): string[] =>
    entry.act === 'remove'
      ? records().flatMap(({ id, deletedAt }) => (deletedAt === null ? [] : id))
      : []
  const names = (): string => {
    const shown = entry.pictures.slice(0, SHOWN_NAMES_COUNT).map(({ name }) => name)
    const rest = shown.length === 0 ? 0 : entry.count - shown.length
    return [...shown, ...(rest > 0 ? [activityWords.further(rest)] : [])].join(', ')
  }
  const putBack = (): void => {
    const ids = trashed()
    board.restore(ids)
    toasts.say(panelWords.didPutBack(ids.length))
  }
  return (
    <li data-act={entry.act}>
      <time class="mono" datetime={new Date(entry.at).toISOString()}>
        {formatTime(entry.at)}
      </time>
      <div class="told">
        <p>{activityWords.told(who(), entry)}</p>
        <Show when={names()}>
          <p class="mono" dir="auto" title={names()}>
            {names()}
          </p>
        </Show>
        <Show when={records().length > 0}>
          <div class="pictures">
            <For each={records().slice(0, SHOWN_PICTURES_COUNT)}>
              {(record) => <Thumbnail record={record} onOpen={() => panels.enlarge(record.id)} />}
            </For>
          </div>
        </Show>
      </div>
      <Show when={trashed().length > 0}>
        <button type="button" class="outlined" onClick={putBack}>
          {panelWords.putBack}
        </button>
      </Show>
    </li>
  )
}

/** Shows a picture small. One that stands on the board opens large. */
function Thumbnail(props: { record: ImageRecord; onOpen: () => void }): JSX.Element {
  const { board } = useApp().boardStore
  const image = (): JSX.Element => {
    const { record } = props
    const blur = record.thumbhash ? (blurOf(record.thumbhash) ?? undefined) : undefined
    const source = variantUrl(board, record, THUMBNAIL_SIDE_PX) ?? blur
    return <img src={source} alt="" loading="lazy" decoding="async" draggable={false} />
  }
  return (
    <Show when={props.record.deletedAt === null} fallback={<span class="trashed">{image()}</span>}>
      <button
        type="button"
        class="quiet"
        aria-label={activityWords.openLarge(props.record.caption || props.record.name)}
        onClick={() => props.onOpen()}
      >
        {image()}
      </button>
    </Show>
  )
}
