import type { Board } from '@wirephoto/client'

/** Slots that a wall shows at most. */
const SLOTS_COUNT = 25

/** Reads the names of the live slots that a wall's address asks for: `?slots=loss,cam`. */
export function slotsFrom(search: string): readonly string[] {
  const asked = new URLSearchParams(search).get('slots') ?? ''
  const names = asked.split(',').filter((name) => /^\w[\w.-]{0,63}$/.test(name))
  return [...new Set(names)].slice(0, SLOTS_COUNT)
}

/** Returns the search part of an address that asks for these slots; other parts of it stay. */
export function searchForSlots(slots: readonly string[], search: string): string {
  const asked = new URLSearchParams(search)
  asked.delete('slots')
  const rest = asked.toString()
  // A comma needs no escape there, and people read it.
  const own = slots.length > 0 ? [`slots=${slots.join(',')}`] : []
  const parts = [...(rest ? [rest] : []), ...own]
  return parts.length > 0 ? `?${parts.join('&')}` : ''
}

/** Returns the names of the slots on a board, in order. */
export const slotsOn = (board: Pick<Board, 'pictures'>): string[] => {
  const names = board.pictures
    .values()
    .flatMap(({ slot, deletedAt }) => (slot === null || deletedAt !== null ? [] : [slot]))
  return [...new Set(names)].sort()
}
