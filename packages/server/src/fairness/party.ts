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
 * address. Returns null if the newcomer would hold as much.
 *
 * @param countsBelow Counts what each address holds, what each board below an address, or each visitor below both.
 */
export function partyToGiveWay(
  newcomer: Party,
  countsBelow: (above: readonly string[]) => Iterable<readonly [string, number]>,
): Party | null {
  const path: string[] = []
  let isOutside = false
  for (const level of LEVELS) {
    const own = newcomer[level]
    let fullest: string = own
    let most = isOutside ? 0 : 1
    for (const [key, count] of countsBelow(path)) {
      const isOwn = !isOutside && key === own
      const all = isOwn ? count + 1 : count
      if (all > most || (all === most && isOwn)) [fullest, most] = [key, all]
    }
    isOutside ||= fullest !== own
    path.push(fullest)
  }
  const [address, board, visitor] = path as [string, string, string]
  return isOutside ? { address, board, visitor } : null
}
