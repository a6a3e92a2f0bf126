import {
  around,
  type Box,
  type ImageRecord,
  isBoardId,
  overlaps,
  picturesOnBoard,
  WireError,
} from '@wirephoto/board'
import { type Board, blobUrl, downloadUrl } from '@wirephoto/client'
import { generateNKeysBetween } from 'fractional-indexing'
import type { AppState } from '../app-state.ts'
import { boardUrl, keptLinks } from '../browser/board-links.ts'
import { request } from '../browser/server-requests.ts'
import { serverUrl } from '../browser/server-url.ts'
import { tidyBoard, tidySelected } from '../geometry/tidy-places.ts'
import { saveArchive } from '../state/archive-download.ts'
import { hashFor } from '../state/camera.ts'
import {
  canCopyPictures,
  copyPicture as copy,
  copyText,
  readClipboard,
} from '../state/clipboard.ts'
import { isThisComputer, urlForOthers } from '../state/shared-address.ts'
import { type MadeLink, rememberLinks } from '../state/sharing.ts'
import { messageOf } from '../words/language.ts'
import { overlayWords } from '../words/overlay.ts'
import { words } from '../words/page.ts'

/* Actions that the first script leaves out. They load once the board is live, or on demand. */

const DUPLICATE_OFFSET_UNITS = 24

/** A gliding picture needs a tile, so the others jump. */
const MAX_GLIDING_COUNT = 400

/** Puts pictures into justified rows, and flies there. Pictures that are in place already don't move. */
export function tidy({ boardStore, drag, camera }: AppState, selected: readonly string[]): void {
  const isAll = selected.length < 2
  const boxes = new Map<string, Box>(
    isAll
      ? boardStore.boxes
      : selected.flatMap((id) => {
          const box = boardStore.boxes.get(id)
          return box ? [[id, box]] : []
        }),
  )
  const places = isAll ? tidyBoard(boxes) : tidySelected(boxes)
  for (const [id, { x, y, w }] of places) {
    const box = boxes.get(id)
    if (box?.x === x && box.y === y && box.w === w) places.delete(id)
  }
  const seen = [...places.keys()].filter((id) => {
    const box = boxes.get(id)
    return box && overlaps(box, camera.visibleBox)
  })
  drag.glide(seen.slice(0, MAX_GLIDING_COUNT))
  boardStore.move(places)
  const all = around([...boxes.keys()].flatMap((id) => boardStore.boxes.get(id) ?? []))
  if (!all) return
  if (isAll) camera.fit(all, 'fly', boardStore.enlargement)
  else camera.fitUnlessWhole(all, 'fly')
}

/** Shows a picture on all screens of the board, and says so. */
export function showOnScreens({ boardStore: { board }, toasts }: AppState, id: string): void {
  if (!board.show(id))
    return toasts.warn(board.status.slow ? overlayWords.needsFastConnection : words.needsConnection)
  toasts.say(overlayWords.shownOnScreens, {
    label: words.openWall,
    run: () => {
      window.open(`${board.url}/b/${board.id}/show`)
    },
  })
}

/** Puts copies beside the stored ones of these pictures, and selects the copies. */
export function duplicate(app: AppState, ids: readonly string[]): void {
  const { boardStore, selection } = app
  const stored = storedOf(app, ids)
  if (stored.length === 0) return
  const byLayer = stored.sort((a, b) => (a.z < b.z ? -1 : 1))
  selection.selectMany(
    boardStore.board.copy(
      byLayer.map(({ id: sourceId, x, y }) => ({
        sourceId,
        x: x + DUPLICATE_OFFSET_UNITS,
        y: y + DUPLICATE_OFFSET_UNITS,
      })),
    ),
  )
}

/** Downloads the stored ones of these pictures: one as its file, several as one zip. */
export async function download(app: AppState, ids: readonly string[]): Promise<void> {
  const { boardStore, toasts } = app
  const { board } = boardStore
  const stored = storedOf(app, ids)
  const [first] = stored
  if (!first) return
  if (stored.length > 1) {
    const chosen = stored.map(({ id }) => id)
    return saveArchive(board, toasts, 'chosen', chosen)
  }
  const href = downloadUrl(board, first)
  Object.assign(document.createElement('a'), { href, download: '' }).click()
}

/** Returns those of these pictures that are stored. Says so if some aren't. */
function storedOf({ boardStore, toasts }: AppState, ids: readonly string[]): ImageRecord[] {
  const records = ids.flatMap((id) => boardStore.board.pictures.get(id) ?? [])
  const stored = records.filter(({ blob }) => blob)
  const missing = ids.length - stored.length
  if (missing > 0) toasts.say(overlayWords.notStoredYet(missing))
  return stored
}

/** Puts pictures on top, in the order that they have. */
export function bringToFront({ boardStore: { board } }: AppState, ids: readonly string[]): void {
  const { chosen, others } = layersOf(board, ids)
  const layers = generateNKeysBetween(others.at(-1)?.z ?? null, null, chosen.length)
  board.patchAll(chosen.map(({ id }, i) => [id, { z: layers[i] }]))
}

/** Puts pictures at the bottom, in the order that they have. */
export function sendToBack({ boardStore: { board } }: AppState, ids: readonly string[]): void {
  const { chosen, others } = layersOf(board, ids)
  const layers = generateNKeysBetween(null, others[0]?.z ?? null, chosen.length)
  board.patchAll(chosen.map(({ id }, i) => [id, { z: layers[i] }]))
}

/** Splits the pictures into these and the others, each from the bottom of the stack up. */
function layersOf({ pictures }: Board, ids: readonly string[]) {
  const chosen = new Set(ids)
  const byLayer = picturesOnBoard(pictures).sort((a, b) => (a.z < b.z ? -1 : 1))
  return {
    chosen: byLayer.filter(({ id }) => chosen.has(id)),
    others: byLayer.filter(({ id }) => !chosen.has(id)),
  }
}

/** Copies pictures to the clipboard, or their links if the page may not copy pictures. */
export async function copyPictures(app: AppState, ids: readonly string[]): Promise<void> {
  const { boardStore, toasts } = app
  const { board } = boardStore
  const stored = storedOf(app, ids)
  const shown = stored.find((record) => blobUrl(board, record))
  if (!shown) {
    if (stored.length > 0) toasts.say(overlayWords.notStoredYet(stored.length))
    return
  }
  const refs = [shown, ...stored.filter((record) => record !== shown)].map(({ id }) => ({
    board: board.id,
    id,
  }))
  const n = refs.length
  if (canCopyPictures() && (await copy(blobUrl(board, shown)!, refs))) {
    toasts.say(overlayWords.picturesCopied(n))
    return
  }
  const links = stored
    .map((record) => downloadUrl(board, record).replace('?download', ''))
    .join('\n')
  const said = canCopyPictures()
    ? overlayWords.picturesNotCopied(n)
    : overlayWords.pictureLinksCopied(n)
  toasts.say((await copyText(links)) ? said : overlayWords.copyByHand(links))
}

/**
 * Copies a link to the current view, which opens the board as the one of `copyLink` does. Where this browser has none,
 * the address alone is copied, and it is said whom that serves.
 */
export async function copyView(app: AppState): Promise<void> {
  const { camera, boardStore } = app
  const view = hashFor(camera.now, camera.size())
  const address = await addressToPass(app)
  if (address !== null) return copyAddress(app, address + view)
  await copyAddress(app, boardUrl(boardStore.board.id) + view, overlayWords.viewCopiedWithoutLink)
}

/**
 * Copies the link to hand out: of a board that opens by links the one for adding, or the one by which this browser
 * came. Where it has neither, the share sheet says what to do.
 */
export async function copyLink(app: AppState): Promise<void> {
  const address = await addressToPass(app)
  if (address === null) app.panels.open('share')
  else await copyAddress(app, address)
}

/** Returns the address by which others can open the board, as far as this browser has one; else null. */
async function addressToPass({ boardStore }: AppState): Promise<string | null> {
  const { board, role } = boardStore
  const { '': cameBy, ...made } = keptLinks(board.id)
  const isOwn = role() === 'own'
  const given = isOwn ? Object.values(made).find((link) => link.role === 'add') : cameBy
  const address = boardUrl(board.id)
  if (given) return `${address}#${given.secret}`
  // Others have changed a board without a link only if it opens by its address.
  const isOpen = isOwn ? await opensByAddress(board.id) : role() === 'edit'
  return isOpen ? address : null
}

const opensByAddress = (board: string): Promise<boolean> =>
  request<{ isOpen: boolean }>('GET', `/api/boards/${board}/session`).then(
    ({ isOpen }) => isOpen,
    () => false,
  )

/** Copies an address, and says so; `about` says it in other words. */
async function copyAddress({ toasts }: AppState, link: string, about?: string): Promise<void> {
  const url = isThisComputer ? await urlForOthers() : serverUrl
  const shown = url === null ? link : link.replace(serverUrl, url)
  const said = !isThisComputer
    ? overlayWords.linkCopied
    : url === null
      ? overlayWords.linkCopiedHere
      : overlayWords.linkCopiedFor(url)
  toasts.say((await copyText(shown)) ? (about ?? said) : overlayWords.copyByHand(shown))
}

/** Adds what the clipboard has. Where it can't be read, says by which key to paste. */
export async function paste({ drop, toasts }: AppState, key: string): Promise<void> {
  const found = await readClipboard().catch(() => null)
  if (found) drop.take({ ...found, folders: [], isPlain: false })
  else toasts.say(overlayWords.pasteByKey(key))
}

/** Creates a board, keeps its links in this browser, and goes there. */
export async function newBoard({ toasts }: AppState): Promise<void> {
  try {
    const { id, links } = await request<{ id: string; links: MadeLink[] }>('POST', '/api/boards')
    // Something else may have answered.
    if (!isBoardId(id)) return toasts.warn(overlayWords.answeredBetween)
    rememberLinks(id, links)
    location.assign(boardUrl(id))
  } catch (error) {
    if (error instanceof WireError) toasts.warn(messageOf(error))
    else if (error instanceof TypeError || error instanceof DOMException)
      toasts.warn(words.needsConnection)
    else toasts.warn(overlayWords.answeredBetween)
  }
}
