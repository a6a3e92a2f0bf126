import {
  type Box,
  cleanName,
  firstWidth,
  freeSpot,
  type ImageRecord,
  limits,
  tidyRows,
  uuidv7,
  type WireError,
} from '@wirephoto/board'
import { type Board, uploadsUrl } from '@wirephoto/client'
import { batch } from 'solid-js'
import { around } from '../geometry/box.ts'
import type { Point } from '../geometry/view.ts'
import type { BoardStore } from '../state/board-store.ts'
import type { Camera } from '../state/camera.ts'
import type { Toasts } from '../state/toasts.ts'
import { words } from '../words/page.ts'
import { pixelRefusal, refusal } from './file-type.ts'
import type { Offer } from './offer.ts'
import type { Previews } from './preview.ts'
import type { Preview } from './shrink.ts'

/** How long a picture without a place waits at most for those chosen before it. The server places them in turn. */
const TURN_WAIT_MS = 1_000

interface Measured {
  readonly id: string
  readonly file: File
  readonly url: string
  readonly caption: string
  readonly width: number
  readonly height: number
  readonly w: number
  readonly h: number
}

/** A picture whose preview is being made. */
interface Dropped extends Measured {
  /** Null if the picture can't be decoded here, or the code for that couldn't be loaded. */
  readonly preview: Promise<Preview | null>
}

interface AddOptions {
  readonly records?: ReadonlyMap<File, ImageRecord>
  readonly refusals?: 'singly' | 'summed'
}

/** Takes files in: refuses or measures them, lays them out, draws them, and announces each with its preview. */
export class Drop {
  readonly boardStore: BoardStore
  readonly camera: Camera
  readonly toasts: Toasts
  /** The largest file that the server takes, in bytes. It is fetched before anything is dropped. */
  readonly #limit: Promise<number>
  #previews: Promise<Previews> | undefined

  constructor(boardStore: BoardStore, camera: Camera, toasts: Toasts) {
    this.boardStore = boardStore
    this.camera = camera
    this.toasts = toasts
    this.#limit = fetchUploadLimit(boardStore.board)
  }

  /**
   * Adds pictures at a board point; without one, the server says where they stand (R6). `records` are those of
   * other boards that some of the files were copied from. Refusals are `summed` up for a folder.
   */
  async add(
    files: readonly File[],
    point?: Point,
    { records, refusals = 'singly' }: AddOptions = {},
  ): Promise<void> {
    // Offline nobody knows who will have put something there by the time that it is sent.
    const at = this.boardStore.status().connection === 'offline' ? undefined : point
    const accepted = await this.#accepted(files, refusals)
    const measured = await this.#withAllowedSize(
      await Promise.all(accepted.map((file) => this.#measureAndPreview(file, records?.get(file)))),
      refusals,
    )
    if (measured.length === 0) return
    const boxes = this.#place(measured, at)
    const pictures = measured.map((picture, i) => ({ ...picture, ...boxes[i]! }))
    batch(() => {
      for (const picture of pictures)
        this.boardStore.addUnannounced(unannouncedRecord(picture, this.boardStore), picture.url)
    })
    // Pictures that were dropped at a place must not move away from under the pointer.
    if (at) this.camera.isChosen = true
    else this.camera.reveal(around(boxes)!)
    await this.#announce(pictures, at !== undefined)
  }

  /** Takes what a drop or a paste brings: at a board point, or where the server finds room. */
  async take(offer: Offer, at?: Point): Promise<void> {
    const more = offer.isPlain ? null : await import('./take.ts').catch(() => null)
    if (more) return more.take(offer, at, this)
    if (offer.files.length > 0) return this.add(offer.files, at)
    this.toasts.warn(words.needsConnection)
  }

  /** Loads the code for previews and pastes, as something may be dropped soon. */
  preload(): void {
    this.#lazyPreviews().catch(() => {})
    import('./take.ts').catch(() => {})
  }

  async #measureAndPreview(original: File, record: ImageRecord | undefined): Promise<Dropped> {
    const drawn = isSvg(original) ? await lazyDrawing(original, await this.#limit) : null
    const file = drawn?.file ?? original
    const measuring = measure(file, record)
    const size = measuring.then((measured) => (isDrawnHere(measured) ? measured : null))
    // A page that lost its connection before this was loaded sends no previews.
    const preview = this.#lazyPreviews().then(
      (previews) => previews.make({ file: drawn?.drawing ?? file, size }),
      () => null,
    )
    return { ...(await measuring), preview }
  }

  /** Announces pictures with their previews. No file is sent before the last preview. */
  async #announce(pictures: readonly (Dropped & Box)[], isPlaced: boolean): Promise<void> {
    const { board } = this.boardStore
    const resumeUploads = board.pauseUploads()
    const announce = async (picture: Dropped & Box, turn: Promise<void>): Promise<void> => {
      const { id, file, width, height, w, preview } = picture
      const { thumbhash, bytes } = (await preview) ?? {}
      if (!isPlaced) await Promise.race([turn, delay(TURN_WAIT_MS)])
      const record = this.boardStore.unannounced(id)
      if (!record) return
      const { name, caption, x, y } = record
      // A picture that was moved meanwhile has a place, too.
      const place = isPlaced || x !== picture.x || y !== picture.y ? { x, y } : {}
      const sizes = { width, height, w, ...place }
      board.add([{ id, file, name, caption, thumbhash, preview: bytes, ...sizes }], pictures)
    }
    try {
      let turn = Promise.resolve()
      await Promise.all(pictures.map((picture) => (turn = announce(picture, turn))))
    } finally {
      resumeUploads()
    }
  }

  /** Refuses files that can't be added, and returns the others. */
  async #accepted(files: readonly File[], way: 'singly' | 'summed'): Promise<File[]> {
    const limit = await this.#limit
    const refusals = await Promise.all(files.map((file) => refusal(file, nameOf(file), limit)))
    this.#tellRefused(files, refusals, way)
    return files.filter((_, i) => !refusals[i])
  }

  /** Refuses pictures with more pixels than their kind may have, and returns the others. */
  async #withAllowedSize(
    pictures: readonly Dropped[],
    way: 'singly' | 'summed',
  ): Promise<Dropped[]> {
    const refusals = await Promise.all(
      pictures.map(({ file, width, height }) => pixelRefusal(file, nameOf(file), width * height)),
    )
    const files = pictures.map(({ file }) => file)
    this.#tellRefused(files, refusals, way)
    return pictures.filter(({ url }, i) => {
      if (refusals[i]) URL.revokeObjectURL(url)
      return !refusals[i]
    })
  }

  #tellRefused(
    files: readonly File[],
    refusals: readonly (WireError | null)[],
    way: 'singly' | 'summed',
  ): void {
    const refused = files.flatMap((file, i) => {
      const why = refusals[i]
      return why ? { name: nameOf(file), why } : []
    })
    const [first] = refused
    if (!first) return
    import('./refusals.ts').then(
      ({ tellRefused }) => tellRefused(refused, files.length, way, this.toasts),
      () => this.toasts.warn(first.why.message),
    )
  }

  /** Lays pictures out at a point, or where the server will most likely put them. */
  #place(pictures: readonly Measured[], at: Point | undefined): Box[] {
    const rows = at && tidyRows(pictures, at)
    const standing = [...this.boardStore.values()]
    return pictures.map((picture, i) => {
      const { w, h } = picture
      const { x, y } = rows?.[i] ?? freeSpot(standing, w, h)
      const box = { x: Math.round(x), y: Math.round(y), w, h }
      standing.push(unannouncedRecord({ ...picture, ...box }, this.boardStore))
      return box
    })
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

const isSvg = ({ type, name }: File): boolean => type === 'image/svg+xml' || /\.svg$/i.test(name)

const lazyDrawing = (file: File, limit: number) =>
  import('./draw-svg.ts').then(({ drawSvg }) => drawSvg(file, limit)).catch(() => null)

const delay = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Fetches the largest upload that the server takes, in bytes (tus 1.0.0, `Tus-Max-Size`); Infinity if it doesn't say. */
async function fetchUploadLimit(board: Board): Promise<number> {
  try {
    const { headers } = await fetch(uploadsUrl(board), { method: 'OPTIONS' })
    return Number(headers.get('Tus-Max-Size')) || Number.POSITIVE_INFINITY
  } catch {
    return Number.POSITIVE_INFINITY
  }
}

/**
 * Measures a picture, upright, by loading it in an image element: the browser reads the header and decodes
 * later. A file that it can't read is still sent, with a guessed size.
 */
async function measure(file: File, record: ImageRecord | undefined): Promise<Measured> {
  const url = URL.createObjectURL(file)
  const image = new Image()
  image.src = url
  await new Promise((resolve) => {
    image.onload = image.onerror = resolve
  })
  const { naturalWidth, naturalHeight } = image
  const heif = naturalWidth === 0 ? await loadSizeOfHeif(file).catch(() => null) : null
  const width = Math.min(heif?.width ?? (naturalWidth || 800), limits.maxSidePixels)
  const height = Math.min(heif?.height ?? (naturalHeight || 600), limits.maxSidePixels)
  const w = record?.w ?? firstWidth(width, height)
  const random = crypto.getRandomValues(new Uint8Array(10))
  const id = uuidv7(Date.now(), random)
  const caption = record?.caption ?? ''
  return { id, file, url, caption, width, height, w, h: (w * height) / width }
}

const loadSizeOfHeif = (file: File) =>
  import('./heif.ts').then(({ sizeOfHeif }) => sizeOfHeif(file))

/** Returns whether this page makes the preview: a drawing may have any size, but not in its memory. */
const isDrawnHere = ({ width, height }: Measured): boolean => width * height <= limits.maxPixels

/** Returns the record that a picture will have once it is announced. */
function unannouncedRecord(picture: Measured & Box, boardStore: BoardStore): ImageRecord {
  const { id, x, y, w, width, height, file, caption } = picture
  return {
    kind: 'image',
    id,
    x,
    y,
    w,
    z: '~',
    caption,
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
    original: null,
    storedAt: null,
    deletedAt: null,
  }
}

const nameOf = (file: File): string => cleanName(file.name)
