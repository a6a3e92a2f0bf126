import { standing, words } from '@wirephoto/board'
import { blobUrl, downloadUrl } from '@wirephoto/client'
import { generateNKeysBetween } from 'fractional-indexing'
import type { Parts } from '../app.ts'
import { copyText } from '../shell/copy.ts'
import { hashOf } from '../stage/camera.ts'
import { around } from '../stage/view.ts'
import type { Action } from './action.ts'
import { meantBy } from './pictures.ts'

const { ui } = words

/** Board units that a duplicate lies aside, and the step of Larger and Smaller. */
const ASIDE = 24
const STEP = 1.1

/** What hands do with pictures. */
export function handActions(parts: Parts) {
  const { desk, camera, hands, selection, captioning, toasts } = parts
  const { board } = desk
  const meant = (): string[] => meantBy(parts)
  const some = (): boolean => meant().length > 0
  const boxes = (ids: Iterable<string>) =>
    new Map(
      [...ids].flatMap((id) => {
        const box = desk.boxes.get(id)
        return box ? [[id, box] as const] : []
      }),
    )

  const scale = (factor: number): void => {
    const box = around(boxes(meant()).values())
    if (!box) return
    hands.lift(meant())
    hands.scale(factor, { x: box.x + box.w / 2, y: box.y + box.h / 2 })
    hands.letGo()
  }
  const copyLinkTo = async (link: string, said: string): Promise<void> =>
    toasts.say((await copyText(link)) ? said : ui.copyByHand(link))

  return {
    caption: {
      group: 'pictures',
      label: ui.caption,
      icon: 'caption',
      keys: ['c', 'f2'],
      isPossible: () => meant().length === 1,
      run() {
        const [id] = meant()
        const box = id && desk.boxes.get(id)
        if (!id || !box) return
        camera.reveal(box)
        captioning.begin(id)
      },
    },
    copyPicture: {
      group: 'pictures',
      label: ui.copyPicture,
      icon: 'clipboardCopy',
      keys: ['mod+c'],
      isPossible: () => meant().length === 1,
      /** Where pages may not copy pictures, their link stands in. */
      async run() {
        const record = board.pictures.get(meant()[0] ?? '')
        if (!record) return
        const address = blobUrl(board, record)
        if (!address) return toasts.say(ui.notStoredYet(1))
        const link = downloadUrl(board, record).replace('?download', '')
        const { canCopyPictures, copyPicture } = await import('../shell/copy-picture.ts')
        if (!canCopyPictures()) return copyLinkTo(link, ui.pictureLinkCopied)
        if (await copyPicture(address)) toasts.say(ui.pictureCopied)
        else await copyLinkTo(link, ui.pictureNotCopied)
      },
    },
    duplicate: {
      group: 'pictures',
      label: ui.duplicate,
      icon: 'duplicate',
      keys: ['mod+d'],
      isPossible: some,
      /** What hasn't arrived can't be copied yet. */
      run() {
        const records = meant().flatMap((id) => board.pictures.get(id) ?? [])
        const stored = records.filter(({ blob }) => blob)
        const missing = meant().length - stored.length
        if (missing > 0) toasts.say(ui.notStoredYet(missing))
        if (stored.length === 0) return
        const byLayer = stored.sort((a, b) => (a.z < b.z ? -1 : 1))
        const ids = board.copy(
          byLayer.map(({ id: of, x, y }) => ({ of, x: x + ASIDE, y: y + ASIDE })),
        )
        selection.all(ids)
      },
    },
    tidy: {
      group: 'pictures',
      label: ui.tidy,
      icon: 'tidy',
      keys: ['t'],
      isPossible: () => desk.count() > 1,
      /** Several that are selected, else the whole board. */
      async run() {
        const { tidied } = await import('../stage/tidy.ts')
        const selected = boxes(selection.ids())
        const places = tidied(selected.size > 1 ? selected : desk.boxes)
        for (const [id, { x, y }] of places) {
          const box = desk.boxes.get(id)
          if (box?.x === x && box.y === y) places.delete(id)
        }
        hands.glide(places.keys())
        desk.move(places)
      },
    },
    sendToBack: {
      group: 'pictures',
      label: ui.sendToBack,
      icon: 'sendToBack',
      keys: ['['],
      isPossible: some,
      run() {
        const chosen = new Set(meant())
        const byLayer = [...standing(board.pictures)].sort((a, b) => (a.z < b.z ? -1 : 1))
        const sunk = byLayer.filter(({ id }) => chosen.has(id))
        const bottom = byLayer.find(({ id }) => !chosen.has(id))?.z ?? null
        const layers = generateNKeysBetween(null, bottom, sunk.length)
        sunk.forEach(({ id }, i) => board.patch(id, { z: layers[i] }))
      },
    },
    larger: {
      group: 'pictures',
      label: ui.larger,
      icon: 'larger',
      keys: ['>'],
      isPossible: some,
      run: () => scale(STEP),
    },
    smaller: {
      group: 'pictures',
      label: ui.smaller,
      icon: 'smaller',
      keys: ['<'],
      isPossible: some,
      run: () => scale(1 / STEP),
    },
    copyView: {
      group: 'view',
      label: ui.copyView,
      icon: 'view',
      keys: ['shift+v'],
      run() {
        const { origin, pathname } = location
        const link = `${origin}${pathname}${hashOf(camera.now, camera.size())}`
        void copyLinkTo(link, ui.linkCopied)
      },
    },
  } satisfies Record<string, Action>
}
