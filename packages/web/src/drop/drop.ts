import {
  type Box,
  cleanName,
  type ErrorBody,
  errorMessages,
  firstWidth,
  freeSpot,
  type ImageRecord,
  limits,
  tidyRows,
  uuidv7,
} from '@wirephoto/board'
import type { Board } from '@wirephoto/client'
import { batch } from 'solid-js'
import { around } from '../geometry/box.ts'
import { type Point } from '../geometry/view.ts'
import type { BoardStore } from '../state/board-store.ts'
import type { Camera } from '../state/camera.ts'
import type { Toasts } from '../state/toasts.ts'
import { words } from '../words/page.ts'
import { refusal } from './file-type.ts'
import { sizeOfHeif } from './heif.ts'
import type { Previews } from './preview.ts'
import type { Preview } from './shrink.ts'

/** What is told apart when several files are refused together. */
const SHOWN_REFUSAL_COUNT = 2

interface Measured {
  readonly id: string
  readonly file: File
  readonly url: string
  readonly width: number
  readonly height: number
  readonly w: number
  readonly h: number
}

/** One that is measured while its preview is made. */
interface Dropped extends Measured {
  /** Null for what can't be decoded here, or when what makes previews couldn't be loaded. */
  readonly preview: Promise<Preview | null>
}

/** Files in: refused or measured, laid out, drawn at once, announced as each preview is made. */
export class Drop {
  readonly #boardStore: BoardStore
  readonly #camera: Camera
  readonly #toasts: Toasts
  /** Bytes that a picture may have, asked for while nobody waits. */
  readonly #limit: Promise<number>
  #previews: Promise<Previews> | undefined

  constructor(boardStore: BoardStore, camera: Camera, toasts: Toasts) {
    this.#boardStore = boardStore
    this.#camera = camera
    this.#toasts = toasts
    this.#limit = fetchUploadLimit(boardStore.board)
  }

  /** Adds pictures at a board point, or where there is room. */
  async add(files: readonly File[], at?: Point): Promise<void> {
    const taken = await this.#accepted(files)
    const measured = this.#withAllowedSize(
      await Promise.all(taken.map((file) => this.#measureAndPreview(file))),
    )
    if (measured.length === 0) return
    const boxes = this.#place(measured, at)
    const pictures = measured.map((picture, i) => ({ ...picture, ...boxes[i]! }))
    batch(() => {
      for (const picture of pictures)
        this.#boardStore.addUnannounced(unannouncedRecord(picture, this.#boardStore), picture.url)
    })
    // Who says where sees it there already.
    // What was put in a place must not move away from it.
    if (at) this.#camera.isChosen = true
    else this.#camera.reveal(around(boxes)!)
    await this.#announce(pictures)
  }

  /** Has the server fetch a picture from elsewhere, to a board point. */
  async fetch(url: string, { x, y }: Point): Promise<void> {
    this.#camera.isChosen = true
    this.#toasts.say(words.fetching)
    try {
      const response = await fetch(`/api/boards/${this.#boardStore.board.id}/images/from-url`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ url, x: Math.round(x), y: Math.round(y) }),
      })
      if (response.ok) return
      const { error } = (await response.json()) as ErrorBody
      this.#toasts.warn(error.message)
    } catch {
      this.#toasts.warn(words.needsConnection)
    }
  }

  /** Loads what makes previews: something may be dropped. */
  preload(): void {
    this.#lazyPreviews().catch(() => {})
  }

  async #measureAndPreview(file: File): Promise<Dropped> {
    const measuring = measure(file)
    const size = measuring.then((measured) => (hasAllowedSize(measured) ? measured : null))
    // A page that has lost its line before it had this goes without.
    const preview = this.#lazyPreviews().then(
      (previews) => previews.make({ file, size }),
      () => null,
    )
    return { ...(await measuring), preview }
  }

  /** The previews of all go before the first file. */
  async #announce(pictures: readonly (Dropped & Box)[]): Promise<void> {
    const { board } = this.#boardStore
    const release = board.pauseUploads()
    try {
      await Promise.all(
        pictures.map(async ({ id, file, width, height, w, preview }) => {
          const made = await preview
          const expected = this.#boardStore.unannounced(id)
          if (!expected) return
          const { name, x, y } = expected
          const { thumbhash, bytes } = made ?? {}
          board.add(
            [{ id, file, name, width, height, thumbhash, preview: bytes, x, y, w }],
            pictures,
          )
        }),
      )
    } finally {
      release()
    }
  }

  /** Refuses at once what can't be added; the others go on. */
  async #accepted(files: readonly File[]): Promise<File[]> {
    const limit = await this.#limit
    const codes = await Promise.all(files.map((file) => refusal(file, limit)))
    this.#showRefusals(
      files.flatMap((file, i) => {
        const facts = { name: nameOf(file), size: file.size, limit }
        const code = codes[i]
        return code ? [errorMessages[code](facts)] : []
      }),
    )
    return files.filter((_, i) => !codes[i])
  }

  /** Those that the server would take the time to decode. */
  #withAllowedSize(pictures: readonly Dropped[]): Dropped[] {
    const large = pictures.filter((picture) => !hasAllowedSize(picture))
    for (const { url } of large) URL.revokeObjectURL(url)
    this.#showRefusals(
      large.map(({ file, width, height }) => {
        const facts = { name: nameOf(file), size: width * height, limit: limits.maxPixels }
        return errorMessages['too-many-pixels'](facts)
      }),
    )
    return pictures.filter((picture) => !large.includes(picture))
  }

  #showRefusals(sentences: readonly string[]): void {
    const rest = sentences.length - SHOWN_REFUSAL_COUNT
    for (const sentence of sentences.slice(0, SHOWN_REFUSAL_COUNT)) this.#toasts.warn(sentence)
    if (rest > 0) this.#toasts.warn(words.moreRefused(rest))
  }

  #place(sizes: readonly Measured[], at: Point | undefined): Box[] {
    const rows = tidyRows(sizes, at ?? { x: 0, y: 0 })
    const boxes = rows.map(({ x, y }, i) => ({ x, y, w: sizes[i]!.w, h: sizes[i]!.h }))
    const whole = around(boxes)!
    const standing = {
      get: (id: string) => this.#boardStore.get(id),
      values: () => this.#boardStore.values(),
    }
    const spot = at ?? freeSpot(standing, whole.w, whole.h)
    const [dx, dy] = at ? [0, 0] : [spot.x - whole.x, spot.y - whole.y]
    return boxes.map(({ x, y, w, h }) => ({ x: Math.round(x + dx), y: Math.round(y + dy), w, h }))
  }

  #lazyPreviews(): Promise<Previews> {
    this.#previews ??= import('./preview.ts').then(
      ({ Previews }) => new Previews(),
      (error: unknown) => {
        this.#previews = undefined
        throw error
      },
    )
    return this.#previews
  }
}

/** What the server takes (tus 1.0.0, `Tus-Max-Size`); it has the last word on what it hasn't told. */
async function fetchUploadLimit(board: Board): Promise<number> {
  try {
    const { headers } = await fetch(`/api/boards/${board.id}/uploads`, { method: 'OPTIONS' })
    return Number(headers.get('Tus-Max-Size')) || Number.POSITIVE_INFINITY
  } catch {
    return Number.POSITIVE_INFINITY
  }
}

/**
 * The size as it is seen, from the picture element that will show it: the browser reads the header
 * and leaves the decoding for later. A file that it can't read is still sent, in a guessed size.
 */
async function measure(file: File): Promise<Measured> {
  const url = URL.createObjectURL(file)
  const image = new Image()
  image.src = url
  await new Promise((resolve) => {
    image.onload = image.onerror = resolve
  })
  const { naturalWidth, naturalHeight } = image
  const heif = naturalWidth === 0 ? await sizeOfHeif(file).catch(() => null) : null
  const width = Math.min(heif?.width ?? (naturalWidth || 800), limits.maxSidePixels)
  const height = Math.min(heif?.height ?? (naturalHeight || 600), limits.maxSidePixels)
  const w = firstWidth(width, height)
  const random = crypto.getRandomValues(new Uint8Array(10))
  return { id: uuidv7(Date.now(), random), file, url, width, height, w, h: (w * height) / width }
}

const hasAllowedSize = ({ width, height }: Measured): boolean => width * height <= limits.maxPixels

/** The picture as it will be announced. */
function unannouncedRecord(picture: Measured & Box, boardStore: BoardStore): ImageRecord {
  const { id, x, y, w, width, height, file } = picture
  return {
    kind: 'image',
    id,
    x,
    y,
    w,
    z: '~',
    caption: '',
    name: nameOf(file),
    type: null,
    width,
    height,
    bytes: null,
    thumbhash: null,
    blob: null,
    animated: false,
    variants: null,
    source: null,
    author: boardStore.board.visitor ?? '',
    createdAt: Date.now(),
    deletedAt: null,
  }
}

const nameOf = (file: File): string => cleanName(file.name)
