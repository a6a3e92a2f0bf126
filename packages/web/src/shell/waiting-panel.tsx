import { type ImageRecord } from '@wirephoto/board'
import { blobUrl } from '@wirephoto/client'
import { createEffect, createMemo, createSignal, type JSX, onCleanup, Show } from 'solid-js'
import { nameKey } from '../actions/action.ts'
import { useApp } from '../app.ts'
import { hasAlt, hasMod, pressedKey } from '../input/keys.ts'
import { Swipe } from '../input/swipe.ts'
import { blurOf, paperOf } from '../state/blur.ts'
import { awaitsVariant, sideFor, variantUrl } from '../state/resolution.ts'
import { type WaitingPictures, waiting } from '../state/waiting-pictures.ts'
import { Ask } from '../ui/ask.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { formatTime } from '../ui/format-time.ts'
import { createObjectUrl } from '../ui/object-url.ts'
import { ProgressLine } from '../ui/progress-line.tsx'
import { SharpPicture } from '../ui/sharp-picture.tsx'
import { Steps } from '../ui/steps.tsx'
import { hostWords } from '../words/host.ts'
import { words } from '../words/page.ts'
import { panelWords } from '../words/panels.ts'
import '../ui/full-panel.css'
import './waiting-panel.css'
import { formatSize } from '../words/format-size.ts'

/** The side of the variant that is shown until the sharp one is there. */
const AT_HAND_SIDE_PX = 320
/** Pictures after the shown one that are fetched before their turn. */
const PRELOADED_COUNT = 2
/** How far a finger leans to a side before the page says what letting go would do. */
const LEAN_PX = 24

/** Shows owners the pictures that wait for them, one after the other, to approve or to refuse. */
export function WaitingPanel(): JSX.Element {
  return (
    <Show when={waiting()} keyed fallback={<EmptyPanel />}>
      {(pictures) => <PictureByPicture waiting={pictures} />}
    </Show>
  )
}

function EmptyPanel(): JSX.Element {
  return (
    <Dialog
      class="full waiting-panel"
      label={hostWords.waitingPictures}
      title={hostWords.waitingPictures}
    >
      <Nothing />
    </Dialog>
  )
}

function PictureByPicture(props: { waiting: WaitingPictures }): JSX.Element {
  const { toasts } = useApp()
  const { waiting } = props
  let nth = 0
  /** The chosen picture, or the one that took its place. */
  const record = createMemo<ImageRecord | undefined>(() => {
    const pictures = waiting.pictures()
    const at = pictures.findIndex(({ id }) => id === waiting.chosen())
    nth = at < 0 ? Math.max(0, Math.min(nth, pictures.length - 1)) : at
    return pictures[nth]
  })
  createEffect(() => waiting.choose(record()?.id ?? null))
  const position = createMemo(() => waiting.pictures().indexOf(record()!))
  const count = (): number => waiting.pictures().length
  const [isAsking, setAsking] = createSignal(false)
  const [lean, setLean] = createSignal(0)
  let approveButton!: HTMLButtonElement

  const step = (to: number): void => {
    const next = waiting.pictures()[position() + to]
    if (next) waiting.choose(next.id)
  }
  const approve = (): void => {
    const now = record()
    if (now?.blob) waiting.approve([now.id])
    else if (now) toasts.say(hostWords.stillArriving)
  }
  const refuse = (): void => {
    const now = record()
    if (now) waiting.refuseOne(now)
  }
  const approveAll = (): void => {
    setAsking(false)
    waiting.approve(waiting.ready().map(({ id }) => id))
  }
  const onKeyDown = (event: KeyboardEvent): void => {
    if (hasAlt(event) || isAsking()) return
    const key = pressedKey(event)
    const isOnOther =
      event.target instanceof Element &&
      event.target !== approveButton &&
      event.target.closest('button') !== null
    if (hasMod(event) ? key === 'z' : key === 'z' || key === 'u') waiting.takeBack()
    else if (hasMod(event)) return
    else if (key === 'a' || (key === 'enter' && !isOnOther)) {
      // A key that is held down decides about one picture, not about all.
      if (!event.repeat) approve()
    } else if (key === 'r' || key === 'backspace' || key === 'delete') {
      if (!event.repeat) refuse()
    } else if (key === 'arrowright' || key === 'arrowdown') step(1)
    else if (key === 'arrowleft' || key === 'arrowup') step(-1)
    else return
    event.preventDefault()
  }
  const swiped = (frame: HTMLElement): void => {
    new Swipe(frame, {
      step: (to) => (to > 0 ? refuse() : approve()),
      lean: setLean,
    })
  }
  preload(waiting, position)

  return (
    <Dialog
      class="full waiting-panel"
      label={hostWords.waitingPictures}
      title={hostWords.waitingPictures}
      onKeyDown={onKeyDown}
    >
      <Show when={record()} fallback={<Nothing />}>
        {(now) => (
          <>
            <figure ref={swiped} class="frame">
              <Show when={now().id} keyed>
                {(_id) => <Picture waiting={waiting} record={now()} />}
              </Show>
              <Show when={Math.abs(lean()) > LEAN_PX}>
                <p class="lean sheet" classList={{ refusing: lean() < 0 }} aria-hidden="true">
                  {lean() > 0 ? hostWords.approve : hostWords.refuse}
                </p>
              </Show>
            </figure>
            <footer>
              <Show
                when={!isAsking()}
                fallback={
                  <Ask
                    question={hostWords.askApproveAll(waiting.ready().length)}
                    keep={hostWords.letWait}
                    act={hostWords.approveAll(waiting.ready().length)}
                    onKeep={() => setAsking(false)}
                    onAct={approveAll}
                  />
                }
              >
                <About record={now()} />
                <div class="steps">
                  <Show when={waiting.ready().length > 1}>
                    <button type="button" class="outlined all" onClick={() => setAsking(true)}>
                      {hostWords.approveAll(waiting.ready().length)}
                    </button>
                  </Show>
                  <Steps nth={position()} count={count()} onStep={step} />
                </div>
                <div class="decisions">
                  <button type="button" class="outlined" onClick={refuse}>
                    {hostWords.refuse} <kbd translate="no">R</kbd>
                  </button>
                  <button
                    ref={(element) => {
                      approveButton = element
                      queueMicrotask(() => element.focus())
                    }}
                    type="button"
                    class="main"
                    aria-disabled={now().blob === null}
                    onClick={approve}
                  >
                    {hostWords.approve} <kbd translate="no">{nameKey('enter')}</kbd>
                  </button>
                </div>
              </Show>
            </footer>
            <p class="visually-hidden" role="status">
              {`${nameOf(now())}, ${panelWords.position(position() + 1, count())}`}
            </p>
          </>
        )}
      </Show>
    </Dialog>
  )
}

function Nothing(): JSX.Element {
  const { actions, boardStore } = useApp()
  const isHeld = (): boolean => boardStore.settings().adding === 'held'
  return (
    // It keeps the keys, by which the last refusal is taken back.
    <div class="nothing" tabindex={-1} ref={(element) => queueMicrotask(() => element.focus())}>
      <p>{hostWords.noneWaits}</p>
      <p class="hint">{isHeld() ? hostWords.noneWaitsHint : hostWords.noneWaitHereHint}</p>
      <Show when={!isHeld()}>
        <button type="button" class="outlined" onClick={actions.settings.run}>
          {words.settings}
        </button>
      </Show>
    </div>
  )
}

/** Shows a picture as it is at hand, or the sharp one. */
function Picture(props: { waiting: WaitingPictures; record: ImageRecord }): JSX.Element {
  const { log } = props.waiting
  const [pixels, setPixels] = createSignal(Math.max(innerWidth, innerHeight) * devicePixelRatio)
  const preview = createMemo(() => {
    props.waiting.arrivals()
    return props.record.blob ? null : log.preview(props.record.id)
  })
  const previewed = createObjectUrl(preview)
  const available = (): string | undefined => {
    const { record } = props
    const small = record.blob ? variantUrl(log, record, AT_HAND_SIDE_PX) : previewed()
    return small ?? (record.thumbhash ? (blurOf(record.thumbhash) ?? undefined) : undefined)
  }
  const sharp = createMemo(() => sharpUrl(log, props.record, pixels()))
  const transfer = createMemo(() => {
    props.waiting.arrivals()
    if (props.record.blob) return null
    const { state = 'arriving', sent = 0, total = null } = log.arrival(props.record.id) ?? {}
    const share = total ? sent / total : null
    return { state, share, by: null, waitsForServer: false, retryAt: 0 }
  })
  return (
    <div
      ref={(element) => {
        const observer = new ResizeObserver(() =>
          setPixels(Math.max(element.clientWidth, element.clientHeight) * devicePixelRatio),
        )
        observer.observe(element)
        onCleanup(() => observer.disconnect())
      }}
      class="framed"
      role="img"
      aria-label={nameOf(props.record)}
      data-waiting={props.record.id}
      style={{
        background: paperOf(props.record.thumbhash),
        '--ratio': props.record.width / props.record.height,
        '--width': props.record.width,
      }}
    >
      <SharpPicture available={available()} sharp={sharp()} />
      <ProgressLine transfer={transfer()} />
    </div>
  )
}

/** Shows who sent a picture and with which words, and its file. */
function About(props: { record: ImageRecord }): JSX.Element {
  const file = (): string => {
    const { name, createdAt, width, height, bytes } = props.record
    const size = bytes === null ? hostWords.arriving : formatSize(bytes)
    return [name, formatTime(createdAt), panelWords.pixels(width, height), size]
      .filter(Boolean)
      .join(' · ')
  }
  return (
    <div class="about">
      <p class="author" dir="auto" translate={props.record.by ? 'no' : 'yes'}>
        {props.record.by || words.guest}
      </p>
      <Show when={props.record.caption}>
        {(caption) => (
          <p class="caption" dir="auto">
            {caption()}
          </p>
        )}
      </Show>
      <p class="mono" translate="no">
        {file()}
      </p>
    </div>
  )
}

const nameOf = ({ caption, name, by }: ImageRecord): string =>
  hostWords.waitingPicture(caption || name, by)

/** Returns the address of a picture for so many pixels; null while it arrives or its variant is being made. */
const sharpUrl = (
  log: { readonly url: string; readonly id: string },
  record: ImageRecord,
  pixels: number,
): string | null =>
  record.blob && !awaitsVariant(record, pixels)
    ? blobUrl(log, record, sideFor(record, pixels))
    : null

/** Fetches the pictures that come next, so that each stands at once. */
function preload(waiting: WaitingPictures, position: () => number): void {
  const images = new Map<string, HTMLImageElement>()
  createEffect(() => {
    const at = position()
    const pixels = Math.max(innerWidth, innerHeight) * devicePixelRatio
    const next = waiting.pictures().slice(at + 1, at + 1 + PRELOADED_COUNT)
    const addresses = next.flatMap((record) => sharpUrl(waiting.log, record, pixels) ?? [])
    for (const known of images.keys()) if (!addresses.includes(known)) images.delete(known)
    for (const address of addresses) {
      if (images.has(address)) continue
      const image = new Image()
      image.src = address
      images.set(address, image)
    }
  })
}
