import { type ImageRecord, picturesOnBoard } from '@wirephoto/board'
import { type Board, blobUrl } from '@wirephoto/client'
import { createEffect } from 'solid-js'
import { useApp } from '../app.ts'

/** A board that this browser has been on. */
export interface Visit {
  readonly id: string
  readonly title: string
  /** Milliseconds since 1970; null for the front board before it was ever opened. */
  readonly at: number | null
  /** Where a small picture of it is read from, by path. */
  readonly picture: string | null
}

const KEY = 'boards'
/** Boards that are remembered. */
const MOST = 100
/** Pixels that a picture of the list needs. */
const SMALL = 320

/** Remembers the board that is open, and each name that it gets. */
export function Visited(): null {
  const { boardStore } = useApp()
  createEffect(() => {
    boardStore.title()
    visit(boardStore.board)
  })
  return null
}

/** Where nothing can be kept, for as long as the page lives. */
let here: readonly Visit[] = []

/** Whether the list outlives the page. */
export function isKept(): boolean {
  try {
    localStorage.setItem(`${KEY}?`, '')
    localStorage.removeItem(`${KEY}?`)
    return true
  } catch {
    return false
  }
}

/** The newest first. */
export function visits(): Visit[] {
  return [...read()].sort((a, b) => (b.at ?? 0) - (a.at ?? 0))
}

export function forget(id: string): void {
  write(read().filter((visit) => visit.id !== id))
}

export function remember(visit: Visit): void {
  write([visit, ...visits().filter(({ id }) => id !== visit.id)].slice(0, MOST))
}

/** Remembers a board as it stands now, and again when the page goes. */
function visit(board: Board): void {
  const { id, title } = board
  remember({ id, title, at: Date.now(), picture: pictureOf(board) })
  removeEventListener('pagehide', again)
  again = () => visit(board)
  addEventListener('pagehide', again)
}
let again = (): void => {}

/** Its newest picture. */
export function pictureOf(board: Board): string | null {
  let newest: ImageRecord | null = null
  for (const record of picturesOnBoard(board.pictures))
    if (record.blob && record.createdAt > (newest?.createdAt ?? 0)) newest = record
  return newest && blobUrl({ url: '', id: board.id }, newest, SMALL)
}

function read(): readonly Visit[] {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? '[]') as unknown
    return Array.isArray(kept) ? kept.filter(isVisit) : []
  } catch {
    return here
  }
}

function write(list: readonly Visit[]): void {
  here = list
  try {
    localStorage.setItem(KEY, JSON.stringify(list))
  } catch {
    // Full, or forbidden.
  }
}

const isVisit = (it: unknown): it is Visit => {
  const { id, title, at, picture } = (it ?? {}) as Record<string, unknown>
  const isPath = picture === null || (typeof picture === 'string' && picture.startsWith('/b/'))
  return typeof id === 'string' && typeof title === 'string' && typeof at === 'number' && isPath
}
