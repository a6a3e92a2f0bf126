import type { Role } from '@wirephoto/board'
import { serverPath, serverUrl } from './server-url.ts'
import { browserData } from './site-data.ts'

/** A link of a board with its secret, of which the server keeps only the hash. */
export interface KeptLink {
  readonly role: Role
  readonly secret: string
  /** When the server made this secret, in milliseconds since 1970: a renewed link has another one. */
  readonly madeAt: number
}

/** The links of a board by their ids, as far as this browser made them. The one that it came by has an empty id. */
export type KeptLinks = Readonly<Record<string, KeptLink>>

const keyOf = (board: string): string => `links:${board}`

/** Returns the links of a board that this browser has. */
export function keptLinks(board: string): KeptLinks {
  try {
    const kept = JSON.parse(browserData.get(keyOf(board)) ?? '{}') as unknown
    return isLinks(kept) ? kept : {}
  } catch {
    return {}
  }
}

/** Keeps links beside the board's others; null forgets one. */
export function keepLinks(board: string, changes: Readonly<Record<string, KeptLink | null>>): void {
  const links: Record<string, KeptLink> = { ...keptLinks(board) }
  for (const [id, link] of Object.entries(changes))
    if (link === null) delete links[id]
    else links[id] = link
  const isEmpty = Object.keys(links).length === 0
  browserData.set(keyOf(board), isEmpty ? null : JSON.stringify(links))
}

/** Calls `listener` when another tab has changed a board's links. Returns how to stop. */
export function watchLinks(board: string, listener: () => void): () => void {
  const onStorage = ({ key }: StorageEvent): void => {
    if (key === keyOf(board) + serverPath) listener()
  }
  addEventListener('storage', onStorage)
  return () => removeEventListener('storage', onStorage)
}

/** Returns the address of a board's page. */
export const boardUrl = (board: string, base = serverUrl): string =>
  board === 'main' ? `${base}/` : `${base}/b/${board}`

const isLinks = (it: unknown): it is KeptLinks =>
  typeof it === 'object' &&
  it !== null &&
  Object.values(it).every(
    (link: Partial<KeptLink> | null) =>
      typeof link?.secret === 'string' && typeof link.role === 'string',
  )
