import type { ImageRecord } from '@wirephoto/board'
import type { Board } from '@wirephoto/client'
import { createMemo, createSignal, type JSX, onCleanup, Show } from 'solid-js'
import type { Size } from '../geometry/view.ts'
import { loadReader, paperOf } from '../state/blur.ts'
import { colourToken } from '../ui/person-colour.ts'
import { FadingImage } from './fading-image.tsx'
import type { Playback, Slide } from './playback.ts'
import { blurOf, pixelsIn, sourceOf } from './screen-image.ts'

interface SlideViewProps {
  readonly board: Board
  readonly playback: Playback
  readonly slide: Slide
  readonly size: Size
}

/** Shows one picture whole on a blur of itself, with its caption and its author's name below. */
export function SlideView(props: SlideViewProps): JSX.Element {
  const { board, playback, slide } = props
  // A picture that is removed while it fades away is drawn by its last record.
  const record = createMemo<ImageRecord>((last) => {
    playback.revision()
    return board.pictures.get(slide.id) ?? last
  }, board.pictures.get(slide.id)!)
  const source = createMemo(() => {
    playback.revision()
    return sourceOf(board, record(), pixelsIn(record(), props.size)) ?? slide.source
  })
  const [backdrop, setBackdrop] = createSignal<HTMLCanvasElement | null>(null)
  const author = createAuthor(board, record)
  loadReader()
  return (
    <figure class="wall-slide" classList={{ captioned: record().caption !== '' }}>
      <div class="wall-backdrop" aria-hidden="true">
        {backdrop()}
      </div>
      <div class="wall-frame">
        <div
          class="wall-print"
          style={{
            background: paperOf(record().thumbhash),
            '--ratio': record().width / record().height,
            '--widest': `${record().width}px`,
          }}
        >
          <div class="wall-zoom">
            <FadingImage
              source={source()}
              alt={record().caption || record().name}
              first={slide}
              onImage={(image) => setBackdrop(blurOf(image))}
            />
          </div>
        </div>
      </div>
      <Show when={record().caption || author().name}>
        <figcaption>
          <Show when={record().caption}>
            <p class="wall-caption" dir="auto">
              {record().caption}
            </p>
          </Show>
          <Show when={author().name}>
            <p class="wall-author">
              <span class="wall-dot" style={{ background: author().colour }} />
              <bdi>{author().name}</bdi>
            </p>
          </Show>
        </figcaption>
      </Show>
    </figure>
  )
}

/** Returns the name and colour of who added a picture, as they are known by now. */
function createAuthor(
  board: Board,
  record: () => ImageRecord,
): () => { readonly name: string; readonly colour: string } {
  const [names, setNames] = createSignal(0)
  onCleanup(board.on('names', () => setNames((n) => n + 1)))
  return createMemo(() => {
    names()
    const { by, author } = record()
    return { name: by || board.nameOf(author), colour: colourToken(board.colourOf(author)) }
  })
}
