import { type Box, words } from '@wirephoto/board'
import { blobUrl, downloadUrl } from '@wirephoto/client'
import type { Parts } from '../app.ts'
import { copyText } from '../shell/copy.ts'
import { canCopyPictures, copyPicture as copy } from '../shell/copy-picture.ts'
import { hashOf } from './camera.ts'
import { tidied } from './tidy.ts'
import { overlaps } from './view.ts'

/* What hands do now and then: loaded once the board is live, or when it is asked for. */

const { ui } = words

/** Board units that a duplicate lies aside. */
const ASIDE = 24

/** Pictures that are seen to glide; each has a node while it does. */
const GLIDING = 400

/** Packs pictures into rows; what stands right stays. */
export function tidy({ desk, hands, camera }: Parts, boxes: ReadonlyMap<string, Box>): void {
  const places = tidied(boxes)
  for (const [id, { x, y }] of places) {
    const box = boxes.get(id)
    if (box?.x === x && box.y === y) places.delete(id)
  }
  const seen = [...places.keys()].filter((id) => {
    const box = boxes.get(id)
    return box && overlaps(box, camera.clear)
  })
  hands.glide(seen.slice(0, GLIDING))
  desk.move(places)
}

/** Puts copies beside what is stored, and selects them; the rest can't be copied yet. */
export function duplicate({ desk, selection, toasts }: Parts, ids: readonly string[]): void {
  const records = ids.flatMap((id) => desk.board.pictures.get(id) ?? [])
  const stored = records.filter(({ blob }) => blob)
  const missing = ids.length - stored.length
  if (missing > 0) toasts.say(ui.notStoredYet(missing))
  if (stored.length === 0) return
  const byLayer = stored.sort((a, b) => (a.z < b.z ? -1 : 1))
  selection.all(
    desk.board.copy(byLayer.map(({ id: of, x, y }) => ({ of, x: x + ASIDE, y: y + ASIDE }))),
  )
}

/** Puts a picture on the clipboard; where pages may not, its link stands in. */
export async function copyPicture({ desk, toasts }: Parts, id: string): Promise<void> {
  const { board } = desk
  const record = board.pictures.get(id)
  const address = record && blobUrl(board, record)
  if (!address) return toasts.say(ui.notStoredYet(1))
  if (canCopyPictures() && (await copy(address))) return toasts.say(ui.pictureCopied)
  const link = downloadUrl(board, record).replace('?download', '')
  const said = canCopyPictures() ? ui.pictureNotCopied : ui.pictureLinkCopied
  toasts.say((await copyText(link)) ? said : ui.copyByHand(link))
}

/** Copies an address that ends with what is seen now. */
export async function copyView({ camera, toasts }: Parts): Promise<void> {
  const { origin, pathname } = location
  const link = `${origin}${pathname}${hashOf(camera.now, camera.size())}`
  toasts.say((await copyText(link)) ? ui.linkCopied : ui.copyByHand(link))
}
