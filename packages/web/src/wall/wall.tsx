import './wall.css'
import { type ImageRecord, isNewer, picturesOnBoard } from '@wirephoto/board'
import { type Board, blobUrl } from '@wirephoto/client'
import {
  createEffect,
  createMemo,
  createRenderEffect,
  createSignal,
  For,
  type JSX,
  onCleanup,
  Show,
} from 'solid-js'
import { renderSVG } from 'uqr'
import { inBackground } from '../browser/in-background.ts'
import { pageBuild } from '../browser/page-build.ts'
import { forgetRetry, retryLater } from '../browser/picture-retry.ts'
import { createReload } from '../browser/reload.ts'
import { request } from '../browser/server-requests.ts'
import { keepForOffline } from '../state/keep-for-offline.ts'
import { isPassing } from '../state/link-exchange.ts'
import { variantUrl } from '../state/resolution.ts'
import { wallWords } from '../words/wall.ts'

/** How long a picture stands without news before the mosaic, and how long a pushed one stays at least. */
const QUIET_MS = 20_000
const POINTER_HIDE_MS = 3_000
/** Time between two looks whether the server has another version of the wall. */
const LOOK_INTERVAL_MS = 2_000
/** Time after which a wall asks by which code it invites, as its owner may choose another link. */
const ASK_CODE_MS = 30_000
const MOSAIC_COUNT = 40
const MOSAIC_SIDE_PX = 320

/** Shows a board on a screen that nobody touches: the newest picture, or one that is pushed to it. */
export function Wall(props: { board: Board }): JSX.Element {
  const { board } = props
  document.documentElement.dataset['theme'] = 'dark'
  const [shown, setShown] = createSignal<ImageRecord | null>(null)
  const [mosaic, setMosaic] = createSignal<readonly ImageRecord[]>([])
  const [status, setStatus] = createSignal(board.status)
  const [title, setTitle] = createSignal(board.title)
  let pushedAt = Number.NEGATIVE_INFINITY
  let quiet: ReturnType<typeof setTimeout> | undefined

  /** Shows a picture alone, until the mosaic takes over. */
  const show = (record: ImageRecord | null): void => {
    clearTimeout(quiet)
    setMosaic([])
    setShown(record)
    document.title = wallWords.title(board.title)
    quiet = setTimeout(() => setMosaic(newestFirst(board).slice(0, MOSAIC_COUNT)), QUIET_MS)
  }
  const look = (): void => {
    const now = shown() && (board.pictures.get(shown()!.id) ?? null)
    const isGone = !now || now.deletedAt !== null
    const [newest = null] = newestFirst(board)
    const isPushed = !isGone && performance.now() - pushedAt < QUIET_MS
    if (isGone || (newest && newest.id !== now.id && isNewer(newest, now) && !isPushed))
      show(newest)
    else if (now !== shown()) setShown(now)
    if (mosaic().length > 0) setMosaic(newestFirst(board).slice(0, MOSAIC_COUNT))
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
  onCleanup(keepForOffline())
  hidePointer()
  stayAwake()
  stayNew(board)

  return (
    <main class="wall" aria-label={wallWords.title(title())} onDblClick={fullscreen}>
      <Show
        when={mosaic().length > 1}
        fallback={
          <Show when={shown()} fallback={<p class="wall-empty">{wallWords.empty}</p>}>
            {(record) => <Picture board={board} record={record()} />}
          </Show>
        }
      >
        <ul class="wall-mosaic" style={{ '--rows': Math.ceil(Math.sqrt(mosaic().length / 2.5)) }}>
          <For each={mosaic()}>{(record) => <MosaicTile board={board} record={record} />}</For>
        </ul>
      </Show>
      <BoardCode board={board.id} />
      <Show when={status().connection !== 'live'}>
        <p class="wall-status" role="status">
          {status().refused?.message ?? wallWords.reconnecting}
        </p>
      </Show>
    </main>
  )
}

interface Layer {
  readonly source: string | Blob
  readonly image: HTMLImageElement
}

/** Shows a picture, cross-faded from the one before. */
function Picture(props: { board: Board; record: ImageRecord }): JSX.Element {
  const { board } = props
  const [layers, setLayers] = createSignal<readonly Layer[]>([])
  const preview = createPreview(board, () => props.record)
  createEffect(() => {
    const { id } = props.record
    const source = sourceOf(board, props.record, preview(), screenPixels(props.record))
    if (source === null || layers().at(-1)?.source === source) return
    let isWanted = true
    const load = (): void => {
      decoded(source).then(
        (image) => {
          forgetRetry(load)
          if (props.record.id === id)
            setLayers((before) => [...before.slice(-1), { source, image }])
        },
        () => isWanted && retryLater(load, load),
      )
    }
    load()
    onCleanup(() => {
      isWanted = false
      forgetRetry(load)
    })
  })
  const by = (): string => props.record.by || board.nameOf(props.record.author)
  return (
    <figure class="wall-picture">
      <div class="wall-frame">
        <For each={layers()}>
          {({ image }, i) => {
            createRenderEffect(() => {
              image.alt = props.record.caption || props.record.name
              image.classList.toggle('leaving', i() < layers().length - 1)
            })
            return image
          }}
        </For>
      </div>
      <figcaption dir="auto">{[props.record.caption, by()].filter(Boolean).join(' · ')}</figcaption>
    </figure>
  )
}

/** Decodes a picture. The element keeps its pixels, so a blob's URL is released at once. */
async function decoded(source: string | Blob): Promise<HTMLImageElement> {
  const image = new Image()
  const url = typeof source === 'string' ? source : URL.createObjectURL(source)
  image.src = url
  try {
    await image.decode()
    return image
  } finally {
    if (url !== source) URL.revokeObjectURL(url)
  }
}

/** Shows one picture of the mosaic. */
function MosaicTile(props: { board: Board; record: ImageRecord }): JSX.Element {
  const preview = createPreview(props.board, () => props.record)
  const url = createMemo(() => {
    const source = sourceOf(props.board, props.record, preview(), MOSAIC_SIDE_PX)
    if (!(source instanceof Blob)) return source
    const address = URL.createObjectURL(source)
    onCleanup(() => URL.revokeObjectURL(address))
    return address
  })
  return (
    <li style={{ 'aspect-ratio': `${props.record.width} / ${props.record.height}` }}>
      <img src={url() ?? ''} alt={props.record.caption || props.record.name} />
    </li>
  )
}

/** The way to this board that its wall shows. */
interface Invitation {
  readonly url: string
  /** The letters to type; empty where the address is enough. */
  readonly code: string
}

interface JoinCode extends Invitation {
  /** When another code comes, in milliseconds since 1970. */
  readonly renewsAt: number
}

/**
 * Shows the way to the board as a QR code. An open board shows its address, another one a code for the link that its
 * owner chose. Where there is none, or only this computer can open it, it shows nothing.
 */
function BoardCode(props: { board: string }): JSX.Element {
  const isHere = /^(?:localhost|127\.|\[::1\])/.test(location.hostname)
  const [invitation, setInvitation] = createSignal<Invitation | null>(null)
  const address = location.href.replace(/\/show\/?$/, '').replace(/\/b\/main$/, '/')
  const path = `/api/boards/${props.board}`
  let timer: ReturnType<typeof setTimeout> | undefined
  const ask = async (): Promise<void> => {
    let waitMs = ASK_CODE_MS
    try {
      const { isOpen } = await request<{ isOpen: boolean }>('GET', `${path}/session`)
      if (isOpen) setInvitation({ url: address, code: '' })
      else {
        const told = await request<JoinCode>('GET', `${path}/join-code`)
        setInvitation(told)
        waitMs = Math.min(waitMs, Math.max(1_000, told.renewsAt - Date.now()))
      }
    } catch (error) {
      // While the server is away, the last code stays good for most of an hour.
      if (!isPassing(error)) setInvitation(null)
    }
    timer = setTimeout(() => inBackground(ask()), waitMs)
  }
  inBackground(ask())
  onCleanup(() => clearTimeout(timer))
  return (
    <Show when={!isHere && invitation()}>
      {(shown) => (
        <div class="wall-invitation">
          <div
            class="wall-code"
            role="img"
            aria-label={wallWords.codeFor(shown().url)}
            innerHTML={renderSVG(shown().url, { border: 2 })}
          />
          <Show when={shown().code}>
            {(code) => (
              <p>
                {location.host} <strong translate="no">{code()}</strong>
              </p>
            )}
          </Show>
        </div>
      )}
    </Show>
  )
}

/** Returns a picture's preview, which a larger one may replace. */
function createPreview(board: Board, record: () => ImageRecord): () => Blob | null {
  const [preview, setPreview] = createSignal<Blob | null>(null)
  const look = (): void => {
    setPreview(board.preview(record().id))
  }
  createRenderEffect(look)
  onCleanup(board.on('arrivals', look))
  return preview
}

/** Returns the URL of a picture with so many pixels, its preview until that can be had, or null. */
function sourceOf(
  board: Board,
  record: ImageRecord,
  preview: Blob | null,
  pixels: number,
): string | Blob | null {
  return variantUrl(board, record, pixels) ?? preview ?? blobUrl(board, record, pixels)
}

/** Returns the pixels that a picture's longest side has when it fills the screen. */
const screenPixels = ({ width, height }: ImageRecord): number =>
  Math.min(innerWidth / width, innerHeight / height) * Math.max(width, height) * devicePixelRatio

/** Returns the pictures that can be shown, newest first: with a file, or a preview of it. */
const newestFirst = (board: Board): ImageRecord[] =>
  picturesOnBoard(board.pictures)
    .filter((record) => blobUrl(board, record) || board.preview(record.id))
    .sort((a, b) => (isNewer(a, b) ? -1 : 1))

/** Reloads the wall, which nobody touches, after an upgrade of its server. */
function stayNew(board: Board): void {
  const reload = createReload(() => {
    const isOther = board.serverBuild !== null && board.serverBuild !== pageBuild()
    return isOther || board.status.refused?.code === 'old-page'
  })
  const timer = setInterval(reload, LOOK_INTERVAL_MS)
  onCleanup(() => clearInterval(timer))
}

function hidePointer(): void {
  let timer: ReturnType<typeof setTimeout> | undefined
  const moved = (): void => {
    document.documentElement.classList.remove('still')
    clearTimeout(timer)
    timer = setTimeout(() => document.documentElement.classList.add('still'), POINTER_HIDE_MS)
  }
  addEventListener('pointermove', moved)
  moved()
  onCleanup(() => {
    clearTimeout(timer)
    removeEventListener('pointermove', moved)
  })
}

/** Keeps the screen on. Browsers refuse that on a plain-http LAN address. */
function stayAwake(): void {
  const hold = (): void => {
    if (document.visibilityState === 'visible') unlessRefused(navigator.wakeLock?.request('screen'))
  }
  document.addEventListener('visibilitychange', hold)
  hold()
}

const fullscreen = (): void => {
  if (document.fullscreenElement) unlessRefused(document.exitFullscreen())
  else unlessRefused(document.documentElement.requestFullscreen?.())
}

/** Lets the browser refuse what is a convenience: the wall shows its pictures without it. */
function unlessRefused(request: Promise<unknown> | undefined): void {
  request?.catch(() => {})
}
