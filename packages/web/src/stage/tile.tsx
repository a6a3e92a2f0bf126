import { heightOf, type ImageRecord, words } from '@wirephoto/board'
import type { OwnUpload } from '@wirephoto/client'
import { createEffect, createMemo, createSignal, type JSX, on, onCleanup, Show } from 'solid-js'
import { useApp } from '../app.ts'
import { Print } from './print.tsx'
import { when } from './when.ts'

const { ui } = words

interface TileProps {
  readonly id: string
  /** Its place in the stack of what is drawn. */
  readonly layer: number
}

/** One picture: a right-size box with its blur, then the picture, and what its upload has to say. */
export function Tile(props: TileProps): JSX.Element {
  const { desk, hands, selection } = useApp()
  const { id } = props
  const current = desk.picture(id)
  // A picture that goes is drawn as it was until its node goes too.
  const record = createMemo<ImageRecord | undefined>((last) => current() ?? last)
  const upload = desk.upload(id)
  const away = hands.at(id)
  const place = createMemo(() => away() ?? record() ?? { x: 0, y: 0 })
  const height = createMemo(() => heightOf(record() ?? { w: 1, width: 1, height: 1 }))
  const name = (): string => record()?.caption || record()?.name || ''
  const state = (): string => upload()?.state ?? (record()?.blob ? 'stored' : 'arriving')
  let element!: HTMLDivElement

  createEffect(
    on(
      () => selection.isActive(id) && selection.byKey(),
      (focus) => focus && element.focus({ preventScroll: true }),
    ),
  )

  return (
    <div
      ref={element}
      class="tile"
      classList={{
        selected: selection.has(id),
        lifted: hands.holding() && selection.has(id),
        landing: desk.landed(id),
      }}
      role="option"
      aria-selected={selection.has(id)}
      aria-label={ui.pictureLabel(name(), state())}
      tabindex={selection.isActive(id) ? 0 : -1}
      data-image={id}
      data-state={state()}
      style={{
        left: `${place().x}px`,
        top: `${place().y}px`,
        width: `${record()?.w}px`,
        height: `${height()}px`,
        '--w': record()?.w,
        '--layer': props.layer,
      }}
      onFocus={() => selection.activate(id)}
    >
      <Print id={id} record={record()} upload={upload()} alt={name()} />
      <Show
        when={upload()}
        fallback={<p class="slug on-look">{record() && slugOf(record()!, desk.board.visitor)}</p>}
      >
        {(own) => <UploadSlug id={id} upload={own()} />}
      </Show>
    </div>
  )
}

function UploadSlug(props: { id: string; upload: OwnUpload }): JSX.Element {
  const { desk } = useApp()
  const progress = (): string => {
    const { state, sent, total } = props.upload
    if (desk.status().connection === 'offline') return ui.waitingForConnection
    return state === 'waiting' ? ui.waiting : ui.percent(total > 0 ? sent / total : 0)
  }
  return (
    <Show
      when={props.upload.state === 'failed'}
      fallback={
        <p class="slug">
          {props.upload.state === 'retrying' ? (
            <Countdown to={props.upload.retryAt ?? 0} />
          ) : (
            progress()
          )}
        </p>
      }
    >
      <div class="slug failure">
        <strong>{ui.notSent}</strong>
        <button type="button" class="quiet" onClick={() => desk.board.retry(props.id)}>
          {ui.retry}
        </button>
        <button type="button" class="quiet" onClick={() => desk.board.cancel(props.id)}>
          {ui.remove}
        </button>
        <p>{props.upload.error?.message}</p>
      </div>
    </Show>
  )
}

function Countdown(props: { to: number }): JSX.Element {
  const left = (): number => Math.max(0, Math.ceil((props.to - Date.now()) / 1000))
  const [seconds, setSeconds] = createSignal(left())
  const timer = setInterval(() => setSeconds(left()), 250)
  onCleanup(() => clearInterval(timer))
  createEffect(() => setSeconds(left()))
  return <>{ui.retrying(seconds())}</>
}

const slugOf = (
  { caption, name, author, createdAt }: ImageRecord,
  visitor: string | null,
): string =>
  [caption || name, author === visitor ? ui.you : '', when(createdAt)].filter(Boolean).join(' · ')
