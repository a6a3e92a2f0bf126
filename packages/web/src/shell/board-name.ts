import type { BoardStore } from '../state/board-store.ts'
import { words } from '../words/page.ts'

/** Returns a board's title, or what it is called without one. */
export const nameOf = ({ id, title }: { readonly id: string; readonly title: string }): string =>
  title || (id === 'main' ? words.frontBoard : words.untitled)

export const titleOf = ({ board, title }: BoardStore): string =>
  nameOf({ id: board.id, title: title() })
