import { around, cleanName, firstWidth, type ImageRecord, limits, uuidv7 } from '@wirephoto/board'
import { type Board, uploadsUrl } from '@wirephoto/client'
import { inBackground, logFault } from '../browser/in-background.ts'
import type { Point } from '../geometry/view.ts'
import type { BoardStore } from '../state/board-store.ts'
import type { Camera } from '../state/camera.ts'
import type { People } from '../state/people.ts'
import type { Toasts } from '../state/toasts.ts'
import { messageOf } from '../words/language.ts'
import { words } from '../words/page.ts'
import type { Refused } from './file-type.ts'
import type { FileStart, FileStarts } from './header-size.ts'
import type { Offer } from './offer.ts'
import type { Previews } from './preview.ts'

interface Measured {
  readonly id: string
  readonly file: File
  /** The file, or what this browser has drawn of an SVG. */
  readonly drawing: Blob
  readonly caption: string
  readonly width: number
  readonly height: number
  readonly w: number
  readonly h: number
}

interface AddOptions {
  readonly records?: ReadonlyMap<File, ImageRecord>
  readonly refusals?: 'singly' | 'summed'
}

/** Takes files in: refuses or measures them, lays them out, and adds them. Their previews follow. */
export class Drop {
  readonly boardStore: BoardStore
  readonly camera: Camera
  readonly toasts: Toasts
  readonly people: People
  /** The largest file that the server takes, in bytes. It is fetched before anything is dropped. */
  readonly #limit: Promise<number>
  #previews: Promise<Previews> | undefined

  constructor(boardStore: BoardStore, camera: Camera, toasts: Toasts, people: People) {
    this.boardStore = boardStore
    this.camera = camera
    this.toasts = toasts
    this.people = people
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
    // All at once: of two hundred files, each round of reads takes a while.
    const starts = (await loadSizes().catch(() => null))?.readStarts(files)
    const accepted = await this.#accepted(files, starts, refusals)
    const measured = await this.#withAllowedSize(
      await Promise.all(
        accepted.map((file) => this.#measure(file, starts?.get(file), records?.get(file))),
      ),
      refusals,
    )
    if (measured.length === 0) return
    const places = at && (await loadTake().catch(() => null))?.rowsAround(at, measured)
    const pictures = measured.map((picture, i) => {
      const { id, file, caption, width, height } = picture
      // The server chooses the width with the place, but for a copy's own.
      const place = places?.[i] ?? { w: records?.get(file)?.w }
      const thumbnail = this.#preview(picture, 'thumbnail')
      // Everybody has the thumbnail sooner if nothing else is decoded meanwhile.
      const preview = thumbnail.then(() => this.#preview(picture))
      return {
        id,
        file,
        name: cleanName(file.name),
        caption,
        width,
        height,
        ...place,
        thumbnail,
        preview,
      }
    })
    for (const { id, file, preview } of pictures) {
      this.boardStore.keepFile(id, file)
      this.boardStore.ownFileTurns.addPreview(id, preview)
    }
    const ids = this.boardStore.board.addPictures(pictures)
    // The question would hold up the first picture.
    inBackground(pictures[0]!.preview.then(this.people.ask))
    const box = around(ids.flatMap((id) => this.boardStore.boxes.get(id) ?? []))
    // A drop at a place chooses the view: the pictures must not move away from under the pointer.
    if (point) this.camera.isChosen = true
    if (!at && box) this.camera.reveal(box)
  }

  /** Takes what a drop or a paste brings: at a board point, or where the server finds room. */
  take(offer: Offer, at?: Point): void {
    if (this.#mayAdd()) this.#watch(this.#take(offer, at))
  }

  /** Takes files that were chosen. */
  choose(files: readonly File[]): void {
    if (this.#mayAdd()) this.#watch(this.add(files))
  }

  /** Whether one may add pictures. Says so if not. */
  #mayAdd(): boolean {
    const { boardStore, toasts } = this
    const mayAdd = boardStore.mayAdd()
    if (!mayAdd) toasts.warn(boardStore.whyNoAdding())
    return mayAdd
  }

  /** Says so if something unforeseen keeps pictures from the board. */
  #watch(adding: Promise<void>): void {
    adding.catch((error: unknown) => {
      logFault(error)
      this.toasts.warn(words.notAdded)
    })
  }

  async #take(offer: Offer, at?: Point): Promise<void> {
    const more = offer.isPlain ? null : await loadTake().catch(() => null)
    if (more) return more.take(offer, at, this)
    if (offer.files.length > 0) return this.add(offer.files, at)
    this.toasts.warn(words.needsConnection)
  }

  /** Loads the code for previews and pastes, as something may be dropped soon. */
  preload(): void {
    this.#lazyPreviews().catch(() => {})
    loadTake().catch(() => {})
    loadSizes().catch(() => {})
  }

  /** Measures a picture, upright. A file that can't be read is still sent, with a guessed size. */
  async #measure(
    original: File,
    start: FileStart | undefined,
    record: ImageRecord | undefined,
  ): Promise<Measured> {
    const drawn = isSvg(original) ? await lazyDrawing(original, await this.#limit) : null
    const { file, drawing } = drawn ?? { file: original, drawing: original }
    const size = await start?.measure(file)
    const width = Math.min(size?.width ?? 800, limits.maxSidePixels)
    const height = Math.min(size?.height ?? 600, limits.maxSidePixels)
    const w = record?.w ?? firstWidth(width, height)
    const random = crypto.getRandomValues(new Uint8Array(10))
    const id = uuidv7(Date.now(), random)
    const caption = record?.caption ?? ''
    return { id, file, drawing, caption, width, height, w, h: (w * height) / width }
  }

  /**
   * Makes a preview, or a thumbnail of what the file has inside. Null if there is none, the picture can't be decoded
   * here, or the code for that couldn't be loaded.
   */
  #preview(
    { id, drawing, width, height }: Measured,
    kind?: 'thumbnail',
  ): Promise<Uint8Array | null> {
    // A drawing may have any size, but not in this page's memory.
    if (width * height > limits.maxPixels) return Promise.resolve(null)
    return this.#lazyPreviews().then(
      (previews) => previews.make({ id, file: drawing, size: { width, height }, kind }),
      () => null,
    )
  }

  /** Refuses files that can't be added, and returns the others. */
  async #accepted(
    files: readonly File[],
    starts: FileStarts | undefined,
    way: 'singly' | 'summed',
  ): Promise<File[]> {
    const limit = await this.#limit
    const refused = await (await loadChecks())?.refusals(files, limit, starts)
    this.#tellRefused(refused, files.length, way)
    return files.filter((file) => !refused?.has(file))
  }

  /** Refuses pictures with more pixels than their kind may have, and returns the others. */
  async #withAllowedSize(
    pictures: readonly Measured[],
    way: 'singly' | 'summed',
  ): Promise<Measured[]> {
    const refused = await (await loadChecks())?.sizeRefusals(pictures)
    this.#tellRefused(refused, pictures.length, way)
    return pictures.filter(({ file }) => !refused?.has(file))
  }

  #tellRefused(refused: Refused | undefined, total: number, way: 'singly' | 'summed'): void {
    if (!refused?.size) return
    import('./refusals.ts').then(
      ({ tellRefused }) => tellRefused(refused, total, way, this.toasts),
      () => this.toasts.warn(messageOf([...refused.values()][0]!)),
    )
  }

  #lazyPreviews(): Promise<Previews> {
    this.#previews ??= import('./preview.ts').then(
      ({ Previews }) => new Previews(this.boardStore.board),
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

/** Fetches the largest upload that the server takes, in bytes (tus 1.0.0, `Tus-Max-Size`); Infinity if it doesn't say. */
async function fetchUploadLimit(board: Board): Promise<number> {
  const answer = await fetch(uploadsUrl(board), { method: 'OPTIONS' }).catch(() => null)
  return Number(answer?.headers.get('Tus-Max-Size')) || Number.POSITIVE_INFINITY
}

/** Loads what tells that a file can't be added. Where it can't be had, the server judges alone. */
const loadChecks = () => import('./file-type.ts').catch(() => null)

const loadTake = () => import('./take.ts')

const loadSizes = () => import('./header-size.ts')
