import './wall.css'
import { type ImageRecord, picturesOnBoard } from '@wirephoto/board'
import { type Board, blobUrl } from '@wirephoto/client'
import { createEffect, createSignal, For, type JSX, onCleanup, Show } from 'solid-js'
import { renderSVG } from 'uqr'
import { words } from '../words/page.ts'

/** Milliseconds that a picture stands without news before the mosaic; that a pushed one stays for sure. */
const QUIET = 20_000
/** Milliseconds until the pointer hides. */
const STILL = 3_000
/** Pictures of the mosaic. */
const MOSAIC = 40
/** Pixels that a picture of the mosaic needs. */
const SMALL = 320

/** A board on a screen that nobody touches: the newest picture, or the one that somebody pushes. */
export function Wall(props: { board: Board }): JSX.Element {
  const { board } = props
  document.documentElement.dataset['theme'] = 'dark'
  const [shown, setShown] = createSignal<ImageRecord | null>(null)
  const [mosaic, setMosaic] = createSignal<readonly ImageRecord[]>([])
  const [status, setStatus] = createSignal(board.status)
  const [title, setTitle] = createSignal(board.title)
  let pushedAt = Number.NEGATIVE_INFINITY
  let quiet: ReturnType<typeof setTimeout> | undefined

  /** Whatever is news stands alone for a while. */
  const show = (record: ImageRecord | null): void => {
    clearTimeout(quiet)
    setMosaic([])
    setShown(record)
    document.title = words.wallTitle(board.title)
    quiet = setTimeout(() => setMosaic(newestFirst(board).slice(0, MOSAIC)), QUIET)
  }
  const look = (): void => {
    const now = shown() && (board.pictures.get(shown()!.id) ?? null)
    const isGone = !now || now.deletedAt !== null
    const [newest = null] = newestFirst(board)
    const isPushed = !isGone && performance.now() - pushedAt < QUIET
    if (isGone || (newest && newest.id !== now.id && newest.createdAt > now.createdAt && !isPushed))
      show(newest)
    else if (now !== shown()) setShown(now)
    if (mosaic().length > 0) setMosaic(newestFirst(board).slice(0, MOSAIC))
  }
  const offs = [
    board.on('pictures', look),
    board.on('arrivals', look),
    board.on('status', setStatus),
    board.on('settings', ({ title }) => setTitle(title)),
    board.on('show', (id) => {
      const record = board.pictures.get(id)
      if (!record || record.deletedAt !== null) return
      pushedAt = performance.now()
      show(record)
    }),
  ]
  look()
  onCleanup(() => {
    clearTimeout(quiet)
    for (const off of offs) off()
  })
  hidePointer()
  void stayAwake()

  return (
    <main class="wall" aria-label={words.wallTitle(title())} onDblClick={fullscreen}>
      <Show
        when={mosaic().length > 1}
        fallback={
          <Show when={shown()} fallback={<p class="wall-empty">{words.wallEmpty}</p>}>
            {(record) => <Picture board={board} record={record()} />}
          </Show>
        }
      >
        <ul class="wall-mosaic" style={{ '--rows': Math.ceil(Math.sqrt(mosaic().length / 2.5)) }}>
          <For each={mosaic()}>
            {(record) => (
              <li style={{ 'aspect-ratio': `${record.width} / ${record.height}` }}>
                <img
                  src={sourceOf(board, record, SMALL) ?? ''}
                  alt={record.caption || record.name}
                />
              </li>
            )}
          </For>
        </ul>
      </Show>
      <Code address={location.href.replace(/\/show\/?$/, '').replace(/\/b\/main$/, '/')} />
      <Show when={status().connection !== 'live'}>
        <p class="wall-line" role="status">
          {words.reconnecting}
        </p>
      </Show>
    </main>
  )
}

/** The picture, cross-faded from the one before. */
function Picture(props: { board: Board; record: ImageRecord }): JSX.Element {
  const { board } = props
  interface Layer {
    readonly id: string
    readonly src: string
  }
  const [layers, setLayers] = createSignal<readonly Layer[]>([])
  createEffect(() => {
    const { id } = props.record
    const src = sourceOf(board, props.record, screenPixels())
    if (src === null || layers().at(-1)?.src === src) return
    const image = new Image()
    image.src = src
    const add = (): void => {
      if (props.record.id === id) setLayers((before) => [...before.slice(-1), { id, src }])
    }
    image.decode().then(add, () => {
      // The next change brings another address.
    })
  })
  const by = (): string => board.nameOf(props.record.author)
  return (
    <figure class="wall-picture">
      <div class="wall-frame">
        <For each={layers()}>
          {({ src }, i) => (
            <img
              classList={{ leaving: i() < layers().length - 1 }}
              src={src}
              alt={props.record.caption || props.record.name}
            />
          )}
        </For>
      </div>
      <figcaption dir="auto">{[props.record.caption, by()].filter(Boolean).join(' · ')}</figcaption>
    </figure>
  )
}

/** How people get to the board; on this computer alone it would lead nobody anywhere. */
function Code(props: { address: string }): JSX.Element {
  const isHere = /^(?:localhost|127\.|\[::1\])/.test(location.hostname)
  return (
    <Show when={!isHere}>
      <div
        class="wall-code"
        role="img"
        aria-label={words.codeFor(props.address)}
        innerHTML={renderSVG(props.address, { border: 2 })}
      />
    </Show>
  )
}

/** Where a picture is read from: the file, or what there is of it before. */
function sourceOf(board: Board, record: ImageRecord, pixels: number): string | null {
  const address = blobUrl(board, record, pixels)
  if (address) return address
  const preview = board.preview(record.id)
  if (!preview) return null
  const known = previews.get(preview) ?? URL.createObjectURL(preview)
  previews.set(preview, known)
  return known
}
const previews = new WeakMap<Blob, string>()

const screenPixels = (): number => Math.max(innerWidth, innerHeight) * devicePixelRatio

/** What can be seen, the newest first: a picture on its way counts once there is something of it. */
const newestFirst = (board: Board): ImageRecord[] =>
  picturesOnBoard(board.pictures)
    .filter((record) => blobUrl(board, record) || board.preview(record.id))
    .sort((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? 1 : -1))

function hidePointer(): void {
  let timer: ReturnType<typeof setTimeout> | undefined
  const moved = (): void => {
    document.documentElement.classList.remove('still')
    clearTimeout(timer)
    timer = setTimeout(() => document.documentElement.classList.add('still'), STILL)
  }
  addEventListener('pointermove', moved)
  moved()
  onCleanup(() => {
    clearTimeout(timer)
    removeEventListener('pointermove', moved)
  })
}

/** Where the browser can; not on a plain-http LAN address. */
async function stayAwake(): Promise<void> {
  const hold = async () => {
    if (document.visibilityState === 'visible')
      await navigator.wakeLock?.request('screen').catch(() => {})
  }
  document.addEventListener('visibilitychange', () => void hold())
  await hold()
}

const fullscreen = (): void => {
  if (document.fullscreenElement) void document.exitFullscreen()
  else void document.documentElement.requestFullscreen?.().catch(() => {})
}
