import { picturesOnBoard } from '@wirephoto/board'
import { type Board, forgetCopy } from '@wirephoto/client'
import { createEffect } from 'solid-js'
import { useApp } from '../app.ts'
import { serverUrl } from '../browser/server-url.ts'
import { browserData } from '../browser/site-data.ts'
import { variantUrl } from '../state/resolution.ts'

/** A board that this browser has visited. */
export interface Visit {
  readonly id: string
  readonly title: string
  /** Milliseconds since 1970; null for the front board before it was ever opened. */
  readonly at: number | null
  /** The path of a small picture of it, from the server's own root. */
  readonly picture: string | null
}

const KEY = 'boards'
const MAX_VISIT_COUNT = 100
/** The side of a board's picture in the list. */
const THUMBNAIL_SIDE_PX = 320

/** Remembers the open board, and each new title. */
export function Visited(): null {
  const { boardStore } = useApp()
  createEffect(() => {
    boardStore.title()
    visit(boardStore.board)
  })
  return null
}

/** Whether the list outlives the page. */
export const isKept = (): boolean => write(read())

/** Returns the visited boards, newest first. */
export function visits(): Visit[] {
  return [...read()].sort((a, b) => (b.at ?? 0) - (a.at ?? 0))
}

/** Forgets a board, and this browser's copy of it. */
export function forget(id: string): void {
  // The page of a board that is left or deleted would remember it as it goes.
  if (id === here) removeEventListener('pagehide', revisit)
  write(read().filter((visit) => visit.id !== id))
  forgetCopy({ url: serverUrl, id }).catch(() => {})
}

export function remember(visit: Visit): void {
  write([visit, ...visits().filter(({ id }) => id !== visit.id)].slice(0, MAX_VISIT_COUNT))
}

/** Remembers a board as it is now, and once more when the page goes. */
function visit(board: Board): void {
  const { id, title } = board
  remember({ id, title, at: Date.now(), picture: pictureOf(board) })
  removeEventListener('pagehide', revisit)
  here = id
  revisit = () => visit(board)
  addEventListener('pagehide', revisit)
}
let revisit = (): void => {}
/** The board that the page remembers as it goes. */
let here: string | null = null

/** Returns the path of the board's newest picture that can be shown small. */
export function pictureOf(board: Board): string | null {
  const newestFirst = picturesOnBoard(board.pictures)
    .filter(({ blob }) => blob)
    .sort((a, b) => b.createdAt - a.createdAt)
  for (const record of newestFirst) {
    const url = variantUrl({ url: '', id: board.id }, record, THUMBNAIL_SIDE_PX)
    if (url) return url
  }
  return null
}

function read(): readonly Visit[] {
  try {
    const kept = JSON.parse(browserData.get(KEY) ?? '[]') as unknown
    return Array.isArray(kept) ? kept.filter(isVisit) : []
  } catch {
    return []
  }
}

const write = (list: readonly Visit[]): boolean => browserData.set(KEY, JSON.stringify(list))

const isVisit = (it: unknown): it is Visit => {
  const { id, title, at, picture } = (it ?? {}) as Record<string, unknown>
  const isPath = picture === null || (typeof picture === 'string' && picture.startsWith('/b/'))
  return typeof id === 'string' && typeof title === 'string' && typeof at === 'number' && isPath
}
