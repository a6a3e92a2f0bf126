import { around, boxOf, type ImageRecord, overlaps } from '@wirephoto/board'
import { type Board, blobUrl } from '@wirephoto/client'
import type { BoardStore } from '../state/board-store.ts'
import { storedByLayer } from '../state/stored-by-layer.ts'
import { titleOf } from './board-name.ts'
import './print-board.css'

/** Pictures that one page shows as the board has them. More of them fill rows over several pages. */
const ON_ONE_PAGE_COUNT = 40
/** The longest side, in pixels, of what is printed of a picture. */
const PRINTED_SIDE_PX = 1_280
/** Time after which the page is printed with the pictures that are there. */
const LOAD_TIMEOUT_MS = 30_000
/** The width of what is printed on the narrower of A4 and Letter, less the margins of browsers. */
const PAGE_WIDTH_PX = 700
/** The smallest captions on a page that can be read, about 6 points. */
const MIN_CAPTION_PX = 8
/** Captions on the board at 100 %. */
const CAPTION_UNITS = 12
/** The line height of captions, as in the style sheet. */
const LINE_FACTOR = 1.3

/** Returns the address by which a picture is printed. */
type AddressOf = (record: ImageRecord) => string

/** Prints a board: fitted on one page, or its pictures in rows. Resolves when the browser has been asked. */
export async function printBoard(
  boardStore: BoardStore,
  onProgress: (loaded: number) => void = () => {},
): Promise<void> {
  const sheet = putSheet(boardStore, (record) => fileOf(boardStore.board, record))
  if (!sheet) return
  await loaded(sheet, onProgress)
  // The browser's own Print may have had it meanwhile.
  if (!sheet.isConnected) return
  showSheet(sheet)
  print()
}

/**
 * Lays the board out whenever the browser's own Print begins. No code of the page can wait then, so the sharpest images
 * that it shows are printed. Chromium waits for others. Returns how to stop.
 */
export function layOutForBrowser(boardStore: BoardStore): () => void {
  const layOut = (): void => {
    // Something else of this page is being printed.
    if (document.querySelector('body.is-printing, .table-card')) return
    const sheet =
      document.querySelector('.print-sheet') ?? putSheet(boardStore, sharpestShown(boardStore))
    if (sheet) showSheet(sheet)
  }
  addEventListener('beforeprint', layOut)
  return () => removeEventListener('beforeprint', layOut)
}

/** Adds a sheet with the board to the page, in place of an earlier one. Null if there is no picture to print. */
function putSheet(boardStore: BoardStore, addressOf: AddressOf): HTMLElement | null {
  const pictures = storedByLayer(boardStore.board)
  if (pictures.length === 0) return null
  const sheet = document.createElement('section')
  sheet.className = 'print-sheet'
  const heading = document.createElement('h1')
  heading.textContent = titleOf(boardStore)
  heading.dir = 'auto'
  const layOut = pictures.length <= ON_ONE_PAGE_COUNT ? onePage : rows
  sheet.append(heading, layOut(pictures, addressOf))
  document.querySelector('.print-sheet')?.remove()
  document.body.append(sheet)
  return sheet
}

/** Shows the sheet alone on paper, until that is printed. */
function showSheet(sheet: Element): void {
  document.body.classList.add('is-printing')
  const done = (): void => {
    document.body.classList.remove('is-printing')
    sheet.remove()
  }
  addEventListener('afterprint', done, { once: true })
}

/** Places the pictures as they stand on the board, in parts of its size, each with its caption. */
function onePage(pictures: readonly ImageRecord[], addressOf: AddressOf): HTMLElement {
  const boxes = pictures.map(boxOf)
  const size = Math.max(CAPTION_UNITS, (MIN_CAPTION_PX * around(boxes)!.w) / PAGE_WIDTH_PX)
  const below = boxes.map(({ x, y, w, h }, i) =>
    pictures[i]!.caption ? [{ x, y: y + h, w, h: size * LINE_FACTOR }] : [],
  )
  const extent = around([...boxes, ...below.flat()])!
  const page = document.createElement('div')
  page.className = 'print-page'
  page.style.setProperty('--aspect', String(extent.w / extent.h))
  page.style.setProperty('--caption', String(size / extent.w))
  for (const [i, picture] of pictures.entries()) {
    const figure = figureOf(picture, addressOf, picture.caption)
    const { style, classList } = figure
    style.left = `${((picture.x - extent.x) / extent.w) * 100}%`
    style.top = `${((picture.y - extent.y) / extent.h) * 100}%`
    style.width = `${(picture.w / extent.w) * 100}%`
    // Where another picture stands below, the caption lies on its own one.
    classList.toggle(
      'inside',
      below[i]!.some((caption) => boxes.some((box) => overlaps(box, caption))),
    )
    page.append(figure)
  }
  return page
}

function rows(pictures: readonly ImageRecord[], addressOf: AddressOf): HTMLElement {
  const list = document.createElement('div')
  list.className = 'print-rows'
  const oldestFirst = pictures.toSorted((a, b) => a.createdAt - b.createdAt)
  for (const picture of oldestFirst) {
    const text = [picture.caption, picture.by].filter(Boolean).join(' · ')
    const figure = figureOf(picture, addressOf, text)
    figure.style.setProperty('--aspect', String(picture.width / picture.height))
    list.append(figure)
  }
  return list
}

function figureOf(record: ImageRecord, addressOf: AddressOf, text: string): HTMLElement {
  const figure = document.createElement('figure')
  const image = new Image(record.width, record.height)
  image.src = addressOf(record)
  image.alt = record.caption || record.name
  figure.append(image)
  if (text === '') return figure
  const caption = document.createElement('figcaption')
  caption.textContent = text
  caption.dir = 'auto'
  figure.append(caption)
  return figure
}

const fileOf = (board: Board, record: ImageRecord): string =>
  blobUrl(board, record, PRINTED_SIDE_PX) ?? ''

/** Returns the way to the sharpest image of each picture that the page shows now, else to its file. */
function sharpestShown({ board }: BoardStore): AddressOf {
  const shown = new Map<string, HTMLImageElement>()
  for (const image of document.querySelectorAll<HTMLImageElement>('[data-image] img')) {
    const id = image.closest('[data-image]')!.getAttribute('data-image')!
    const isSharper = image.naturalWidth > (shown.get(id)?.naturalWidth ?? 0)
    if (image.complete && isSharper) shown.set(id, image)
  }
  return (record) => shown.get(record.id)?.src ?? fileOf(board, record)
}

/** Resolves when all pictures are there or can't be had. */
async function loaded(sheet: Element, onProgress: (loaded: number) => void): Promise<void> {
  const images = [...sheet.querySelectorAll('img')]
  let count = 0
  const all = images.map((image) =>
    image.decode().then(
      () => onProgress(++count),
      () => onProgress(++count),
    ),
  )
  await Promise.race([
    Promise.all(all),
    new Promise((resolve) => setTimeout(resolve, LOAD_TIMEOUT_MS)),
  ])
}
