import type { ImageRecord } from '@wirephoto/board'
import { blobUrl, type OwnUpload } from '@wirephoto/client'
import { createMemo, createSignal, type JSX, onCleanup, Show } from 'solid-js'
import { useApp } from '../app.ts'
import { blurOf } from './blur.ts'

/** Screen pixels below which a picture's blur says as much as the picture, at the least zoom of a level. */
const WORTH_LOADING = 12
/** Milliseconds until a picture that didn't load is asked for again; doubled each time. */
const RELOAD = { first: 1_000, most: 30_000 }

interface PrintProps {
  readonly id: string
  readonly record: ImageRecord | undefined
  readonly upload: OwnUpload | undefined
  readonly alt: string
}

/** The picture itself: its blur until it is decoded, and the wire line while it is sent from here. */
export function Print(props: PrintProps): JSX.Element {
  const { desk, camera } = useApp()
  const { id } = props
  const near = createMemo<boolean>(
    (was) => was || (props.record?.w ?? 0) * camera.level() >= WORTH_LOADING,
    false,
  )
  /** One's own file is in a form that this browser can't read, but the server may. */
  const [broken, setBroken] = createSignal(false)
  const source = createMemo<string | null>((kept) => {
    const { record, upload } = props
    if (!record) return kept
    if (broken()) return blobUrl(desk.board, record)
    // The first address stays: one's own file isn't replaced when the server has it too.
    if (kept) return kept
    return near() || upload ? desk.source(id) : null
  }, null)
  const own = (): string | null => (source()?.startsWith('blob:') ? source() : null)
  const [decoded, setDecoded] = createSignal(false)
  /** Once the fade is over the blur goes: transparent pictures stand on plain sheet. */
  const [covered, setCovered] = createSignal(false)

  /** One's own file is drawn when the browser gets to it; until then its blur may shine through. */
  const isOpaque = (): boolean => props.upload?.file.type === 'image/jpeg'

  const loaded = async (image: HTMLImageElement): Promise<void> => {
    if (own()) return
    await image.decode().catch(() => {})
    setDecoded(true)
  }
  let wait = RELOAD.first
  let timer: ReturnType<typeof setTimeout> | undefined
  const failed = (image: HTMLImageElement): void => {
    if (own()) return void setBroken(true)
    timer = setTimeout(() => {
      image.src = source() ?? ''
    }, wait)
    wait = Math.min(wait * 2, RELOAD.most)
  }
  onCleanup(() => {
    clearTimeout(timer)
    desk.release(id)
  })

  return (
    <div class="print">
      <Show when={(own() ? isOpaque() : !covered()) && props.record?.thumbhash}>
        {(hash) => <img class="blur" src={blurOf(hash()) ?? undefined} alt="" draggable={false} />}
      </Show>
      <Show when={source()}>
        {(address) => (
          <img
            class="picture"
            classList={{ ready: decoded() || own() !== null }}
            src={address()}
            alt={props.alt}
            draggable={false}
            decoding="async"
            onLoad={({ currentTarget }) => void loaded(currentTarget)}
            onError={({ currentTarget }) => failed(currentTarget)}
            onTransitionEnd={() => setCovered(true)}
          />
        )}
      </Show>
      <Show when={props.upload?.state !== 'failed' && props.upload && own()}>
        {(address) => (
          <div class="wire" style={{ '--sent': share(props.upload) }}>
            <img class="unsent" src={address()} alt="" draggable={false} />
            <div class="line" />
          </div>
        )}
      </Show>
    </div>
  )
}

/** What has been sent, from 0 to 1; in steps where motion is unwelcome. */
function share(upload: OwnUpload | undefined): number {
  const sent = upload && upload.total > 0 ? upload.sent / upload.total : 0
  return matchMedia('(prefers-reduced-motion: reduce)').matches ? Math.floor(sent * 10) / 10 : sent
}
