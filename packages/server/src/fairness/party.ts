/**
 * The one on whose behalf work is done. Turns nest: addresses take turns, on each address its boards, and on
 * each board its visitors.
 */
export interface Party {
  /** The group of network addresses that is counted as one; empty for the server itself. */
  readonly address: string
  readonly board: string
  readonly visitor: string
}

/** The server's own work, such as what an earlier process left. */
export const OWN_PARTY: Party = { address: '', board: '', visitor: '' }

/** Makes the party of a visitor on a board. */
export const partyOf = (
  { address = '', visitor }: { readonly address?: string; readonly visitor: string },
  board: string,
): Party => ({ address, board, visitor })

/** The levels at which turns nest, from the outermost on. */
export const LEVELS = ['address', 'board', 'visitor'] as const satisfies readonly (keyof Party)[]

/**
 * Finds who gives way when all places are taken. It is the fullest visitor on the fullest board of the fullest
 * address. Returns what that visitor holds; null if the newcomer would hold as much.
 */
export function mustGiveWay<T extends { readonly party: Party }>(
  occupants: Iterable<T>,
  newcomer: Party,
): T[] | null {
  let candidates = [...occupants]
  let isOutside = false
  for (const level of LEVELS) {
    const counts = new Map<string, number>()
    for (const { party } of candidates)
      counts.set(party[level], (counts.get(party[level]) ?? 0) + 1)
    const own = newcomer[level]
    if (!isOutside) counts.set(own, (counts.get(own) ?? 0) + 1)
    let [greediest, most] = ['', 0]
    for (const [key, count] of counts)
      if (count > most || (count === most && key === own)) [greediest, most] = [key, count]
    isOutside ||= greediest !== own
    candidates = candidates.filter(({ party }) => party[level] === greediest)
  }
  return isOutside ? candidates : null
}
