import { boxOf, standing, words } from '@wirephoto/board'
import { type Board, downloadUrl } from '@wirephoto/client'
import { generateNKeysBetween } from 'fractional-indexing'
import type { Desk } from './desk.ts'
import { copyText } from './shell/copy.ts'
import type { MenuItem } from './shell/menu.tsx'
import type { Toasts } from './shell/toasts.tsx'
import type { Camera } from './stage/camera.ts'
import type { Selection } from './stage/selection.ts'

const { ui } = words

/** What a person can do, from whichever button, menu or key. */
export class Actions {
  readonly #desk: Desk
  readonly #camera: Camera
  readonly #selection: Selection
  readonly #toasts: Toasts

  constructor(desk: Desk, camera: Camera, selection: Selection, toasts: Toasts) {
    this.#desk = desk
    this.#camera = camera
    this.#selection = selection
    this.#toasts = toasts
  }

  get #board(): Board {
    return this.#desk.board
  }

  get #selected(): string[] {
    return [...this.#selection.ids()]
  }

  /** What can be done with the selected pictures. */
  menu(): MenuItem[] {
    const sending = this.sending()
    return [
      ...(sending.length > 0
        ? [
            {
              icon: 'x' as const,
              label: ui.cancelSending(sending.length),
              keys: ui.keys.cancel,
              run: () => this.cancel(),
            },
          ]
        : []),
      { icon: 'download', label: ui.download, keys: 'D', run: () => this.download() },
      { icon: 'bringToFront', label: ui.bringToFront, keys: ']', run: () => this.bringToFront() },
      { icon: 'trash', label: ui.delete, keys: ui.keys.delete, run: () => this.remove() },
    ]
  }

  fit(): void {
    this.#camera.fit(this.#desk.extent)
  }

  selectAll(): void {
    this.#selection.all(this.#desk.boxes.keys())
  }

  undo(): void {
    if (!this.#board.undo()) this.#toasts.say(ui.nothingToUndo)
  }

  redo(): void {
    if (!this.#board.redo()) this.#toasts.say(ui.nothingToRedo)
  }

  /** Deletes pictures, and offers to put those same ones back. */
  remove(ids = this.#selected): void {
    const known = ids.filter((id) => this.#board.pictures.has(id))
    this.#desk.remove(ids)
    if (known.length === 0) return
    this.#toasts.say(ui.deleted(known.length), {
      label: ui.undo,
      run: () => this.#board.restore(known),
    })
  }

  /** Of the selected pictures, those that are being sent from here. */
  sending(): string[] {
    return this.#selected.filter((id) => this.#board.uploads.has(id))
  }

  /** Ends sending for good; what is deleted instead goes on into the trash. */
  cancel(ids = this.sending()): void {
    for (const id of ids) this.#desk.cancel(id)
    if (ids.length > 0) this.#toasts.say(ui.cancelled(ids.length))
  }

  download(ids = this.#selected): void {
    const stored = ids
      .flatMap((id) => this.#board.pictures.get(id) ?? [])
      .filter(({ blob }) => blob)
    if (stored.length < ids.length) this.#toasts.say(ui.notStoredYet(ids.length - stored.length))
    // Browsers drop all but the last of several downloads that are asked for in one turn.
    stored.forEach((record, i) => {
      setTimeout(() => download(downloadUrl(this.#board, record)), i * 250)
    })
  }

  bringToFront(ids = this.#selected): void {
    const chosen = new Set(ids)
    const byLayer = [...standing(this.#board.pictures)].sort((a, b) => (a.z < b.z ? -1 : 1))
    const raised = byLayer.filter(({ id }) => chosen.has(id))
    const top = byLayer.findLast(({ id }) => !chosen.has(id))?.z ?? null
    const layers = generateNKeysBetween(top, null, raised.length)
    raised.forEach(({ id }, i) => this.#board.patch(id, { z: layers[i] }))
  }

  nudge(dx: number, dy: number): void {
    const places = this.#selected.flatMap((id) => {
      const record = this.#desk.get(id)
      return record ? [[id, { x: record.x + dx, y: record.y + dy }] as const] : []
    })
    this.#desk.move(new Map(places))
  }

  reveal(id: string): void {
    const record = this.#desk.get(id)
    if (record) this.#camera.reveal(boxOf(record))
  }

  async copyLink(): Promise<void> {
    const link = location.href
    if (await copyText(link)) this.#toasts.say(ui.linkCopied)
    else this.#toasts.say(ui.copyByHand(link))
  }

  async newBoard(): Promise<void> {
    try {
      const response = await fetch('/api/boards', { method: 'POST' })
      const body = (await response.json()) as { id: string; error?: { message: string } }
      if (response.ok) location.assign(`/b/${body.id}`)
      else this.#toasts.warn(body.error?.message ?? words.errors.internal({}))
    } catch {
      this.#toasts.warn(ui.needsConnection)
    }
  }
}

function download(url: string): void {
  const link = document.createElement('a')
  link.href = url
  link.download = ''
  link.click()
}
