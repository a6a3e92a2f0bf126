import { createEffect, onCleanup } from 'solid-js'
import { inBackground } from '../browser/in-background.ts'
import { serviceWorkers } from '../browser/site-data.ts'
import type { BoardStore } from './board-store.ts'
import type { Camera } from './camera.ts'
import { savesData, sideFor, variantUrl } from './resolution.ts'

/** A file that is fetched whole if the picture has no variant for the screen. */
const FETCHED_FILE_BYTES = 500_000

/**
 * Has the browser's cache keep one's own pictures as a later page will draw them. This page draws the very
 * files that were added, and so never fetches them; without the server the next page would have none.
 */
export function cacheOwnPictures(boardStore: BoardStore, camera: Camera): void {
  if (!serviceWorkers()) return
  const { board } = boardStore
  const own = new Set(board.uploads.keys())
  const fetched = new Set<string>()
  const waiting: string[] = []
  let isFetching = false
  onCleanup(board.on('uploads', (ids) => ids.forEach((id) => own.add(id))))

  const fetchAll = async (): Promise<void> => {
    if (isFetching) return
    isFetching = true
    for (let url = waiting.shift(); url; url = waiting.shift()) {
      const isDone = await fetch(url, { priority: 'low' })
        .then((response) => response.blob())
        .catch(() => null)
      if (!isDone) fetched.delete(url)
    }
    isFetching = false
  }
  createEffect(() => {
    boardStore.revision()
    if (!camera.isCalm() || boardStore.status().connection !== 'live' || savesData()) return
    for (const id of own) {
      const record = boardStore.get(id)
      if (!record?.blob || board.uploads.has(id)) continue
      const longest = record.w * Math.max(1, record.height / record.width)
      const pixels = Math.round(longest * camera.detail() * devicePixelRatio)
      const url = variantUrl(board, record, pixels)
      const isFile = sideFor(record, pixels) === Number.POSITIVE_INFINITY
      if (!url || fetched.has(url) || (isFile && (record.bytes ?? 0) > FETCHED_FILE_BYTES)) continue
      fetched.add(url)
      waiting.push(url)
    }
    inBackground(fetchAll())
  })
}
