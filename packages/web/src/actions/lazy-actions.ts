import { type Box, errorMessages, type ImageRecord, picturesOnBoard } from '@wirephoto/board'
import { type Board, blobUrl, downloadUrl } from '@wirephoto/client'
import { generateNKeysBetween } from 'fractional-indexing'
import type { AppState } from '../app-state.ts'
import { overlaps } from '../geometry/box.ts'
import { tidyPlaces } from '../geometry/order.ts'
import { hashFor } from '../state/camera.ts'
import { canCopyPictures, copyPicture as copy, copyText } from '../state/clipboard.ts'
import { words } from '../words/page.ts'

/* What is done now and then: loaded once the board is live, or when it is asked for. */

/** Board units that a duplicate lies aside. */
const DUPLICATE_OFFSET_UNITS = 24

/** Pictures that are seen to glide; each has a node while it does. */
const MAX_GLIDING_COUNT = 400

/** Packs pictures into rows; what stands right stays. */
export function tidy(
  { boardStore, drag, camera }: AppState,
  boxes: ReadonlyMap<string, Box>,
): void {
  const places = tidyPlaces(boxes)
  for (const [id, { x, y }] of places) {
    const box = boxes.get(id)
    if (box?.x === x && box.y === y) places.delete(id)
  }
  const seen = [...places.keys()].filter((id) => {
    const box = boxes.get(id)
    return box && overlaps(box, camera.visibleBox)
  })
  drag.glide(seen.slice(0, MAX_GLIDING_COUNT))
  boardStore.move(places)
}

/** Puts copies beside what is stored, and selects them; the rest can't be copied yet. */
export function duplicate(parts: AppState, ids: readonly string[]): void {
  const { boardStore, selection } = parts
  const stored = storedOf(parts, ids)
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

/** Saves what is stored. */
export function download(parts: AppState, ids: readonly string[]): void {
  storedOf(parts, ids).forEach((record, i) => {
    const href = downloadUrl(parts.boardStore.board, record)
    // Browsers drop all but the last of several downloads that are asked for in one turn.
    setTimeout(
      () => Object.assign(document.createElement('a'), { href, download: '' }).click(),
      i * 250,
    )
  })
}

/** Those that are stored; says so if some aren't. */
function storedOf({ boardStore, toasts }: AppState, ids: readonly string[]): ImageRecord[] {
  const records = ids.flatMap((id) => boardStore.board.pictures.get(id) ?? [])
  const stored = records.filter(({ blob }) => blob)
  const missing = ids.length - stored.length
  if (missing > 0) toasts.say(words.notStoredYet(missing))
  return stored
}

export function bringToFront({ boardStore: { board } }: AppState, ids: readonly string[]): void {
  const { chosen, others } = layersOf(board, ids)
  const layers = generateNKeysBetween(others.at(-1)?.z ?? null, null, chosen.length)
  chosen.forEach(({ id }, i) => board.patch(id, { z: layers[i] }))
}

export function sendToBack({ boardStore: { board } }: AppState, ids: readonly string[]): void {
  const { chosen, others } = layersOf(board, ids)
  const layers = generateNKeysBetween(null, others[0]?.z ?? null, chosen.length)
  chosen.forEach(({ id }, i) => board.patch(id, { z: layers[i] }))
}

/** These and the others, each from the bottom up. */
function layersOf({ pictures }: Board, ids: readonly string[]) {
  const meant = new Set(ids)
  const byLayer = picturesOnBoard(pictures).sort((a, b) => (a.z < b.z ? -1 : 1))
  return {
    chosen: byLayer.filter(({ id }) => meant.has(id)),
    others: byLayer.filter(({ id }) => !meant.has(id)),
  }
}

/** Puts a picture on the clipboard; where pages may not, its link stands in. */
export async function copyPicture({ boardStore, toasts }: AppState, id: string): Promise<void> {
  const { board } = boardStore
  const record = board.pictures.get(id)
  const address = record && blobUrl(board, record)
  if (!address) return toasts.say(words.notStoredYet(1))
  if (canCopyPictures() && (await copy(address))) return toasts.say(words.pictureCopied)
  const link = downloadUrl(board, record).replace('?download', '')
  const said = canCopyPictures() ? words.pictureNotCopied : words.pictureLinkCopied
  toasts.say((await copyText(link)) ? said : words.copyByHand(link))
}

/** Copies an address that ends with what is seen now. */
export async function copyView(parts: AppState): Promise<void> {
  const { camera } = parts
  const { origin, pathname } = location
  await copyAddress(parts, `${origin}${pathname}${hashFor(camera.now, camera.size())}`)
}

export const copyLink = (parts: AppState): Promise<void> => copyAddress(parts, location.href)

async function copyAddress({ toasts }: AppState, link: string): Promise<void> {
  toasts.say((await copyText(link)) ? words.linkCopied : words.copyByHand(link))
}

/** Makes a board and goes there. */
export async function newBoard({ toasts }: AppState): Promise<void> {
  try {
    const response = await fetch('/api/boards', { method: 'POST' })
    const body = (await response.json()) as { id: string; error?: { message: string } }
    if (response.ok) location.assign(`/b/${body.id}`)
    else toasts.warn(body.error?.message ?? errorMessages.internal({}))
  } catch {
    toasts.warn(words.needsConnection)
  }
}
