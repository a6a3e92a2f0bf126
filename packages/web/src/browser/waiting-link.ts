import { tabData } from './site-data.ts'

const keyOf = (board: string): string => `link:${board}`

/** Returns the link's secret that this tab was opened with, while it isn't exchanged. */
export const waitingLink = (board: string): string | null => tabData.get(keyOf(board))

export const setWaitingLink = (board: string, secret: string | null): void => {
  tabData.set(keyOf(board), secret)
}
