import type { Box, ImageRecord } from '@wirephoto/board'
import { type Board, blobUrl } from '@wirephoto/client'
import './print-board.css'

/** Pictures that one page shows as the board has them. More of them fill rows over several pages. */
const ON_ONE_PAGE_COUNT = 40
/** The longest side, in pixels, of what is printed of a picture. */
const PRINTED_SIDE_PX = 1_280
/** Time after which the page is printed with the pictures that are there. */
const LOAD_TIMEOUT_MS = 30_000

interface Printed {
  readonly board: Board
  readonly title: string
  /** The pictures, from the bottom of the stack up. */
  readonly pictures: readonly ImageRecord[]
  readonly extent: Box
  readonly onProgress: (loaded: number) => void
}

/** Prints a board: fitted on one page, or its pictures in rows. Resolves when the browser has been asked. */
export async function printBoard(printed: Printed): Promise<void> {
  const { pictures } = printed
  const sheet = document.createElement('section')
  sheet.className = 'print-sheet'
  const heading = document.createElement('h1')
  heading.textContent = printed.title
  heading.dir = 'auto'
  sheet.append(heading, pictures.length <= ON_ONE_PAGE_COUNT ? onePage(printed) : rows(printed))
  document.querySelector('.print-sheet')?.remove()
  document.body.append(sheet)
  await loaded(sheet, printed.onProgress)
  document.body.classList.add('is-printing')
  const done = (): void => {
    document.body.classList.remove('is-printing')
    sheet.remove()
  }
  addEventListener('afterprint', done, { once: true })
  print()
}

/** Places the pictures as they stand on the board, in parts of its size. */
function onePage({ board, pictures, extent }: Printed): HTMLElement {
  const page = document.createElement('div')
  page.className = 'print-page'
  page.style.setProperty('--aspect', String(extent.w / extent.h))
  for (const picture of pictures) {
    const image = imageOf(board, picture)
    const { style } = image
    style.left = `${((picture.x - extent.x) / extent.w) * 100}%`
    style.top = `${((picture.y - extent.y) / extent.h) * 100}%`
    style.width = `${(picture.w / extent.w) * 100}%`
    page.append(image)
  }
  return page
}

function rows({ board, pictures }: Printed): HTMLElement {
  const list = document.createElement('div')
  list.className = 'print-rows'
  const oldestFirst = pictures.toSorted((a, b) => a.createdAt - b.createdAt)
  for (const picture of oldestFirst) {
    const figure = document.createElement('figure')
    const caption = document.createElement('figcaption')
    figure.style.setProperty('--aspect', String(picture.width / picture.height))
    caption.textContent = [picture.caption, picture.by].filter(Boolean).join(' · ')
    caption.dir = 'auto'
    figure.append(imageOf(board, picture), caption)
    list.append(figure)
  }
  return list
}

function imageOf(board: Board, record: ImageRecord): HTMLImageElement {
  const image = new Image(record.width, record.height)
  image.src = blobUrl(board, record, PRINTED_SIDE_PX) ?? ''
  image.alt = record.caption || record.name
  return image
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
